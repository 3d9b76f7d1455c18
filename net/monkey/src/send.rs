//! `send`, `sendto`, `sendmsg`: with `MSG_DONTWAIT`, and a wait in the hub where there is no room, until all is sent.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.

use std::ffi::{c_int, c_void};
use std::mem;
use std::os::fd::RawFd;
use std::ptr;

use libc::{msghdr, size_t, sockaddr, socklen_t};

use crate::errno::{Answer, give};
use crate::gate::in_task;
use crate::parts::Parts;
use crate::patience::{Patience, Turn};
use crate::real::kernel;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![send, sendto, sendmsg];

/// See send(2).
///
/// # Safety
/// See send(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn send(
    fd: c_int,
    from: *const c_void,
    length: size_t,
    flags: c_int,
) -> isize {
    // SAFETY: the caller's promise.
    give(unsafe { dispatch(fd, from, length, flags, (ptr::null(), 0)) })
}

/// See send(2).
///
/// # Safety
/// See send(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sendto(
    fd: c_int,
    from: *const c_void,
    length: size_t,
    flags: c_int,
    to: *const sockaddr,
    to_length: socklen_t,
) -> isize {
    // SAFETY: the caller's promise.
    give(unsafe { dispatch(fd, from, length, flags, (to, to_length)) })
}

/// See sendmsg(2).
///
/// # Safety
/// See sendmsg(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sendmsg(fd: c_int, message: *const msghdr, flags: c_int) -> isize {
    // SAFETY: the caller's promise.
    give(unsafe { dispatch_message(fd, message, flags) })
}

/// # Safety
/// As sendto(2).
#[inline]
pub(crate) unsafe fn dispatch(
    fd: RawFd,
    from: *const c_void,
    length: usize,
    flags: c_int,
    (to, to_length): (*const sockaddr, socklen_t),
) -> Answer {
    // SAFETY: the caller's promise, for each part of his buffer.
    let once = |done: usize, flags: c_int| unsafe {
        let from = from.cast::<u8>().wrapping_add(done);
        kernel!(SYS_sendto, fd, from, length - done, flags, to, to_length)
    };
    if !in_task() || flags & libc::MSG_DONTWAIT != 0 {
        return once(0, flags);
    }
    match once(0, flags | libc::MSG_DONTWAIT) {
        Ok(some) if some < length => send_rest(fd, length, flags, some, once),
        Err(libc::EAGAIN) => send_rest(fd, length, flags, 0, once),
        answer => answer,
    }
}

/// Goes on after a first try that has sent `done` bytes, until all is sent.
fn send_rest(
    fd: RawFd,
    length: usize,
    flags: c_int,
    mut done: usize,
    once: impl Fn(usize, c_int) -> Answer,
) -> Answer {
    let mut patience = Patience::to_send(fd);
    let some = |done: usize, error| if done > 0 { Ok(done) } else { Err(error) };
    // What is sent is told, and the error with the next call: then the signal comes with that as well.
    let quietly = |done: usize| if done > 0 { flags | libc::MSG_NOSIGNAL } else { flags };
    loop {
        match patience.wait() {
            Turn::Again => {}
            Turn::Block => {
                return match once(done, quietly(done)) {
                    Ok(more) => Ok(done + more),
                    Err(error) => some(done, error),
                };
            }
            Turn::Fail(error) => return some(done, error),
        }
        loop {
            match once(done, quietly(done) | libc::MSG_DONTWAIT) {
                Ok(more) if done + more >= length => return Ok(done + more),
                Ok(more) => {
                    done += more;
                    patience.refresh();
                }
                Err(libc::EAGAIN) => break,
                Err(error) => return some(done, error),
            }
        }
    }
}

/// # Safety
/// As sendmsg(2).
pub(crate) unsafe fn dispatch_message(fd: RawFd, message: *const msghdr, flags: c_int) -> Answer {
    // SAFETY: the caller's promise.
    let once =
        |message: *const msghdr, flags: c_int| unsafe { kernel!(SYS_sendmsg, fd, message, flags) };
    if !in_task() || flags & libc::MSG_DONTWAIT != 0 {
        return once(message, flags);
    }
    let mut patience = Patience::to_send(fd);
    let some = loop {
        match once(message, flags | libc::MSG_DONTWAIT) {
            Err(libc::EAGAIN) => match patience.wait() {
                Turn::Again => {}
                Turn::Block => return once(message, flags),
                Turn::Fail(error) => return Err(error),
            },
            answer => break answer?,
        }
    };
    // SAFETY: the caller's promise.
    Ok(unsafe { finish_message(fd, message, flags, some) })
}

/// Sends what is left of a message of which `some` bytes are sent; how many that are in the end.
///
/// # Safety
/// As sendmsg(2).
pub(crate) unsafe fn finish_message(
    fd: RawFd,
    message: *const msghdr,
    flags: c_int,
    some: usize,
) -> usize {
    // SAFETY: the caller's promise.
    let length = unsafe { length_of(message) };
    if some >= length {
        return some;
    }
    // SAFETY: the same.
    let parts = unsafe { Parts::new((*message).msg_iov, (*message).msg_iovlen) };
    let rest = |done: usize, flags: c_int| {
        let mut parts = Parts::further(&parts, done);
        let rest = parts.rest_mut();
        // SAFETY: null and nothing is what no name and no ancillary data are; that went with the first part.
        let mut message: msghdr = unsafe { mem::zeroed() };
        message.msg_iov = rest.as_mut_ptr();
        message.msg_iovlen = rest.len();
        // SAFETY: the caller's promise.
        unsafe { kernel!(SYS_sendmsg, fd, &raw const message, flags) }
    };
    send_rest(fd, length, flags, some, rest).unwrap_or(some)
}

/// How many bytes a message has.
///
/// # Safety
/// Its buffers can be looked at.
unsafe fn length_of(message: *const msghdr) -> usize {
    // SAFETY: the caller's promise.
    unsafe {
        let (first, count) = ((*message).msg_iov, (*message).msg_iovlen);
        (0..count).map(|at| (*first.add(at)).iov_len).fold(0, usize::saturating_add)
    }
}
