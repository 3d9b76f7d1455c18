//! Descriptors that say when a process or a thread has ended.
//!
//! # Why unsafe
//! libc has no such call; the kernel is asked by number.

use std::os::fd::{FromRawFd, OwnedFd};

use crate::real::raw;

/// Of one thread rather than of a process: since Linux 6.9.
const OF_THREAD: usize = libc::O_EXCL as usize;

/// Of that process; none if there is none, or no descriptor is to be had.
pub(crate) fn of_process(pid: libc::pid_t) -> Option<OwnedFd> {
    open(pid, 0)
}

/// Of that thread.
pub(crate) fn of_thread(tid: libc::pid_t) -> Option<OwnedFd> {
    open(tid, OF_THREAD)
}

fn open(id: libc::pid_t, flags: usize) -> Option<OwnedFd> {
    // SAFETY: it takes numbers.
    let fd = unsafe { raw(libc::SYS_pidfd_open, [id as usize, flags, 0, 0, 0, 0]) };
    // SAFETY: it is new, and nobody else has heard of it.
    (fd >= 0).then(|| unsafe { OwnedFd::from_raw_fd(fd as i32) })
}
