//! The wait where no task can wait: outside of a run, and while a task unwinds.

use std::io;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use crate::clock;
use crate::reactor::Direction;

/// Stops the OS thread until the descriptor is ready or the deadline comes.
pub(super) fn wait(
    fd: BorrowedFd<'_>,
    direction: Direction,
    deadline: Option<Instant>,
) -> io::Result<()> {
    let flags = flags(direction);
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(clock::now()));
        let longest = Timespec { tv_sec: i64::MAX, tv_nsec: 0 };
        let left = left.map(|left| Timespec::try_from(left).unwrap_or(longest));
        match poll(&mut [PollFd::new(&fd, flags)], left.as_ref()) {
            Ok(0) => return Err(timed_out()),
            Ok(_) => return Ok(()),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// Whether there is something to read, or an error, at once.
pub(crate) fn is_readable(fd: BorrowedFd<'_>) -> io::Result<bool> {
    is_ready(fd, Direction::Read)
}

/// Whether a call would go through, or bring an error, at once.
pub(super) fn is_ready(fd: BorrowedFd<'_>, direction: Direction) -> io::Result<bool> {
    match poll(&mut [PollFd::new(&fd, flags(direction))], Some(&Timespec::default())) {
        Ok(ready) => Ok(ready > 0),
        Err(Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

fn flags(direction: Direction) -> PollFlags {
    match direction {
        Direction::Read => PollFlags::IN,
        Direction::Write => PollFlags::OUT,
    }
}

/// What a wait says whose deadline has come.
pub(super) fn timed_out() -> io::Error {
    io::Error::new(io::ErrorKind::TimedOut, "timed out")
}
