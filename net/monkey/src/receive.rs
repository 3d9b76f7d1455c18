//! `recv`, `recvfrom`, `recvmsg`: with `MSG_DONTWAIT`, and a wait in the hub when there is nothing.
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
use crate::options::{is_local, is_stream};
use crate::parts::Parts;
use crate::patience::{Patience, Turn, ready_now};
use crate::real::kernel;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![recv, recvfrom, recvmsg, __recv_chk, __recvfrom_chk];

/// Whether the kernel does not wait with those flags: of two it takes no notice with some sockets.
pub(crate) fn never_waits(fd: RawFd, flags: c_int) -> bool {
    flags & libc::MSG_DONTWAIT != 0
        || flags & libc::MSG_OOB != 0 && is_stream(fd)
        || flags & libc::MSG_ERRQUEUE != 0 && !is_local(fd)
}

unsafe extern "C" {
    /// Ends the program, as a buffer is too small.
    fn __chk_fail() -> !;
}

/// Ends the program if a buffer is too small for what it is to hold, as libc does.
pub(crate) fn check(wanted: usize, room: usize) {
    if wanted > room {
        // SAFETY: it takes nothing.
        unsafe { __chk_fail() }
    }
}

/// See recv(2).
///
/// # Safety
/// See recv(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn recv(
    fd: c_int,
    to: *mut c_void,
    length: size_t,
    flags: c_int,
) -> isize {
    // SAFETY: the caller's promise.
    give(unsafe { receive(fd, to, length, flags, (ptr::null_mut(), ptr::null_mut())) })
}

/// See recv(2).
///
/// # Safety
/// See recv(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn recvfrom(
    fd: c_int,
    to: *mut c_void,
    length: size_t,
    flags: c_int,
    from: *mut sockaddr,
    from_length: *mut socklen_t,
) -> isize {
    // SAFETY: the caller's promise.
    give(unsafe { receive(fd, to, length, flags, (from, from_length)) })
}

/// As `recv`, of a program that is built with checks of its buffers.
///
/// # Safety
/// See recv(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __recv_chk(
    fd: c_int,
    to: *mut c_void,
    length: size_t,
    room: size_t,
    flags: c_int,
) -> isize {
    check(length, room);
    // SAFETY: the caller's promise.
    give(unsafe { receive(fd, to, length, flags, (ptr::null_mut(), ptr::null_mut())) })
}

/// As `recvfrom`, of a program that is built with checks of its buffers.
///
/// # Safety
/// See recv(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __recvfrom_chk(
    fd: c_int,
    to: *mut c_void,
    length: size_t,
    room: size_t,
    flags: c_int,
    from: *mut sockaddr,
    from_length: *mut socklen_t,
) -> isize {
    check(length, room);
    // SAFETY: the caller's promise.
    give(unsafe { receive(fd, to, length, flags, (from, from_length)) })
}

/// See recvmsg(2).
///
/// # Safety
/// See recvmsg(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn recvmsg(fd: c_int, message: *mut msghdr, flags: c_int) -> isize {
    // SAFETY: the caller's promise.
    give(unsafe { receive_message(fd, message, flags) })
}

/// # Safety
/// As recvfrom(2).
#[inline]
pub(crate) unsafe fn receive(
    fd: RawFd,
    to: *mut c_void,
    length: usize,
    flags: c_int,
    (from, from_length): (*mut sockaddr, *mut socklen_t),
) -> Answer {
    // SAFETY: the caller's promise, for each part of his buffer.
    let once = |done: usize, flags: c_int| unsafe {
        let to = to.cast::<u8>().wrapping_add(done);
        kernel!(SYS_recvfrom, fd, to, length - done, flags, from, from_length)
    };
    if !in_task() || never_waits(fd, flags) {
        return once(0, flags);
    }
    match once(0, flags | libc::MSG_DONTWAIT) {
        Err(libc::EAGAIN) => wait_and_receive(fd, length, flags, 0, once),
        Ok(some) if flags & libc::MSG_WAITALL != 0 && 0 < some && some < length => {
            wait_and_receive(fd, length, flags, some, once)
        }
        answer => answer,
    }
}

