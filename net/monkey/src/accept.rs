//! `accept` and `accept4`: asked by `poll` first, and bounded when somebody else was faster.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.

use std::ffi::c_int;
use std::mem;
use std::os::fd::RawFd;

use libc::{sockaddr, socklen_t};

use crate::bounded::bounded;
use crate::errno::{Answer, give};
use crate::gate::in_task;
use crate::options::is_listener;
use crate::patience::{Patience, Turn, is_standard, ready_now};
use crate::real::kernel;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![accept, accept4];

/// See accept(2).
///
/// # Safety
/// See accept(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn accept(
    fd: c_int,
    from: *mut sockaddr,
    length: *mut socklen_t,
) -> c_int {
    // SAFETY: the caller's promise.
    give(unsafe { accept_one(fd, from, length, 0) })
}

/// See accept(2).
///
/// # Safety
/// See accept(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn accept4(
    fd: c_int,
    from: *mut sockaddr,
    length: *mut socklen_t,
    flags: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    give(unsafe { accept_one(fd, from, length, flags) })
}

/// # Safety
/// As accept4(2).
unsafe fn accept_one(
    fd: RawFd,
    from: *mut sockaddr,
    length: *mut socklen_t,
    flags: c_int,
) -> Answer {
    // SAFETY: the caller's promise.
    let once = || unsafe { kernel!(SYS_accept4, fd, from, length, flags) };
    let known = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    if !in_task() || is_standard(fd) || flags & !known != 0 {
        return once();
    }
    let mut patience = Patience::to_receive(fd);
    let mut listens = false;
    loop {
        // What does not listen is never ready, and the call says so at once.
        if ready_now(fd, libc::POLLIN) != 0 || !mem::replace(&mut listens, true) && !is_listener(fd)
        {
            match bounded(once) {
                // Somebody was faster: with a blocking listener, or with one that is not.
                Err(libc::EINTR | libc::EAGAIN) => {}
                answer => return answer,
            }
        }
        match patience.wait() {
            Turn::Again => {}
            Turn::Block => return once(),
            Turn::Fail(error) => return Err(error),
        }
    }
}
