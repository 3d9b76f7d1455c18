//! `setsockopt`: passed on, and seen whether anybody ever limits how long a socket waits.
//!
//! That spares a call for each wait in programs that never do. Which socket it was is not kept.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.

use std::ffi::{c_int, c_void};
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
