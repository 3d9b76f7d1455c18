//! Being killed when the other end of a pipe goes.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Has this process killed by SIGKILL as soon as no writing end of the pipe is left.
///
/// By the kernel, whatever the process does at the time, and whichever thread held the end. It is a property of the open
/// file: open one of your own.
///
/// # Errors
///
/// As `fcntl(2)`.
pub(crate) fn die_with(pipe: BorrowedFd<'_>) -> io::Result<()> {
    let fd = pipe.as_raw_fd();
    let me = i32::try_from(std::process::id()).expect("a process' number");
    // SAFETY: these take a descriptor, which is open, and a number.
    check(unsafe { libc::fcntl(fd, libc::F_SETOWN, me) })?;
    // SAFETY: as above; libc has no name for the number.
    check(unsafe { libc::fcntl(fd, F_SETSIG, libc::SIGKILL) })?;
    // SAFETY: as above.
    let flags = unsafe { libc::fcntl(fd, libc::F_GETFL) };
    check(flags)?;
    // SAFETY: as above.
    check(unsafe { libc::fcntl(fd, libc::F_SETFL, flags | libc::O_ASYNC) })
}

/// From `fcntl(2)`: which signal tells of the descriptor.
const F_SETSIG: i32 = 10;

fn check(result: i32) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
