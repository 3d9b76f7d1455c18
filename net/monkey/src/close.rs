//! `close`, `dup2`, `dup3`, `close_range`: who waits for a descriptor that goes is told.
//!
//! The kernel would have him wait on, for a file that has no number any more. What libc closes inside (`fclose`) is not
//! seen here; it shows when the wait is looked at, within a second or a minute.
//!
//! # Why unsafe
//! What is defined here is called by C, and calls the kernel.

use std::ffi::{c_int, c_uint};
use std::ops::RangeInclusive;

use osier_runtime::foreign;

use crate::errno::{Kept, give};
use crate::gate;
use crate::real::kernel;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![close, dup2, dup3, close_range];

/// See close(2).
///
/// # Safety
/// See close(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn close(fd: c_int) -> c_int {
    shut(fd..=fd);
    // SAFETY: the caller's promise.
    give(unsafe { kernel!(SYS_close, fd) })
}

/// See dup2(2).
///
/// # Safety
/// See dup2(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn dup2(from: c_int, to: c_int) -> c_int {
    if from != to && is_open(from) {
        shut(to..=to);
    }
    // SAFETY: the caller's promise.
    give(unsafe { kernel!(SYS_dup2, from, to) })
}

/// See dup2(2).
///
/// # Safety
/// See dup2(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn dup3(from: c_int, to: c_int, flags: c_int) -> c_int {
    if from != to && is_open(from) {
        shut(to..=to);
    }
    // SAFETY: the caller's promise.
    give(unsafe { kernel!(SYS_dup3, from, to, flags) })
}

/// See close_range(2).
///
/// # Safety
/// See close_range(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn close_range(first: c_uint, last: c_uint, flags: c_int) -> c_int {
    let most = c_int::MAX as c_uint;
    if flags as c_uint & libc::CLOSE_RANGE_CLOEXEC == 0 && first <= last {
        shut(first.min(most) as c_int..=last.min(most) as c_int);
    }
    // SAFETY: the caller's promise.
    give(unsafe { kernel!(SYS_close_range, first, last, flags) })
}

fn is_open(fd: c_int) -> bool {
    // SAFETY: a question.
    unsafe { kernel!(SYS_fcntl, fd, libc::F_GETFD) }.is_ok()
}

/// Tells who waits. A child in its parent's memory has descriptors of its own.
#[inline]
fn shut(fds: RangeInclusive<c_int>) {
    if *fds.start() < 0 || gate::is_borrowed() {
        return;
    }
    foreign::forget(fds.clone());
    if foreign::is_awaited(&fds) {
        let _kept = Kept::here();
        foreign::shut(fds);
    }
}
