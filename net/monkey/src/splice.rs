//! `sendfile` and `splice`.
//!
//! Neither has a flag for one call that sockets heed. So `sendfile` to what may have no room is done as others do without it:
//! read a piece, send it. `splice` waits for both sides first and is bounded in time.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.

use std::ffi::{c_int, c_uint};
use std::os::fd::RawFd;

use libc::{off_t, size_t};

use crate::bounded::bounded;
use crate::errno::{Answer, give};
use crate::gate::{in_task, may_wait};
use crate::patience::{Patience, Turn, flags, is_standard, ready_now};
use crate::pipe::{Kind, is_pipe, kind};
use crate::real::{is_readable, kernel};
use crate::table::{Symbol, symbols};
use crate::write::write_all;

pub(crate) const SYMBOLS: &[Symbol] = symbols![sendfile, sendfile64, splice];

/// The flags of `splice`.
const KNOWN: c_uint = libc::SPLICE_F_MOVE | libc::SPLICE_F_NONBLOCK | libc::SPLICE_F_MORE | 8;
/// So much is read at once.
const PIECE: usize = 1 << 16;

/// See sendfile(2).
///
/// # Safety
/// See sendfile(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sendfile(
    to: c_int,
    from: c_int,
    at: *mut off_t,
    count: size_t,
) -> isize {
    // SAFETY: the caller's promise.
    give(unsafe { send_file(to, from, at, count) })
}

/// See sendfile(2).
///
/// # Safety
/// See sendfile(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn sendfile64(
    to: c_int,
    from: c_int,
    at: *mut off_t,
    count: size_t,
) -> isize {
    // SAFETY: the caller's promise.
    give(unsafe { send_file(to, from, at, count) })
}

/// See splice(2).
///
/// # Safety
/// See splice(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn splice(
    from: c_int,
    from_at: *mut off_t,
    to: c_int,
    to_at: *mut off_t,
    count: size_t,
    flags: c_uint,
) -> isize {
    // SAFETY: the caller's promise.
    let call = |flags: c_uint, count: size_t| unsafe {
        kernel!(SYS_splice, from, from_at, to, to_at, count, flags)
    };
    give(splice_with(from, to, count, flags, call))
}

/// # Safety
/// As sendfile(2).
unsafe fn send_file(to: RawFd, from: RawFd, at: *mut off_t, count: usize) -> Answer {
    // SAFETY: the caller's promise.
    let call = |count: usize| unsafe { kernel!(SYS_sendfile, to, from, at, count) };
    let refused = libc::O_NONBLOCK | libc::O_APPEND;
    let by_hand = in_task()
        && !is_standard(to)
        && may_wait()
        && matches!((kind(from), kind(to)), (Ok(Kind::File), Ok(Kind::Other | Kind::Device)))
        && flags(to).is_ok_and(|flags| flags & refused == 0 && flags & libc::O_ACCMODE != 0);
    if !by_hand {
        return call(count);
    }
    if !at.is_null() && !is_readable(at.cast_const().cast(), size_of::<off_t>()) {
        return Err(libc::EFAULT);
    }
    // SAFETY: the caller's promise.
    let given = unsafe { at.as_ref() }.copied();
    let mut place = match given {
        Some(place) => place,
        // SAFETY: a question.
        None => unsafe { kernel!(SYS_lseek, from, 0_i64, libc::SEEK_CUR) }? as off_t,
    };
    let mut piece = vec![0_u8; PIECE.min(count)];
    let mut done = 0;
    let answer = loop {
        let length = piece.len().min(count - done);
        // SAFETY: the piece is our own.
        let read = unsafe { kernel!(SYS_pread64, from, piece.as_mut_ptr(), length, place) };
        let length = match read {
            Ok(0) => break Ok(done),
            Ok(length) => length,
            Err(error) => break Err(error),
        };
        // SAFETY: the same.
        match unsafe { write_all(to, piece.as_ptr().cast(), length) } {
            Ok(sent) => {
                done += sent;
                place += sent as off_t;
                if sent < length || done == count {
                    break Ok(done);
                }
            }
            Err(error) => break Err(error),
        }
    };
    // SAFETY: the caller's promise; and a question.
    unsafe {
        match at.as_mut() {
            Some(at) => *at = place,
            None => drop(kernel!(SYS_lseek, from, place, libc::SEEK_SET)),
        }
    }
    if done > 0 { Ok(done) } else { answer }
}

fn splice_with(
    from: RawFd,
    to: RawFd,
    count: usize,
    flags: c_uint,
    call: impl Fn(c_uint, usize) -> Answer,
) -> Answer {
    let given = flags & libc::SPLICE_F_NONBLOCK != 0;
    // What it refuses, it refuses before it waits.
    let is_refused = || count == 0 || flags & !KNOWN != 0 || !(is_pipe(from) || is_pipe(to));
    if !in_task() || given || is_standard(from) || is_standard(to) || is_refused() {
        return call(flags, count);
    }
    let mut sides = [
        (Patience::to_read(from), from, libc::POLLIN),
        (Patience::to_write(to), to, libc::POLLOUT),
    ];
    loop {
        let waits = sides.iter_mut().find(|(_, fd, events)| ready_now(*fd, *events) == 0);
        if let Some((patience, ..)) = waits {
            match patience.wait() {
                Turn::Again => continue,
                Turn::Block => return call(flags, count),
                Turn::Fail(error) => return Err(error),
            }
        }
        // No more than a pipe holds, which is what others may have to wait for meanwhile.
        match bounded(|| call(flags | libc::SPLICE_F_NONBLOCK, count.min(PIECE))) {
            Err(libc::EINTR) => {}
            Err(libc::EAGAIN) => match sides[0].0.nap() {
                Turn::Again => {}
                Turn::Block => return call(flags, count),
                Turn::Fail(error) => return Err(error),
            },
            answer => return answer,
        }
    }
}
