//! `read` and `readv`, of sockets and of all that is no socket.
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
use crate::real::kernel;
use crate::receive::{check, receive, receive_message};
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![read, readv, __read_chk];

/// The most buffers of one call.
pub(crate) const MOST: usize = 1024;

/// See read(2).
///
/// # Safety
/// See read(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn read(fd: c_int, to: *mut c_void, length: size_t) -> isize {
    // SAFETY: the caller's promise.
    give(unsafe { read_some(fd, to, length) })
}

/// As `read`, of a program that is built with checks of its buffers.
///
/// # Safety
/// See read(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __read_chk(
    fd: c_int,
    to: *mut c_void,
    length: size_t,
    room: size_t,
) -> isize {
    check(length, room);
    // SAFETY: the caller's promise.
    give(unsafe { read_some(fd, to, length) })
}

/// See readv(2).
///
/// # Safety
/// See readv(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn readv(fd: c_int, to: *const iovec, count: c_int) -> isize {
    // SAFETY: the caller's promise.
    give(unsafe { read_parts(fd, to, count) })
}

/// # Safety
/// As read(2).
unsafe fn read_some(fd: RawFd, to: *mut c_void, length: usize) -> Answer {
    if !in_task() || is_standard(fd) || length == 0 {
        // SAFETY: the caller's promise.
        return unsafe { kernel!(SYS_read, fd, to, length) };
    }
    // SAFETY: the caller's promise.
    match unsafe { receive(fd, to, length, 0, (ptr::null_mut(), ptr::null_mut())) } {
        // SAFETY: the same.
        Err(libc::ENOTSOCK) => unsafe {
            let part = iovec { iov_base: to, iov_len: length };
            pipe::read(fd, (&raw const part, 1))
        },
        answer => answer,
    }
}

/// # Safety
/// As readv(2).
unsafe fn read_parts(fd: RawFd, to: *const iovec, count: c_int) -> Answer {
    let number = count as usize;
    // With nothing to go there the kernel does not ask the socket; `recvmsg` would.
    // SAFETY: the caller's promise.
    let is_nothing = || unsafe { !has_bytes((to, number)) };
    if !in_task() || is_standard(fd) || !(1..=MOST).contains(&number) || is_nothing() {
        // SAFETY: the caller's promise.
        return unsafe { kernel!(SYS_readv, fd, to, count) };
    }
    // SAFETY: null and nothing is what no name and no ancillary data are.
    let mut message: msghdr = unsafe { mem::zeroed() };
    message.msg_iov = to.cast_mut();
    message.msg_iovlen = number;
    // SAFETY: the caller's promise.
    match unsafe { receive_message(fd, &raw mut message, 0) } {
        // SAFETY: the same.
        Err(libc::ENOTSOCK) => unsafe { pipe::read(fd, (to, number)) },
        answer => answer,
    }
}
