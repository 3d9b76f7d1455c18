//! Reading and writing what is no socket: pipes, terminals, eventfds and the like. No table of kinds: the kernel is asked.
//!
//! `RWF_NOWAIT` is to them what `MSG_DONTWAIT` is to sockets, where they have it (pipes do). What has not is asked by `poll`, and then
//! read, or written to in pieces that fit, bounded in time, as another process may have been faster. Regular files do not
//! wait in that sense.
//!
//! # Why unsafe
//! The buffers are C's, and the kernel is called with them.

use std::ffi::c_int;
use std::os::fd::RawFd;

use libc::iovec;

use crate::bounded::bounded;
use crate::errno::Answer;
use crate::files;
use crate::parts::Parts;
use crate::patience::{Patience, Turn, is_nonblocking, ready_now};
use crate::real::{is_readable, kernel};

/// So much goes into a pipe or a terminal that says it has room.
const PIECE: usize = 4096;

/// What is no socket.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Regular files, folders, disks: always ready.
    File,
    /// Terminals: what they take at once is for them to say.
    Device,
    /// What is waited for.
    Other,
}

/// Buffers of C's, of which nothing was looked at yet, and how many there are.
pub(crate) type Raw = (*const iovec, usize);

/// What the kernel says it is.
pub(crate) fn kind(fd: RawFd) -> Answer<Kind> {
    Ok(match mode(fd)? & libc::S_IFMT {
        libc::S_IFREG | libc::S_IFDIR | libc::S_IFBLK => Kind::File,
        libc::S_IFCHR => Kind::Device,
        _ => Kind::Other,
    })
}

pub(crate) fn is_pipe(fd: RawFd) -> bool {
    mode(fd).is_ok_and(|mode| mode & libc::S_IFMT == libc::S_IFIFO)
}

fn mode(fd: RawFd) -> Answer<libc::mode_t> {
    // SAFETY: zeros are numbers.
    let mut about: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel fills the structure.
    unsafe { kernel!(SYS_fstat, fd, &raw mut about) }?;
    Ok(about.st_mode)
}

/// Reads what is no socket.
///
/// # Safety
/// As readv(2).
pub(crate) unsafe fn read(fd: RawFd, to: Raw) -> Answer {
    // SAFETY: the caller's promise.
    let block = || unsafe { kernel!(SYS_readv, fd, to.0, to.1) };
    if let Kind::File = kind(fd)? {
        // SAFETY: the same.
        return files::through_pool(block);
    }
    let mut patience = Patience::to_read(fd);
    loop {
        // SAFETY: the same.
        match unsafe { vectored(libc::SYS_preadv2, fd, to) } {
            Err(libc::EAGAIN) => {}
            Err(libc::EOPNOTSUPP | libc::ENOSYS) => {
                if is_nonblocking(fd)? {
                    return block();
                }
                if ready_now(fd, libc::POLLIN) != 0 {
                    match bounded(block) {
                        Err(libc::EINTR) => continue,
                        answer => return answer,
                    }
                }
            }
            answer => return answer,
        }
        match patience.wait() {
            Turn::Again => {}
            Turn::Block => return block(),
            Turn::Fail(error) => return Err(error),
        }
    }
}

/// A call that does not wait.
///
/// # Safety
/// As preadv2(2).
unsafe fn vectored(number: libc::c_long, fd: RawFd, parts: Raw) -> Answer {
    /// Where the file is.
    const HERE: c_int = -1;
    let arguments = [
        fd as usize,
        parts.0 as usize,
        parts.1,
        HERE as usize,
        HERE as usize,
        libc::RWF_NOWAIT as usize,
    ];
    // SAFETY: the caller's promise.
    unsafe { crate::real::call(number, arguments) }
}

/// Writes to what is no socket: all of it, where that takes all.
///
/// # Safety
/// As writev(2).
pub(crate) unsafe fn write(fd: RawFd, from: Raw) -> Answer {
    // SAFETY: the caller's promise.
    let block = || unsafe { kernel!(SYS_writev, fd, from.0, from.1) };
    let kind = kind(fd)?;
    if kind == Kind::File {
        return files::through_pool(block);
    }
    // SAFETY: the same.
    match unsafe { vectored(libc::SYS_pwritev2, fd, from) } {
        // SAFETY: the same; the kernel has looked at them.
        Ok(some) if some >= unsafe { length(from) } => return Ok(some),
        // SAFETY: the same.
        Ok(some) => return unsafe { write_rest(fd, from, some) },
        // SAFETY: the same.
        Err(libc::EAGAIN) => return unsafe { write_rest(fd, from, 0) },
        Err(libc::EOPNOTSUPP | libc::ENOSYS) => {}
        answer => return answer,
    }
    if is_nonblocking(fd)? {
        return block();
    }
    match kind {
        // SAFETY: the same.
        Kind::Device => unsafe { write_pieces(fd, from) },
        _ => write_bounded(fd, block),
    }
}

