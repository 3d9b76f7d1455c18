//! Descriptors that belong to somebody else, by number: whether they are ready, and watches of them.
//!
//! `rustix` and `mio` want descriptors that are known to be open. Whoever asks here knows a number, and that it may have
//! been closed, or be another file's by now: the kernel says so.

use std::io;
use std::os::fd::RawFd;

/// What is changed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Change {
    /// Begins to watch it.
    Add,
    /// Watches it for something else, or again.
    Renew,
}

/// Has `instance` report `events` of `fd`, once, with `data`; at once if there are any already.
///
/// # Errors
/// As `epoll_ctl(2)`. `ENOENT`: that file is not watched under that number.
pub(crate) fn watch_once(
    instance: RawFd,
    change: Change,
    fd: RawFd,
    events: u32,
    data: u64,
) -> io::Result<()> {
    let op = match change {
        Change::Add => libc::EPOLL_CTL_ADD,
        Change::Renew => libc::EPOLL_CTL_MOD,
    };
    let events = events | libc::EPOLLONESHOT as u32;
    let mut event = libc::epoll_event { events, u64: data };
    // SAFETY: the event is read during the call; of the numbers the kernel sees to it what they are.
    match unsafe { libc::epoll_ctl(instance, op, fd, &raw mut event) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

/// Whether one of these descriptors has one of its events, as `epoll_ctl(2)` has them, or is none.
pub(crate) fn is_any_ready(wants: &[(RawFd, u32)]) -> bool {
    let ask = |&(fd, events)| libc::pollfd { fd, events: events as i16, revents: 0 };
    let mut asked: Vec<libc::pollfd> = wants.iter().map(ask).collect();
    // SAFETY: so many are written to. It does not wait; an error says that trying is as good.
    unsafe { libc::poll(asked.as_mut_ptr(), asked.len() as libc::nfds_t, 0) != 0 }
}
