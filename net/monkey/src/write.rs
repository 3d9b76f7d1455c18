//! `write` and `writev`, to sockets and to all that is no socket.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.

use std::ffi::{c_int, c_void};
use std::mem;
use std::os::fd::RawFd;
use std::ptr;

use libc::{iovec, msghdr, size_t};

use crate::errno::{Answer, give};
use crate::gate::in_task;
use crate::patience::is_standard;
use crate::pipe::{self, has_bytes};
use crate::read::MOST;
use crate::real::kernel;
use crate::send::{dispatch, dispatch_message};
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![write, writev];

/// See write(2).
///
/// # Safety
/// See write(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn write(fd: c_int, from: *const c_void, length: size_t) -> isize {
    // SAFETY: the caller's promise.
    give(unsafe { write_all(fd, from, length) })
}

/// See writev(2).
///
/// # Safety
/// See writev(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn writev(fd: c_int, from: *const iovec, count: c_int) -> isize {
    // SAFETY: the caller's promise.
    give(unsafe { write_parts(fd, from, count) })
}

/// # Safety
/// As write(2).
pub(crate) unsafe fn write_all(fd: RawFd, from: *const c_void, length: usize) -> Answer {
    if !in_task() || is_standard(fd) {
        // SAFETY: the caller's promise.
        return unsafe { kernel!(SYS_write, fd, from, length) };
    }
    // SAFETY: the caller's promise.
    match unsafe { dispatch(fd, from, length, 0, (ptr::null(), 0)) } {
        // A buffer of nothing is an error to some, which have no call with several that would say so.
        // SAFETY: the same.
        Err(libc::ENOTSOCK) if length == 0 => unsafe { kernel!(SYS_write, fd, from, length) },
        Err(libc::ENOTSOCK) => {
            let part = iovec { iov_base: from.cast_mut(), iov_len: length };
            // SAFETY: the same.
            unsafe { pipe::write(fd, (&raw const part, 1)) }
        }
        answer => answer,
    }
}

/// # Safety
/// As writev(2).
unsafe fn write_parts(fd: RawFd, from: *const iovec, count: c_int) -> Answer {
    let number = count as usize;
    // With nothing to go there the kernel does not ask the socket; `sendmsg` would.
    // SAFETY: the caller's promise.
    let is_nothing = || unsafe { !has_bytes((from, number)) };
    if !in_task() || is_standard(fd) || !(1..=MOST).contains(&number) || is_nothing() {
        // SAFETY: the caller's promise.
        return unsafe { kernel!(SYS_writev, fd, from, count) };
    }
    // SAFETY: null and nothing is what no name and no ancillary data are.
    let mut message: msghdr = unsafe { mem::zeroed() };
    message.msg_iov = from.cast_mut();
    message.msg_iovlen = number;
    // SAFETY: the caller's promise.
    match unsafe { dispatch_message(fd, &raw const message, 0) } {
        // SAFETY: the same.
        Err(libc::ENOTSOCK) => unsafe { pipe::write(fd, (from, number)) },
        answer => answer,
    }
}