/// Whether there are bytes in those buffers, or room for some, as far as can be seen.
///
/// # Safety
/// As writev(2): there are so many, or the kernel is to say that there are not.
pub(crate) unsafe fn has_bytes(parts: Raw) -> bool {
    let is_there = is_readable(parts.0.cast(), parts.1 * size_of::<iovec>());
    // SAFETY: the caller's promise.
    is_there && unsafe { length(parts) } > 0
}

/// # Safety
/// The buffers can be looked at.
unsafe fn length((first, count): Raw) -> usize {
    // SAFETY: the caller's promise.
    (0..count).map(|at| unsafe { (*first.add(at)).iov_len }).fold(0, usize::saturating_add)
}

/// Writes what is left of a pipe's buffers.
///
/// # Safety
/// As writev(2), with buffers that can be looked at.
unsafe fn write_rest(fd: RawFd, from: Raw, done: usize) -> Answer {
    // SAFETY: the caller's promise.
    let mut parts = unsafe { Parts::new(from.0, from.1) };
    parts.advance(done);
    write_by_and_by(fd, parts, done, |rest| {
        // SAFETY: the same.
        unsafe { vectored(libc::SYS_pwritev2, fd, (rest.as_ptr(), rest.len())) }
    })
}

/// Writes to a terminal, whose room for a piece is known, and for more is not.
///
/// # Safety
/// As writev(2).
unsafe fn write_pieces(fd: RawFd, from: Raw) -> Answer {
    if !is_readable(from.0.cast(), from.1 * size_of::<iovec>()) {
        return Err(libc::EFAULT);
    }
    // SAFETY: the caller's promise.
    let parts = unsafe { Parts::new(from.0, from.1) };
    write_by_and_by(fd, parts, 0, |rest| {
        let Some(first) = rest.iter().find(|part| part.iov_len > 0) else { return Ok(0) };
        let (at, piece) = (first.iov_base, first.iov_len.min(PIECE));
        if ready_now(fd, libc::POLLOUT) == 0 {
            return Err(libc::EAGAIN);
        }
        // SAFETY: the same.
        match bounded(|| unsafe { kernel!(SYS_write, fd, at, piece) }) {
            Err(libc::EINTR) => Err(libc::EAGAIN),
            answer => answer,
        }
    })
}

/// Calls `once` with what is left until nothing is.
fn write_by_and_by(
    fd: RawFd,
    mut parts: Parts,
    mut done: usize,
    once: impl Fn(&[iovec]) -> Answer,
) -> Answer {
    let mut patience = Patience::to_write(fd);
    let some = |done: usize, error| if done > 0 { Ok(done) } else { Err(error) };
    while parts.len() > 0 {
        let turn = match once(parts.rest()) {
            Ok(more) => {
                done += more;
                parts.advance(more);
                patience.refresh();
                continue;
            }
            Err(libc::EAGAIN) => patience.wait(),
            Err(error) => Turn::Fail(error),
        };
        match turn {
            Turn::Again => {}
            Turn::Block => {
                let rest = parts.rest();
                // SAFETY: they are the caller's, who has promised it.
                return match unsafe { kernel!(SYS_writev, fd, rest.as_ptr(), rest.len()) } {
                    Ok(more) => Ok(done + more),
                    Err(error) => some(done, error),
                };
            }
            Turn::Fail(error) => return some(done, error),
        }
    }
    Ok(done)
}

/// Writes to what takes a number at a time (an eventfd) or one request: what it says is the answer.
fn write_bounded(fd: RawFd, block: impl Fn() -> Answer) -> Answer {
    let mut patience = Patience::to_write(fd);
    loop {
        match bounded(&block) {
            Err(libc::EINTR) => {}
            answer => return answer,
        }
        match patience.wait() {
            Turn::Again => {}
            Turn::Block => return block(),
            Turn::Fail(error) => return Err(error),
        }
    }
}
