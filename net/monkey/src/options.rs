//! `setsockopt`: passed on, and seen whether anybody ever limits how long a socket waits.
//!
//! That spares a call for each wait in programs that never do. Which socket it was is not kept.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.

use std::ffi::{c_int, c_void};
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::errno::give;
use crate::real::kernel;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![setsockopt];

static LIMITS: AtomicBool = AtomicBool::new(false);

/// Whether a time-out was ever set on a socket, through libc.
pub(crate) fn were_limits_set() -> bool {
    LIMITS.load(Ordering::Relaxed)
}

/// See setsockopt(2).
///
/// # Safety
/// See setsockopt(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn setsockopt(
    fd: c_int,
    level: c_int,
    name: c_int,
    value: *const c_void,
    length: libc::socklen_t,
) -> c_int {
    // The latter two are the same with 64 bits of time, as libc on other machines has them.
    let limits = [libc::SO_RCVTIMEO, libc::SO_SNDTIMEO, 66, 67];
    if level == libc::SOL_SOCKET && limits.contains(&name) {
        LIMITS.store(true, Ordering::Relaxed);
    }
    // SAFETY: the caller's promise.
    give(unsafe { kernel!(SYS_setsockopt, fd, level, name, value, length) })
}

/// Whether a socket accepts connections.
pub(crate) fn is_listener(fd: RawFd) -> bool {
    number(fd, libc::SO_ACCEPTCONN) == Some(1)
}

/// Whether a read of the socket may end anywhere.
pub(crate) fn is_stream(fd: RawFd) -> bool {
    number(fd, libc::SO_TYPE) == Some(libc::SOCK_STREAM)
}

/// Whether it is a Unix socket.
pub(crate) fn is_local(fd: RawFd) -> bool {
    number(fd, libc::SO_DOMAIN) == Some(libc::AF_UNIX)
}

/// An option of a socket that is a number.
fn number(fd: RawFd, option: c_int) -> Option<c_int> {
    let mut number: c_int = 0;
    let mut length = size_of::<c_int>() as libc::socklen_t;
    // SAFETY: the kernel writes so many bytes at most, and how many.
    let asked = unsafe {
        let (level, number) = (libc::SOL_SOCKET, &raw mut number);
        kernel!(SYS_getsockopt, fd, level, option, number, &raw mut length)
    };
    asked.is_ok().then_some(number)
}
