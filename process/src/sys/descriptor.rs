//! Putting one descriptor in the place of another.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

/// Has the number `old` mean what `new` does; what it meant before is closed.
///
/// Whoever owns `old` goes on owning it: it is open, and as good as any, so this is safe.
///
/// # Errors
///
/// As `dup3(2)`.
pub(crate) fn replace(old: RawFd, new: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: it takes two numbers. No owner of `old` is left with what is not open.
    match unsafe { libc::dup3(new.as_raw_fd(), old, libc::O_CLOEXEC) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
