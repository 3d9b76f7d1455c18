//! Calls of libc as C makes them, for tests: with slices in the place of pointers.
//!
//! # Why unsafe
//! They are C's.
#![allow(unsafe_code)]
#![allow(dead_code, reason = "no test calls all")]

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

/// What was found before `main`, and before anything that a library could do.
static EARLY: AtomicBool = AtomicBool::new(false);

extern "C" fn ask_early() {
    EARLY.store(osier_monkey::is_patched("recv"), Ordering::Relaxed);
}

#[used]
// SAFETY: the section is an array of such functions.
#[unsafe(link_section = ".init_array")]
static ENTRY: extern "C" fn() = ask_early;

/// Whether all was bound before the program began.
pub(crate) fn was_there_early() -> bool {
    EARLY.load(Ordering::Relaxed)
}

/// Puts something into errno.
pub(crate) fn set_errno(error: c_int) {
    // SAFETY: a word of this thread.
    unsafe { *libc::__errno_location() = error }
}

pub(crate) fn errno() -> c_int {
    // SAFETY: a word of this thread.
    unsafe { *libc::__errno_location() }
}

fn told(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

pub(crate) fn recv(fd: RawFd, to: &mut [u8], flags: c_int) -> io::Result<usize> {
    // SAFETY: the buffer is that long.
    told(unsafe { libc::recv(fd, to.as_mut_ptr().cast(), to.len(), flags) })
}

pub(crate) fn read(fd: RawFd, to: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the buffer is that long.
    told(unsafe { libc::read(fd, to.as_mut_ptr().cast(), to.len()) })
}

pub(crate) fn write(fd: RawFd, from: &[u8]) -> io::Result<usize> {
    // SAFETY: the buffer is that long.
    told(unsafe { libc::write(fd, from.as_ptr().cast(), from.len()) })
}

pub(crate) fn poll(fds: &mut [libc::pollfd], timeout: c_int) -> io::Result<usize> {
    // SAFETY: there are so many.
    let ready = unsafe { libc::poll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, timeout) };
    told(ready as isize)
}

pub(crate) fn ppoll(fds: &mut [libc::pollfd], ms: i64) -> io::Result<usize> {
    let time = libc::timespec { tv_sec: 0, tv_nsec: ms * 1_000_000 };
    // SAFETY: there are so many, and zeros are a set of no signals.
    let ready = unsafe {
        let mask: libc::sigset_t = std::mem::zeroed();
        libc::ppoll(fds.as_mut_ptr(), fds.len() as libc::nfds_t, &raw const time, &raw const mask)
    };
    told(ready as isize)
}

/// Which of these can be read from, and how much of the time is left.
pub(crate) fn select(fds: &[RawFd], ms: i64) -> io::Result<(Vec<RawFd>, i64)> {
    // SAFETY: zeros are a set of nothing; the numbers are small.
    unsafe {
        let mut set: libc::fd_set = std::mem::zeroed();
        fds.iter().for_each(|&fd| libc::FD_SET(fd, &raw mut set));
        let mut time = libc::timeval { tv_sec: 0, tv_usec: ms * 1000 };
        let count = fds.iter().max().map_or(0, |most| most + 1);
        let null = ptr::null_mut();
        let ready = libc::select(count, &raw mut set, null, null, &raw mut time);
        told(ready as isize)?;
        let is_in = |fd: &RawFd| libc::FD_ISSET(*fd, &raw const set);
        let left = time.tv_sec * 1000 + time.tv_usec / 1000;
        Ok((fds.iter().copied().filter(is_in).collect(), left))
    }
}

/// How many of this one can be written to.
pub(crate) fn select_to_write(fd: RawFd, ms: i64) -> io::Result<usize> {
    // SAFETY: zeros are a set of nothing; the number is small.
    unsafe {
        let mut set: libc::fd_set = std::mem::zeroed();
        libc::FD_SET(fd, &raw mut set);
        let mut time = libc::timeval { tv_sec: 0, tv_usec: ms * 1000 };
        let null = ptr::null_mut();
        told(libc::select(fd + 1, null, &raw mut set, null, &raw mut time) as isize)
    }
}

/// How many of these an epoll instance of its own reports.
pub(crate) fn epoll_wait(fds: &[RawFd], timeout: c_int) -> io::Result<usize> {
    // SAFETY: there is room for so many events.
    unsafe {
        let instance = OwnedFd::from_raw_fd(libc::epoll_create1(0));
        let number = std::os::fd::AsRawFd::as_raw_fd(&instance);
        let mut event = libc::epoll_event { events: libc::EPOLLIN as u32, u64: 0 };
        for &fd in fds {
            libc::epoll_ctl(number, libc::EPOLL_CTL_ADD, fd, &raw mut event);
        }
        let mut events = [event; 8];
        told(libc::epoll_wait(number, events.as_mut_ptr(), 8, timeout) as isize)
    }
}

pub(crate) fn dup2(from: RawFd, to: RawFd) -> io::Result<usize> {
    // SAFETY: the numbers are the test's own.
    told(unsafe { libc::dup2(from, to) } as isize)
}

pub(crate) fn close(fd: RawFd) -> io::Result<usize> {
    // SAFETY: the number is the test's own.
    told(unsafe { libc::close(fd) } as isize)
}

pub(crate) fn eventfd() -> RawFd {
    // SAFETY: numbers.
    unsafe { libc::eventfd(0, 0) }
}

pub(crate) fn usleep(length: u32) -> c_int {
    // SAFETY: a number.
    unsafe { libc::usleep(length) }
}

