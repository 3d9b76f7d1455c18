//! `connect`: without blocking for the length of each call, and a wait in the hub until it has come about.
//!
//! There is no flag for one call here, so `O_NONBLOCK` is set and taken back; a socket that is not connected yet is rarely
//! somebody else's as well. How it came out the kernel says to a second call, which also tells the socket.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.

use std::ffi::c_int;
use std::os::fd::RawFd;

use libc::{sockaddr, socklen_t};

use crate::errno::{Answer, give};
use crate::gate::{in_task, may_wait};
use crate::patience::{Patience, Turn, flags, is_standard};
use crate::real::kernel;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![connect];

/// See connect(2).
///
/// # Safety
/// See connect(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn connect(
    fd: c_int,
    to: *const sockaddr,
    length: socklen_t,
) -> c_int {
    // SAFETY: the caller's promise.
    give(unsafe { connect_to(fd, to, length) })
}

/// # Safety
/// As connect(2).
unsafe fn connect_to(fd: RawFd, to: *const sockaddr, length: socklen_t) -> Answer {
    // SAFETY: the caller's promise.
    let once = || unsafe { kernel!(SYS_connect, fd, to, length) };
    if !in_task() || is_standard(fd) || !may_wait() {
        return once();
    }
    match flags(fd) {
        Ok(flags) if flags & libc::O_NONBLOCK == 0 => connect_by_and_by(fd, flags, once),
        _ => once(),
    }
}

fn connect_by_and_by(fd: RawFd, flags: c_int, once: impl Fn() -> Answer) -> Answer {
    // SAFETY: the flags are those that the file has.
    let set = |flags: c_int| unsafe { kernel!(SYS_fcntl, fd, libc::F_SETFL, flags) };
    let attempt = || {
        set(flags | libc::O_NONBLOCK)?;
        let answer = once();
        let _ = set(flags);
        answer
    };
    let mut patience = None;
    loop {
        let answer = attempt();
        let is_first = patience.is_none();
        let patience = patience.get_or_insert_with(|| {
            let mut patience = Patience::to_connect(fd);
            patience.begin_anyway();
            patience
        });
        let turn = match answer {
            Err(libc::EINPROGRESS | libc::EALREADY) => patience.wait(),
            // A Unix socket whose peer has a full line: nothing says when there is room.
            Err(libc::EAGAIN) => match patience.nap() {
                Turn::Fail(libc::EINPROGRESS) => Turn::Fail(libc::EAGAIN),
                turn => turn,
            },
            // It has come about, and the first call was to say so.
            Err(libc::EISCONN) if !is_first => return Ok(0),
            answer => return answer,
        };
        match turn {
            Turn::Again => {}
            Turn::Block => return once(),
            Turn::Fail(error) => return Err(error),
        }
    }
}
