//! Any call of a family, with any arguments, as C would make it: for a test that makes many by lot.
//!
//! # Why unsafe
//! Pointers are C's; those that are bad on purpose are for the kernel to refuse.
#![allow(unsafe_code)]

use std::ffi::{c_int, c_void};
use std::mem;
use std::os::fd::RawFd;
use std::ptr;

use libc::{epoll_event, iovec, mmsghdr, msghdr, pollfd, sockaddr, timespec, timeval};

/// What a pointer is like.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Place {
    Good,
    Null,
    Bad,
}

impl Place {
    fn of<T>(self, good: *mut T) -> *mut T {
        match self {
            Place::Good => good,
            Place::Null => ptr::null_mut(),
            Place::Bad => ptr::without_provenance_mut(8),
        }
    }
}

/// A call; descriptors by number.
#[derive(Clone, Debug)]
pub(crate) enum Call {
    Read {
        fd: RawFd,
        length: usize,
        place: Place,
    },
    ReadParts {
        fd: RawFd,
        parts: Vec<usize>,
        count: Option<c_int>,
        place: Place,
    },
    Receive {
        fd: RawFd,
        length: usize,
        flags: c_int,
        place: Place,
        named: bool,
    },
    ReceiveMessage {
        fd: RawFd,
        parts: Vec<usize>,
        flags: c_int,
        place: Place,
        room: usize,
    },
    ReceiveMany {
        fd: RawFd,
        count: u32,
        flags: c_int,
        place: Place,
    },
    Write {
        fd: RawFd,
        length: usize,
        place: Place,
    },
    WriteParts {
        fd: RawFd,
        parts: Vec<usize>,
        count: Option<c_int>,
        place: Place,
    },
    Send {
        fd: RawFd,
        length: usize,
        flags: c_int,
        place: Place,
    },
    SendMessage {
        fd: RawFd,
        parts: Vec<usize>,
        flags: c_int,
        place: Place,
    },
    SendMany {
        fd: RawFd,
        count: u32,
        flags: c_int,
        place: Place,
    },
    Poll {
        fds: Vec<(RawFd, i16)>,
        count: Option<u64>,
        timeout: c_int,
        place: Place,
    },
    PollMasked {
        fds: Vec<(RawFd, i16)>,
        time: Option<(i64, i64)>,
    },
    Select {
        sets: [Vec<RawFd>; 3],
        count: c_int,
        time: Option<(i64, i64)>,
        masked: bool,
        place: Place,
    },
    Events {
        fd: RawFd,
        most: c_int,
        timeout: c_int,
        place: Place,
    },
    Accept {
        fd: RawFd,
        flags: Option<c_int>,
        place: Place,
    },
    Connect {
        fd: RawFd,
        to: RawFd,
        place: Place,
    },
    Blocking {
        fd: RawFd,
        on: bool,
    },
    Limit {
        fd: RawFd,
        name: c_int,
        ms: i64,
    },
    Shutdown {
        fd: RawFd,
        how: c_int,
    },
    Close {
        fd: RawFd,
    },
    Duplicate {
        from: RawFd,
        to: RawFd,
        flags: Option<c_int>,
    },
    Sleep {
        time: (i64, i64),
        place: Place,
    },
    ClockSleep {
        clock: c_int,
        flags: c_int,
        time: (i64, i64),
        place: Place,
    },
    SendFile {
        to: RawFd,
        from: RawFd,
        at: Option<i64>,
        count: usize,
    },
    Splice {
        from: RawFd,
        to: RawFd,
        count: usize,
        flags: u32,
    },
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Default)]
pub(crate) struct Told {
    pub(crate) result: i64,
    pub(crate) errno: c_int,
    pub(crate) bytes: Vec<u8>,
    pub(crate) more: Vec<i64>,
}

fn told(result: impl Into<i64>, bytes: Vec<u8>, more: Vec<i64>) -> Told {
    let result = result.into();
    let errno = if result < 0 { crate::c::errno() } else { 0 };
    Told { result, errno, bytes, more }
}

/// Bytes to send: each says where it is.
pub(crate) fn pattern(length: usize) -> Vec<u8> {
    (0..length).map(|at| b'a' + (at % 23) as u8).collect()
}