pub(crate) fn sendfile(to: RawFd, from: RawFd, at: &mut i64, count: usize) -> io::Result<usize> {
    // SAFETY: a number that is written to.
    told(unsafe { libc::sendfile(to, from, at, count) })
}

pub(crate) fn splice(from: RawFd, to: RawFd, count: usize) -> io::Result<usize> {
    let null = ptr::null_mut();
    // SAFETY: numbers.
    told(unsafe { libc::splice(from, null, to, null, count, 0) })
}

/// Sends so many datagrams of a byte; or receives so many.
pub(crate) fn many(fd: RawFd, count: usize, sends: bool) -> io::Result<usize> {
    let mut bytes = vec![0_u8; count];
    let mut parts: Vec<libc::iovec> = bytes
        .iter_mut()
        .map(|byte| libc::iovec { iov_base: ptr::from_mut(byte).cast(), iov_len: 1 })
        .collect();
    // SAFETY: zeros are messages of nothing.
    let empty: libc::mmsghdr = unsafe { std::mem::zeroed() };
    let mut messages = vec![empty; count];
    for (message, part) in messages.iter_mut().zip(&mut parts) {
        message.msg_hdr.msg_iov = part;
        message.msg_hdr.msg_iovlen = 1;
    }
    let (at, count) = (messages.as_mut_ptr(), count as u32);
    // SAFETY: there are so many.
    told(unsafe {
        match sends {
            true => libc::sendmmsg(fd, at, count, 0),
            false => libc::recvmmsg(fd, at, count, 0, ptr::null_mut()),
        }
    } as isize)
}

/// The first address of a name, asked for as C does.
pub(crate) fn getaddrinfo(name: &str) -> Result<bool, c_int> {
    let name = std::ffi::CString::new(name).unwrap();
    let mut list = ptr::null_mut();
    // SAFETY: the name ends with a zero; the list is freed once.
    unsafe {
        match libc::getaddrinfo(name.as_ptr(), ptr::null(), ptr::null(), &raw mut list) {
            0 => {
                libc::freeaddrinfo(list);
                Ok(true)
            }
            error => Err(error),
        }
    }
}

/// The name of 127.0.0.1.
pub(crate) fn getnameinfo() -> Result<String, c_int> {
    let mut host = [0_u8; 256];
    // SAFETY: an address of that kind, and room for what is said.
    let code = unsafe {
        let mut address: libc::sockaddr_in = std::mem::zeroed();
        address.sin_family = libc::AF_INET as u16;
        address.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
        let length = size_of_val(&address) as u32;
        let address = ptr::from_ref(&address).cast();
        let to = host.as_mut_ptr().cast();
        libc::getnameinfo(address, length, to, 256, ptr::null_mut(), 0, 0)
    };
    let end = host.iter().position(|&byte| byte == 0).unwrap();
    if code == 0 { Ok(String::from_utf8_lossy(&host[..end]).into_owned()) } else { Err(code) }
}

/// Has a handler called for a signal.
pub(crate) fn on_signal(signal: c_int, handler: extern "C" fn(c_int)) {
    // SAFETY: zeros are an action without flags.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        assert_eq!(libc::sigaction(signal, &raw const action, ptr::null_mut()), 0);
    }
}

pub(crate) fn raise(signal: c_int) {
    // SAFETY: a handler is in place.
    unsafe { libc::raise(signal) };
}

/// Calls `f` in a child that has this process's memory; its status.
pub(crate) fn in_vfork(f: extern "C" fn() -> c_int) -> c_int {
    // SAFETY: the child calls one function, and ends.
    unsafe {
        #[expect(deprecated, reason = "this is the one that is meant")]
        let child = libc::vfork();
        if child == 0 {
            libc::_exit(f());
        }
        status(child)
    }
}

/// Calls `f` in a child; its status.
pub(crate) fn in_fork(f: impl FnOnce() -> c_int) -> c_int {
    // SAFETY: the child calls one function, and ends.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::_exit(f());
        }
        status(child)
    }
}

/// Forks, and leaves the child to `f`.
pub(crate) fn fork(f: impl FnOnce() -> c_int) -> c_int {
    // SAFETY: as above.
    unsafe {
        let child = libc::fork();
        if child == 0 {
            libc::_exit(f());
        }
        child
    }
}

/// How a child has ended; waited for in the kernel, so that no task runs meanwhile.
pub(crate) fn status(child: c_int) -> c_int {
    let mut status = 0;
    // SAFETY: a number that is written to.
    unsafe { libc::syscall(libc::SYS_wait4, child, &raw mut status, 0, 0) };
    if libc::WIFEXITED(status) { libc::WEXITSTATUS(status) } else { -1 }
}

/// Calls `f` on a stack of somebody else's making.
pub(crate) fn on_other_stack(f: extern "C" fn()) {
    static mut BACK: std::mem::MaybeUninit<libc::ucontext_t> = std::mem::MaybeUninit::zeroed();
    let mut stack = vec![0_u8; 256 << 10];
    // SAFETY: one thread at a time; the stack lives until it is left.
    unsafe {
        let mut there: libc::ucontext_t = std::mem::zeroed();
        libc::getcontext(&raw mut there);
        there.uc_stack.ss_sp = stack.as_mut_ptr().cast::<c_void>();
        there.uc_stack.ss_size = stack.len();
        there.uc_link = (&raw mut BACK).cast();
        libc::makecontext(&raw mut there, f, 0);
        libc::swapcontext((&raw mut BACK).cast(), &raw const there);
    }
}
