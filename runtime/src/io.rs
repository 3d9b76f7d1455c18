//! Waiting for descriptors: the floor that sockets stand on.
//!
//! (Present state: waits in the kernel. The reactor takes its place behind the same names.)

use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, poll};

use crate::clock;

/// What one successful call on a descriptor has brought.
#[derive(Debug, Clone, Copy)]
pub struct Got<R> {
    /// The call's result.
    pub value: R,
    /// Whether the call is known to have taken all there was, so that the next one would block.
    pub drained: bool,
}

/// A non-blocking descriptor that tasks wait on.
#[derive(Debug)]
pub struct Source<T> {
    inner: T,
}

impl<T: AsFd> Source<T> {
    /// Takes over a descriptor, which must be in non-blocking mode.
    pub fn new(inner: T) -> Self {
        Source { inner }
    }

    /// The descriptor's owner.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// Gives the descriptor back; it is no longer watched.
    pub fn into_inner(self) -> T {
        self.inner
    }

    /// Calls `op` until it no longer would block, waiting for readability in between.
    pub fn read<R>(
        &self,
        deadline: Option<Instant>,
        mut op: impl FnMut(&T) -> io::Result<Got<R>>,
    ) -> io::Result<R> {
        loop {
            match op(&self.inner) {
                Ok(got) => return Ok(got.value),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.wait_readable(deadline)?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Calls `op` until it no longer would block, waiting for writability in between.
    pub fn write<R>(
        &self,
        deadline: Option<Instant>,
        mut op: impl FnMut(&T) -> io::Result<Got<R>>,
    ) -> io::Result<R> {
        loop {
            match op(&self.inner) {
                Ok(got) => return Ok(got.value),
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.wait_writable(deadline)?,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    /// Waits until the descriptor is readable; `TimedOut` when the deadline comes first.
    pub fn wait_readable(&self, deadline: Option<Instant>) -> io::Result<()> {
        wait(self.inner.as_fd(), PollFlags::IN, deadline)
    }

    /// Waits until the descriptor is writable; `TimedOut` when the deadline comes first.
    pub fn wait_writable(&self, deadline: Option<Instant>) -> io::Result<()> {
        wait(self.inner.as_fd(), PollFlags::OUT, deadline)
    }

    /// Makes whoever waits on this descriptor try again (after a shutdown, say).
    pub fn wake(&self) {}
}

fn wait(fd: BorrowedFd<'_>, flags: PollFlags, deadline: Option<Instant>) -> io::Result<()> {
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(clock::now()));
        let left = left.map(|d| {
            d.try_into().unwrap_or(rustix::event::Timespec { tv_sec: i64::MAX, tv_nsec: 0 })
        });
        match poll(&mut [PollFd::new(&fd, flags)], left.as_ref()) {
            Ok(0) => return Err(io::Error::new(io::ErrorKind::TimedOut, "timed out")),
            Ok(_) => return Ok(()),
            Err(rustix::io::Errno::INTR) => {}
            Err(e) => return Err(e.into()),
        }
    }
}
