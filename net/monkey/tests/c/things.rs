//! What calls by lot are made on: sockets, pipes and the like, made and poked as C does it.
//!
//! # Why unsafe
//! libc is called as C calls it.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::io;
use std::mem;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::ptr;

use libc::{epoll_event, pollfd};

use crate::perform::{pattern, span};

/// Puts something in where it can be put in at once, and takes out what can be taken out at once; by the kernel's calls alone.
pub(crate) fn poke(fd: RawFd, puts: bool) -> bool {
    let mut bytes = [b'R'; 4096];
    let mut asked =
        pollfd { fd, events: if puts { libc::POLLOUT } else { libc::POLLIN }, revents: 0 };
    // SAFETY: the buffers are as long as said.
    unsafe {
        libc::syscall(libc::SYS_poll, &raw mut asked, 1, 0);
        if asked.revents & asked.events == 0 {
            return false;
        }
        let at = bytes.as_mut_ptr();
        let dont = libc::MSG_DONTWAIT | libc::MSG_NOSIGNAL;
        let none = ptr::null_mut::<c_void>();
        let result = if puts {
            let sent = libc::syscall(libc::SYS_sendto, fd, at, 64, dont, none, 0);
            if sent < 0 && crate::c::errno() == libc::ENOTSOCK {
                bytes[..8].copy_from_slice(&1_u64.to_ne_bytes()); // an eventfd takes that
                libc::syscall(libc::SYS_write, fd, at, 8)
            } else {
                sent
            }
        } else {
            let got = libc::syscall(libc::SYS_recvfrom, fd, at, 4096, dont, none, none);
            if got < 0 && crate::c::errno() == libc::ENOTSOCK {
                libc::syscall(libc::SYS_read, fd, at, 4096)
            } else {
                got
            }
        };
        result > 0
    }
}

fn owned(fd: c_int) -> OwnedFd {
    assert!(fd >= 0, "{}", io::Error::last_os_error());
    // SAFETY: it was just made.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Two ends of a Unix socket.
pub(crate) fn pair(kind: c_int) -> [OwnedFd; 2] {
    let mut ends = [0; 2];
    // SAFETY: two numbers are written.
    assert_eq!(unsafe { libc::socketpair(libc::AF_UNIX, kind, 0, ends.as_mut_ptr()) }, 0);
    ends.map(owned)
}

/// A pipe of one page: the end to read from, and the other.
pub(crate) fn pipe() -> [OwnedFd; 2] {
    let mut ends = [0; 2];
    // SAFETY: two numbers are written.
    unsafe {
        assert_eq!(libc::pipe(ends.as_mut_ptr()), 0);
        libc::fcntl(ends[1], libc::F_SETPIPE_SZ, 4096);
    }
    ends.map(owned)
}

/// Sets both buffers of a socket to the least.
pub(crate) fn shrink(fd: RawFd) {
    for name in [libc::SO_SNDBUF, libc::SO_RCVBUF] {
        let size: c_int = 4608;
        // SAFETY: a number.
        unsafe { libc::setsockopt(fd, libc::SOL_SOCKET, name, (&raw const size).cast(), 4) };
    }
}

pub(crate) fn eventfd(flags: c_int) -> OwnedFd {
    // SAFETY: numbers.
    owned(unsafe { libc::eventfd(0, flags) })
}

/// A timer that goes off after some milliseconds, if it is to.
pub(crate) fn timer(ms: i64) -> OwnedFd {
    // SAFETY: the structure is read.
    unsafe {
        let timer = owned(libc::timerfd_create(libc::CLOCK_MONOTONIC, 0));
        let mut time: libc::itimerspec = mem::zeroed();
        time.it_value = span((0, ms * 1_000_000));
        let fd = std::os::fd::AsRawFd::as_raw_fd(&timer);
        libc::timerfd_settime(fd, 0, &raw const time, ptr::null_mut());
        timer
    }
}

/// An epoll instance with these in it, each for reading.
pub(crate) fn instance(fds: &[RawFd]) -> OwnedFd {
    // SAFETY: the structure is read.
    unsafe {
        let instance = libc::epoll_create1(0);
        for (at, &fd) in fds.iter().enumerate() {
            let mut event = epoll_event { events: libc::EPOLLIN as u32, u64: at as u64 };
            libc::epoll_ctl(instance, libc::EPOLL_CTL_ADD, fd, &raw mut event);
        }
        owned(instance)
    }
}

pub(crate) fn socket(family: c_int, kind: c_int) -> OwnedFd {
    // SAFETY: numbers.
    owned(unsafe { libc::socket(family, kind, 0) })
}

/// A file of some bytes.
pub(crate) fn file() -> OwnedFd {
    // SAFETY: a name, and bytes.
    unsafe {
        let file = owned(libc::memfd_create(c"file".as_ptr(), 0));
        let fd = std::os::fd::AsRawFd::as_raw_fd(&file);
        let bytes = pattern(9000);
        libc::pwrite(fd, bytes.as_ptr().cast(), bytes.len(), 0);
        file
    }
}