fn vectors(parts: &[usize], bytes: &mut [u8]) -> Vec<iovec> {
    let mut at = 0;
    let part = |&length: &usize| {
        let part = iovec { iov_base: bytes[at..].as_mut_ptr().cast(), iov_len: length };
        at += length;
        part
    };
    parts.iter().map(part).collect()
}

pub(crate) fn span((seconds, nanos): (i64, i64)) -> timespec {
    timespec { tv_sec: seconds, tv_nsec: nanos }
}

fn shortened(mut bytes: Vec<u8>, result: i64) -> Vec<u8> {
    bytes.truncate(usize::try_from(result).unwrap_or(0));
    bytes
}

impl Call {
    /// Makes it.
    pub(crate) fn make(&self) -> Told {
        // SAFETY: good pointers lead to what is as large as said; bad ones to nowhere.
        unsafe {
            crate::c::set_errno(0);
            match self {
                Call::Read { .. }
                | Call::ReadParts { .. }
                | Call::Receive { .. }
                | Call::ReceiveMessage { .. }
                | Call::ReceiveMany { .. } => self.receive(),
                Call::Poll { .. }
                | Call::PollMasked { .. }
                | Call::Select { .. }
                | Call::Events { .. } => self.ask(),
                Call::Blocking { .. }
                | Call::Limit { .. }
                | Call::Shutdown { .. }
                | Call::Close { .. }
                | Call::Duplicate { .. }
                | Call::Sleep { .. }
                | Call::ClockSleep { .. } => self.other(),
                _ => self.send(),
            }
        }
    }

    unsafe fn receive(&self) -> Told {
        // SAFETY: as said in `make`.
        unsafe {
            match self {
                Call::Read { fd, length, place } => {
                    let mut to = vec![0; *length];
                    let result = libc::read(*fd, place.of(to.as_mut_ptr().cast()), *length) as i64;
                    told(result, shortened(to, result), vec![])
                }
                Call::ReadParts { fd, parts, count, place } => {
                    let mut to = vec![0; parts.iter().sum()];
                    let mut all = vectors(parts, &mut to);
                    let count = count.unwrap_or(all.len() as c_int);
                    let result = libc::readv(*fd, place.of(all.as_mut_ptr()), count) as i64;
                    told(result, shortened(to, result), vec![])
                }
                Call::Receive { fd, length, flags, place, named } => {
                    let mut to = vec![0_u8; *length];
                    let at = place.of(to.as_mut_ptr().cast::<c_void>());
                    let mut name: libc::sockaddr_storage = mem::zeroed();
                    let mut room = size_of_val(&name) as u32;
                    let result = if *named {
                        let name = (&raw mut name).cast();
                        libc::recvfrom(*fd, at, *length, *flags, name, &raw mut room)
                    } else {
                        libc::recv(*fd, at, *length, *flags)
                    } as i64;
                    let more = vec![i64::from(name.ss_family), i64::from(room)];
                    told(result, shortened(to, result), more)
                }
                Call::ReceiveMessage { fd, parts, flags, place, room } => {
                    let mut to = vec![0; parts.iter().sum()];
                    let mut all = vectors(parts, &mut to);
                    let mut control = vec![0_u8; *room];
                    let mut message: msghdr = mem::zeroed();
                    message.msg_iov = all.as_mut_ptr();
                    message.msg_iovlen = all.len();
                    message.msg_control = control.as_mut_ptr().cast();
                    message.msg_controllen = *room;
                    let result = libc::recvmsg(*fd, place.of(&raw mut message), *flags) as i64;
                    let more = vec![i64::from(message.msg_flags), message.msg_controllen as i64];
                    told(result, shortened(to, result), more)
                }
                Call::ReceiveMany { fd, count, flags, place } => {
                    let mut bytes = vec![[0_u8; 8]; *count as usize];
                    let (mut messages, _parts) = many(&mut bytes);
                    let (at, none) = (place.of(messages.as_mut_ptr()), ptr::null_mut());
                    let result = libc::recvmmsg(*fd, at, *count, *flags, none);
                    let more = messages.iter().take(result.max(0) as usize);
                    let more = more.map(|message| i64::from(message.msg_len)).collect();
                    told(result, bytes.concat(), more)
                }
                _ => unreachable!(),
            }
        }
    }

