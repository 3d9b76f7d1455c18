//! A descriptor that tasks wait on.

use std::io::{self, ErrorKind};
use std::os::fd::AsFd;
use std::time::Instant;

use super::glance::Glance;
use super::kernel;
use super::registration::Registration;
use crate::reactor::Direction;
use crate::task::Reason;

/// What one successful call on a descriptor has brought.
///
/// ```
/// let got = osier::io::Got { value: 5, drained: false };
/// assert_eq!(got.value, 5);
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Got<R> {
    /// The call's result.
    pub value: R,
    /// Whether the call is known to have taken all there was, so that the next one would block.
    ///
    /// True only for a plain `recv` on a TCP socket that filled less than its buffer: with ancillary data,
    /// datagrams and peeks no further report would come.
    pub drained: bool,
}

/// A non-blocking descriptor that tasks wait on.
///
/// What is known of its readiness is remembered, so that a call is tried when it is likely to go
/// through and not before. Two tasks can use it at once, one reading and one writing; a second
/// reader, or writer, that would have to wait gets [`ErrorKind::ResourceBusy`]. Outside of a task, and in one that
/// unwinds, the same calls stop the OS thread instead. It is Send and Sync if its owner is: used
/// on another hub's thread it moves there.
///
/// ```
/// use std::io::{Read, Write};
/// use std::os::unix::net::UnixStream;
/// use osier::io::{Got, Source};
///
/// osier::run(|| {
///     let (near, mut far) = UnixStream::pair()?;
///     near.set_nonblocking(true)?;
///     let near = Source::new(near);
///     let reader = osier::spawn(move || {
///         let mut buffer = [0; 5];
///         let read = |mut near: &UnixStream| {
///             near.read(&mut buffer).map(|value| Got { value, drained: false })
///         };
///         near.read(None, read)
///     });
///     osier::yield_now(); // the reader waits
///     far.write_all(b"green")?;
///     assert_eq!(reader.join().unwrap()?, 5);
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Source<T> {
    /// Goes first, so that the hub forgets the descriptor before it is closed.
    registration: Registration,
    /// What owns the descriptor.
    inner: T,
}

impl<T: AsFd> Source<T> {
    /// Takes over a descriptor, which must be in non-blocking mode.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new(inner: T) -> Self {
        Source { registration: Registration::default(), inner }
    }

    /// The descriptor's owner.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn get_ref(&self) -> &T {
        &self.inner
    }

    /// Gives the descriptor back; it is no longer watched.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn into_inner(self) -> T {
        self.share();
        self.inner
    }

    /// Says that there are, or may be, duplicates of the descriptor.
    ///
    /// Otherwise a close is taken to make the kernel forget it, which saves a system call.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn share(&self) {
        self.registration.share();
    }

    /// Calls `op` when there may be something to read, until it is done.
    ///
    /// It is called at once, unless it is remembered that an earlier call has taken all there was: then this waits first.
    /// It is not done as long as it says [`ErrorKind::WouldBlock`] (then this waits) or
    /// [`ErrorKind::Interrupted`] (then it is called again).
    ///
    /// # Errors
    /// Those of `op`; [`ErrorKind::TimedOut`] when the deadline comes first, be it before `op` was called at all;
    /// [`ErrorKind::ResourceBusy`] when this would have to wait and another task waits to read.
    ///
    /// # Blocking
    /// Switches tasks if `op` would block, or is known to. In a task that unwinds, and outside of any, it stops the OS
    /// thread instead.
    #[inline]
    pub fn read<R>(
        &self,
        deadline: Option<Instant>,
        op: impl FnMut(&T) -> io::Result<Got<R>>,
    ) -> io::Result<R> {
        self.call(Direction::Read, deadline, None, op)
    }

    /// Calls `op` when there may be room to write, until it is done.
    ///
    /// As [`read`](Self::read), in the other direction.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Blocking
    /// As [`read`](Self::read).
    #[inline]
    pub fn write<R>(
        &self,
        deadline: Option<Instant>,
        op: impl FnMut(&T) -> io::Result<Got<R>>,
    ) -> io::Result<R> {
        self.call(Direction::Write, deadline, None, op)
    }

    /// As [`read`](Self::read), and reports say why it waits: `reason` in place of the descriptor.
    ///
    /// For what uses a descriptor to be woken by, and waits for something else.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Blocking
    /// As [`read`](Self::read).
    pub fn read_for<R>(
        &self,
        reason: Reason,
        deadline: Option<Instant>,
        op: impl FnMut(&T) -> io::Result<Got<R>>,
    ) -> io::Result<R> {
        self.call(Direction::Read, deadline, Some(reason), op)
    }

    #[inline]
    fn call<R>(
        &self,
        direction: Direction,
        deadline: Option<Instant>,
        reason: Option<Reason>,
        mut op: impl FnMut(&T) -> io::Result<Got<R>>,
    ) -> io::Result<R> {
        let mut ready = self.registration.is_ready(direction);
        loop {
            if !ready {
                self.registration.wait(self.inner.as_fd(), direction, deadline, reason)?;
            }
            ready = match op(&self.inner) {
                Ok(got) => {
                    if got.drained {
                        self.registration.drained();
                    }
                    return Ok(got.value);
                }
                Err(error) => match error.kind() {
                    ErrorKind::WouldBlock => {
                        self.registration.clear(direction);
                        false
                    }
                    ErrorKind::Interrupted => true,
                    _ => return Err(error),
                },
            };
        }
    }

    /// Waits until there is something to read.
    ///
    /// # Errors
    /// [`ErrorKind::TimedOut`] when the deadline comes first, [`ErrorKind::ResourceBusy`] when another
    /// task waits for the same.
    ///
    /// # Blocking
    /// Switches tasks, unless it is ready.
    pub fn wait_readable(&self, deadline: Option<Instant>) -> io::Result<()> {
        self.wait(Direction::Read, deadline)
    }

    /// Waits until there is room to write.
    ///
    /// # Errors
    /// As [`wait_readable`](Self::wait_readable).
    ///
    /// # Blocking
    /// Switches tasks, unless it is ready.
    pub fn wait_writable(&self, deadline: Option<Instant>) -> io::Result<()> {
        self.wait(Direction::Write, deadline)
    }

    /// For waiting until there is something to read, along with other things.
    pub(crate) fn glance_to_read(&self) -> Glance<'_> {
        Glance::new(self.inner.as_fd(), &self.registration, Direction::Read)
    }

    /// For waiting until there is room to write, along with other things.
    pub(crate) fn glance_to_write(&self) -> Glance<'_> {
        Glance::new(self.inner.as_fd(), &self.registration, Direction::Write)
    }

    fn wait(&self, direction: Direction, deadline: Option<Instant>) -> io::Result<()> {
        let fd = self.inner.as_fd();
        while !kernel::is_ready(fd, direction)? {
            self.registration.clear(direction);
            self.registration.wait(fd, direction, deadline, None)?;
        }
        Ok(())
    }

    /// Lets whoever waits on this try again, after a shutdown, say.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn wake(&self) {
        self.registration.wake();
    }
}