/// Goes on after a first try that has brought `done` bytes, or nothing.
fn wait_and_receive(
    fd: RawFd,
    length: usize,
    flags: c_int,
    mut done: usize,
    once: impl Fn(usize, c_int) -> Answer,
) -> Answer {
    let all = flags & libc::MSG_WAITALL != 0;
    if done > 0 && (!is_stream(fd) || flags & libc::MSG_PEEK != 0) {
        return if peeks_all(fd) { peek_all(fd, length, flags, done, once) } else { Ok(done) };
    }
    let mut patience = Patience::to_receive(fd);
    let some = |done: usize, error| if done > 0 { Ok(done) } else { Err(error) };
    loop {
        match patience.wait() {
            Turn::Again => {}
            Turn::Block => {
                return match once(done, flags) {
                    Ok(more) => Ok(done + more),
                    Err(error) => some(done, error),
                };
            }
            Turn::Fail(error) => return some(done, error),
        }
        loop {
            match once(done, flags | libc::MSG_DONTWAIT) {
                Ok(0) => return Ok(done),
                Ok(more) => {
                    if all && more < length - done && is_stream(fd) {
                        if flags & libc::MSG_PEEK != 0 {
                            let all = peeks_all(fd);
                            return if all {
                                peek_all(fd, length, flags, more, once)
                            } else {
                                Ok(more)
                            };
                        }
                        done += more;
                        patience.refresh();
                        continue;
                    }
                    return Ok(done + more);
                }
                Err(libc::EAGAIN) if is_over(fd) => return Ok(done),
                Err(libc::EAGAIN) => break,
                Err(error) => return some(done, error),
            }
        }
    }
}

/// Whether there is nothing and never will be: of datagrams that are shut down the kernel says so only where it waits itself.
fn is_over(fd: RawFd) -> bool {
    ready_now(fd, libc::POLLRDHUP) & libc::POLLRDHUP != 0
}

/// Whether a look waits until all is there that was asked for: with Unix sockets it does not.
fn peeks_all(fd: RawFd) -> bool {
    is_stream(fd) && !is_local(fd)
}

/// Looks again and again until all is there: nothing reports the difference between some and more.
fn peek_all(
    fd: RawFd,
    length: usize,
    flags: c_int,
    mut seen: usize,
    once: impl Fn(usize, c_int) -> Answer,
) -> Answer {
    let mut patience = Patience::to_receive(fd);
    while seen < length && ready_now(fd, libc::POLLRDHUP) == 0 {
        match patience.nap() {
            Turn::Again => {}
            Turn::Block => return once(0, flags),
            Turn::Fail(_) => break,
        }
        seen = once(0, flags | libc::MSG_DONTWAIT)?;
    }
    Ok(seen)
}

/// # Safety
/// As recvmsg(2).
pub(crate) unsafe fn receive_message(fd: RawFd, message: *mut msghdr, flags: c_int) -> Answer {
    // SAFETY: the caller's promise.
    let once =
        |message: *mut msghdr, flags: c_int| unsafe { kernel!(SYS_recvmsg, fd, message, flags) };
    if !in_task() || never_waits(fd, flags) {
        return once(message, flags);
    }
    let mut patience = Patience::to_receive(fd);
    let mut waited = false;
    let some = loop {
        match once(message, flags | libc::MSG_DONTWAIT) {
            Err(libc::EAGAIN) if mem::replace(&mut waited, true) && is_over(fd) => return Ok(0),
            Err(libc::EAGAIN) => match patience.wait() {
                Turn::Again => {}
                Turn::Block => return once(message, flags),
                Turn::Fail(error) => return Err(error),
            },
            answer => break answer?,
        }
    };
    if flags & libc::MSG_WAITALL == 0 || flags & libc::MSG_PEEK != 0 || some == 0 {
        return Ok(some);
    }
    // SAFETY: the kernel has just read it.
    let mut parts = unsafe { Parts::new((*message).msg_iov, (*message).msg_iovlen) };
    if parts.len() <= some || !is_stream(fd) {
        return Ok(some);
    }
    parts.advance(some);
    let rest = |done: usize, flags: c_int| {
        let mut parts = Parts::further(&parts, done);
        let rest = parts.rest_mut();
        // SAFETY: null and nothing is what no name and no ancillary data are.
        let mut message: msghdr = unsafe { mem::zeroed() };
        message.msg_iov = rest.as_mut_ptr();
        message.msg_iovlen = rest.len();
        once(&raw mut message, flags)
    };
    let length = parts.len();
    match rest(0, flags | libc::MSG_DONTWAIT) {
        Ok(more) if more == length || more == 0 => Ok(some + more),
        Ok(more) => Ok(some + wait_and_receive(fd, length, flags, more, rest).unwrap_or(more)),
        Err(libc::EAGAIN) => Ok(some + wait_and_receive(fd, length, flags, 0, rest).unwrap_or(0)),
        Err(_) => Ok(some),
    }
}