    unsafe fn send(&self) -> Told {
        // SAFETY: as said in `make`.
        unsafe {
            match self {
                Call::Write { fd, length, place } => {
                    let mut from = pattern(*length);
                    let at = place.of(from.as_mut_ptr().cast::<c_void>());
                    told(libc::write(*fd, at, *length) as i64, vec![], vec![])
                }
                Call::WriteParts { fd, parts, count, place } => {
                    let mut from = pattern(parts.iter().sum());
                    let mut all = vectors(parts, &mut from);
                    let count = count.unwrap_or(all.len() as c_int);
                    let at = place.of(all.as_mut_ptr());
                    told(libc::writev(*fd, at, count) as i64, vec![], vec![])
                }
                Call::Send { fd, length, flags, place } => {
                    let mut from = pattern(*length);
                    let at = place.of(from.as_mut_ptr().cast::<c_void>());
                    let flags = *flags | libc::MSG_NOSIGNAL;
                    told(libc::send(*fd, at, *length, flags) as i64, vec![], vec![])
                }
                Call::SendMessage { fd, parts, flags, place } => {
                    let mut from = pattern(parts.iter().sum());
                    let mut all = vectors(parts, &mut from);
                    let mut message: msghdr = mem::zeroed();
                    message.msg_iov = all.as_mut_ptr();
                    message.msg_iovlen = all.len();
                    let flags = *flags | libc::MSG_NOSIGNAL;
                    let at = place.of(&raw mut message);
                    told(libc::sendmsg(*fd, at, flags) as i64, vec![], vec![])
                }
                Call::SendMany { fd, count, flags, place } => {
                    let mut bytes = vec![*b"message."; *count as usize];
                    let (mut messages, _parts) = many(&mut bytes);
                    let at = place.of(messages.as_mut_ptr());
                    let flags = *flags | libc::MSG_NOSIGNAL;
                    let result = libc::sendmmsg(*fd, at, *count, flags);
                    let more = messages.iter().map(|message| i64::from(message.msg_len)).collect();
                    told(result, vec![], more)
                }
                Call::Accept { fd, flags, place } => {
                    let mut name: libc::sockaddr_storage = mem::zeroed();
                    let mut room = size_of_val(&name) as u32;
                    let (name, length) = (place.of((&raw mut name).cast()), &raw mut room);
                    let result = match flags {
                        Some(flags) => libc::accept4(*fd, name, length, *flags),
                        None => libc::accept(*fd, name, length),
                    };
                    let told = told(result.min(0), vec![], vec![]);
                    if result >= 0 {
                        libc::close(result);
                    }
                    told
                }
                Call::Connect { fd, to, place } => {
                    let mut name: libc::sockaddr_storage = mem::zeroed();
                    let mut room = size_of_val(&name) as u32;
                    let name = (&raw mut name).cast::<sockaddr>();
                    libc::getsockname(*to, name, &raw mut room);
                    crate::c::set_errno(0);
                    told(libc::connect(*fd, place.of(name), room), vec![], vec![])
                }
                Call::SendFile { to, from, at, count } => {
                    let mut place = at.unwrap_or(0);
                    let at = if at.is_some() { &raw mut place } else { ptr::null_mut() };
                    let result = libc::sendfile(*to, *from, at, *count) as i64;
                    told(result, vec![], vec![place])
                }
                Call::Splice { from, to, count, flags } => {
                    let none = ptr::null_mut();
                    let result = libc::splice(*from, none, *to, none, *count, *flags) as i64;
                    told(result, vec![], vec![])
                }
                _ => unreachable!(),
            }
        }
    }

