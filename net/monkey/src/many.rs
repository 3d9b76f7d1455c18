//! `sendmmsg` and `recvmmsg`: as many as go at once, and a wait in the hub for the next.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.

use std::ffi::{c_int, c_uint};
use std::os::fd::RawFd;
use std::ptr;

use libc::{mmsghdr, timespec};
use osier_runtime::clock;

use crate::errno::{Answer, give};
use crate::gate::in_task;
use crate::patience::{Patience, Turn};
use crate::real::{is_readable, kernel};
use crate::receive::never_waits;
use crate::send::{dispatch_message, finish_message};
use crate::sleep::duration;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![sendmmsg, recvmmsg];

/// See sendmmsg(2).
///
/// # Safety
/// See sendmmsg(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sendmmsg(
    fd: c_int,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    give(unsafe { send_many(fd, messages, count, flags) })
}

/// See recvmmsg(2).
///
/// # Safety
/// See recvmmsg(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn recvmmsg(
    fd: c_int,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
    timeout: *mut timespec,
) -> c_int {
    // SAFETY: the caller's promise.
    give(unsafe { receive_many(fd, messages, count, flags, timeout) })
}

/// # Safety
/// As sendmmsg(2).
unsafe fn send_many(fd: RawFd, messages: *mut mmsghdr, count: c_uint, flags: c_int) -> Answer {
    // SAFETY: the caller's promise.
    let call = |flags: c_int| unsafe { kernel!(SYS_sendmmsg, fd, messages, count, flags) };
    if !in_task() || flags & libc::MSG_DONTWAIT != 0 {
        return call(flags);
    }
    let all = count as usize;
    let mut sent = match call(flags | libc::MSG_DONTWAIT) {
        Err(libc::EAGAIN) => 0,
        answer => answer?,
    };
    if let Some(last) = sent.checked_sub(1) {
        // SAFETY: the kernel has just written to it.
        let last = unsafe { &mut *messages.add(last) };
        // SAFETY: the caller's promise.
        let done = unsafe { finish_message(fd, &last.msg_hdr, flags, last.msg_len as usize) };
        last.msg_len = done as c_uint;
    }
    while sent < all.min(1024) {
        // SAFETY: the caller's promise.
        let answer = unsafe {
            let next = messages.add(sent);
            dispatch_message(fd, &raw const (*next).msg_hdr, flags)
                .map(|bytes| (*next).msg_len = bytes as c_uint)
        };
        match answer {
            Ok(()) => sent += 1,
            Err(error) if sent == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(sent)
}

/// # Safety
/// As recvmmsg(2).
unsafe fn receive_many(
    fd: RawFd,
    messages: *mut mmsghdr,
    count: c_uint,
    flags: c_int,
    timeout: *mut timespec,
) -> Answer {
    // SAFETY: the caller's promise.
    let call = |from: usize, flags: c_int, timeout: *mut timespec| unsafe {
        let messages = messages.add(from);
        kernel!(SYS_recvmmsg, fd, messages, count - from as c_uint, flags, timeout)
    };
    if !in_task() || never_waits(fd, flags) || count == 0 {
        return call(0, flags, timeout);
    }
    if !timeout.is_null() && !is_readable(timeout.cast_const().cast(), size_of::<timespec>()) {
        return Err(libc::EFAULT);
    }
    // SAFETY: the caller's promise.
    let limit = match unsafe { timeout.as_ref() } {
        None => None,
        Some(&time) => Some(duration(time).ok_or(libc::EINVAL)?),
    };
    let all = count.min(1024) as usize;
    let mut patience = Patience::to_receive(fd);
    patience.end_by(limit.and_then(clock::deadline));
    let mut got = 0;
    loop {
        match call(got, flags | libc::MSG_DONTWAIT, ptr::null_mut()) {
            Ok(more) => {
                got += more;
                patience.refresh();
                if got >= all || flags & libc::MSG_WAITFORONE != 0 {
                    return Ok(got);
                }
                continue;
            }
            Err(libc::EAGAIN) => {}
            Err(error) => return if got > 0 { Ok(got) } else { Err(error) },
        }
        match patience.wait() {
            Turn::Again => {}
            Turn::Block if got == 0 => return call(0, flags, timeout),
            Turn::Fail(error) if got == 0 => return Err(error),
            Turn::Block | Turn::Fail(_) => return Ok(got),
        }
    }
}
