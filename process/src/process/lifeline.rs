//! The pipe by which children hear of the end of their parent.
//!
//! The parent alone holds the writing end, until it ends, however it does. Each child has the reading end. One that
//! is a daemon has the kernel kill it then: PDEATHSIG does the same, but speaks of the OS thread that started
//! the child, and is set by the child, when the parent may have gone.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::sync::PoisonError;

use osier_runtime::stay::{Mutex, MutexGuard};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::pipe::{PipeFlags, pipe_with};

struct Line {
    reading: OwnedFd,
    writing: OwnedFd,
}

/// This process' own; none until it starts a child.
static LINE: Mutex<Option<Line>> = Mutex::new(None);

fn line() -> MutexGuard<'static, Option<Line>> {
    LINE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The reading end, for a child; it is made if it is not there.
///
/// # Errors
///
/// When there are no descriptors left.
pub(super) fn for_child() -> io::Result<OwnedFd> {
    let mut line = line();
    if line.is_none() {
        let (reading, writing) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        *line = Some(Line { reading, writing });
    }
    let line = line.as_ref().expect("it was made");
    line.reading.try_clone()
}

/// In a forked child: lets go of the parent's.
pub(super) fn let_go() {
    if let Some(Line { reading, writing }) = line().take() {
        drop((reading, writing));
    }
}

/// An end of the line that is this process' own open file.
///
/// # Errors
///
/// When there are no descriptors left, or `/proc` is not there.
pub(super) fn own(reading: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let path = format!("/proc/self/fd/{}", reading.as_raw_fd());
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?)
}

/// Whether the writing end is gone.
pub(super) fn is_cut(reading: &OwnedFd) -> bool {
    let reading = reading.as_fd();
    let mut asked = [PollFd::new(&reading, PollFlags::IN)];
    let ready = poll(&mut asked, Some(&Timespec::default())).unwrap_or(0);
    ready > 0 && asked[0].revents().contains(PollFlags::HUP)
}