    unsafe fn ask(&self) -> Told {
        // SAFETY: as said in `make`.
        unsafe {
            match self {
                Call::Poll { fds, count, timeout, place } => {
                    let mut all = asked(fds);
                    let count = count.unwrap_or(all.len() as u64);
                    let result = libc::poll(place.of(all.as_mut_ptr()), count, *timeout);
                    told(result, vec![], all.iter().map(|one| i64::from(one.revents)).collect())
                }
                Call::PollMasked { fds, time } => {
                    let mut all = asked(fds);
                    let mask: libc::sigset_t = mem::zeroed();
                    let time = time.map(span);
                    let at = time.as_ref().map_or(ptr::null(), ptr::from_ref);
                    let result =
                        libc::ppoll(all.as_mut_ptr(), all.len() as u64, at, &raw const mask);
                    told(result, vec![], all.iter().map(|one| i64::from(one.revents)).collect())
                }
                Call::Select { sets, count, time, masked, place } => {
                    let mut room: [libc::fd_set; 3] = mem::zeroed();
                    for (set, fds) in room.iter_mut().zip(sets) {
                        fds.iter().for_each(|&fd| libc::FD_SET(fd, set));
                    }
                    let [a, b, c] = &mut room;
                    let [a, b, c] = [place.of(a), ptr::from_mut(b), ptr::from_mut(c)];
                    let mask: libc::sigset_t = mem::zeroed();
                    let result = if *masked {
                        let time = time.map(|(s, us)| span((s, us * 1000)));
                        let at = time.as_ref().map_or(ptr::null(), ptr::from_ref);
                        libc::pselect(*count, a, b, c, at, &raw const mask)
                    } else {
                        let mut time = time.map(|(s, us)| timeval { tv_sec: s, tv_usec: us });
                        let at = time.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
                        libc::select(*count, a, b, c, at)
                    };
                    let set = |(set, fds): (&libc::fd_set, &Vec<RawFd>)| {
                        fds.iter().map(|&fd| i64::from(libc::FD_ISSET(fd, set))).collect::<Vec<_>>()
                    };
                    told(result, vec![], room.iter().zip(sets).flat_map(set).collect())
                }
                Call::Events { fd, most, timeout, place } => {
                    let mut room = [epoll_event { events: 0, u64: 0 }; 8];
                    let at = place.of(room.as_mut_ptr());
                    let result = libc::epoll_wait(*fd, at, *most, *timeout);
                    let mut more =
                        room.map(|event| i64::from(event.events) << 32 | event.u64 as i64);
                    more.sort_unstable();
                    told(result, vec![], more.to_vec())
                }
                _ => unreachable!(),
            }
        }
    }

    unsafe fn other(&self) -> Told {
        // SAFETY: as said in `make`.
        unsafe {
            let plain = |result: c_int| told(result, vec![], vec![]);
            match self {
                Call::Blocking { fd, on } => {
                    let flags = libc::fcntl(*fd, libc::F_GETFL);
                    let bit = if *on { 0 } else { libc::O_NONBLOCK };
                    plain(libc::fcntl(*fd, libc::F_SETFL, flags & !libc::O_NONBLOCK | bit))
                }
                Call::Limit { fd, name, ms } => {
                    let time = timeval { tv_sec: ms / 1000, tv_usec: ms % 1000 * 1000 };
                    let length = size_of_val(&time) as u32;
                    let at = (&raw const time).cast();
                    plain(libc::setsockopt(*fd, libc::SOL_SOCKET, *name, at, length))
                }
                Call::Shutdown { fd, how } => plain(libc::shutdown(*fd, *how)),
                Call::Close { fd } => plain(libc::close(*fd)),
                Call::Duplicate { from, to, flags } => {
                    let result = match flags {
                        Some(flags) => libc::dup3(*from, *to, *flags),
                        None => libc::dup2(*from, *to),
                    };
                    plain(result.min(0))
                }
                Call::Sleep { time, place } => {
                    let mut time = span(*time);
                    plain(libc::nanosleep(place.of(&raw mut time), ptr::null_mut()))
                }
                Call::ClockSleep { clock, flags, time, place } => {
                    let mut time = span(*time);
                    let at = place.of(&raw mut time);
                    plain(libc::clock_nanosleep(*clock, *flags, at, ptr::null_mut()))
                }
                _ => unreachable!(),
            }
        }
    }
}

fn asked(fds: &[(RawFd, i16)]) -> Vec<pollfd> {
    fds.iter().map(|&(fd, events)| pollfd { fd, events, revents: 0 }).collect()
}

fn many(bytes: &mut [[u8; 8]]) -> (Vec<mmsghdr>, Vec<iovec>) {
    let part = |bytes: &mut [u8; 8]| iovec { iov_base: bytes.as_mut_ptr().cast(), iov_len: 8 };
    let mut parts: Vec<iovec> = bytes.iter_mut().map(part).collect();
    // SAFETY: zeros are a message of nothing.
    let mut messages = vec![unsafe { mem::zeroed::<mmsghdr>() }; parts.len()];
    for (message, part) in messages.iter_mut().zip(&mut parts) {
        message.msg_hdr.msg_iov = part;
        message.msg_hdr.msg_iovlen = 1;
    }
    (messages, parts)
}
