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
use crate::real::kernel;

/// So much goes into a pipe or a terminal that says it has room.
const PIECE: usize = 4096;

/// What is no socket.
pub(crate) enum Kind {
    /// Regular files, folders, disks: always ready.
    File,
    /// What is waited for.
    Other,
}

/// What the kernel says it is.
pub(crate) fn kind(fd: RawFd) -> Answer<Kind> {
    // SAFETY: zeros are numbers.
    let mut about: libc::stat = unsafe { std::mem::zeroed() };
    // SAFETY: the kernel fills the structure.
    unsafe { kernel!(SYS_fstat, fd, &raw mut about) }?;
    Ok(match about.st_mode & libc::S_IFMT {
        libc::S_IFREG | libc::S_IFDIR | libc::S_IFBLK => Kind::File,
        _ => Kind::Other,
    })
}

/// Reads what is no socket.
///
/// # Safety
/// As readv(2).
pub(crate) unsafe fn read(fd: RawFd, to: &[iovec]) -> Answer {
    // SAFETY: the caller's promise.
    let block = || unsafe { kernel!(SYS_readv, fd, to.as_ptr(), to.len()) };
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
unsafe fn vectored(number: libc::c_long, fd: RawFd, parts: &[iovec]) -> Answer {
    /// Where the file is.
    const HERE: c_int = -1;
    let arguments = [
        fd as usize,
        parts.as_ptr() as usize,
        parts.len(),
        HERE as usize,
        HERE as usize,
        libc::RWF_NOWAIT as usize,
    ];
    // SAFETY: the caller's promise.
    unsafe { crate::real::call(number, arguments) }
}

/// Writes all of it to what is no socket.
///
/// # Safety
/// As writev(2).
pub(crate) unsafe fn write(fd: RawFd, from: &[iovec]) -> Answer {
    // SAFETY: the caller's promise.
    let block = |from: &[iovec]| unsafe { kernel!(SYS_writev, fd, from.as_ptr(), from.len()) };
    if let Kind::File = kind(fd)? {
        return files::through_pool(|| block(from));
    }
    // SAFETY: the same.
    match unsafe { vectored(libc::SYS_pwritev2, fd, from) } {
        Ok(some) if some >= length(from) => return Ok(some),
        // SAFETY: the same.
        Ok(some) => return unsafe { write_rest(fd, from, some) },
        // SAFETY: the same.
        Err(libc::EAGAIN) => return unsafe { write_rest(fd, from, 0) },
        Err(libc::EOPNOTSUPP | libc::ENOSYS) => {}
        answer => return answer,
    }
    if is_nonblocking(fd)? {
        return block(from);
    }
    // SAFETY: the same.
    unsafe { write_rest(fd, from, 0) }
}

fn length(parts: &[iovec]) -> usize {
    parts.iter().map(|part| part.iov_len).sum()
}

/// # Safety
/// As writev(2).
unsafe fn write_rest(fd: RawFd, from: &[iovec], mut done: usize) -> Answer {
    // SAFETY: the caller's promise.
    let mut parts = unsafe { Parts::new(from.as_ptr(), from.len()) };
    parts.advance(done);
    let mut patience = Patience::to_write(fd);
    let some = |done: usize, error| if done > 0 { Ok(done) } else { Err(error) };
    loop {
        let rest = parts.rest();
        // SAFETY: the same.
        let answer = match unsafe { vectored(libc::SYS_pwritev2, fd, rest) } {
            Err(libc::EOPNOTSUPP | libc::ENOSYS) if ready_now(fd, libc::POLLOUT) == 0 => {
                Err(libc::EAGAIN)
            }
            Err(libc::EOPNOTSUPP | libc::ENOSYS) => {
                let Some(first) = rest.iter().find(|part| part.iov_len > 0) else {
                    return Ok(done);
                };
                let (at, piece) = (first.iov_base, first.iov_len.min(PIECE));
                // SAFETY: the same.
                match bounded(|| unsafe { kernel!(SYS_write, fd, at, piece) }) {
                    Err(libc::EINTR) => Err(libc::EAGAIN),
                    answer => answer,
                }
            }
            answer => answer,
        };
        match answer {
            Ok(more) => {
                done += more;
                parts.advance(more);
                patience.refresh();
                if parts.len() == 0 {
                    return Ok(done);
                }
                continue;
            }
            Err(libc::EAGAIN) => {}
            Err(error) => return some(done, error),
        }
        match patience.wait() {
            Turn::Again => {}
            Turn::Block => {
                let rest = parts.rest();
                // SAFETY: the same.
                return match unsafe { kernel!(SYS_writev, fd, rest.as_ptr(), rest.len()) } {
                    Ok(more) => Ok(done + more),
                    Err(error) => some(done, error),
                };
            }
            Turn::Fail(error) => return some(done, error),
        }
    }
}
