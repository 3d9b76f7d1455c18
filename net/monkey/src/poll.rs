//! `poll`, `ppoll`, `epoll_wait`, `epoll_pwait`: asked without waiting, and a wait in the hub for all of the descriptors.
//!
//! An epoll instance is a descriptor that can be waited for like any other. A call with a mask of signals wants to be
//! interrupted by one: the kernel is asked with that mask every few milliseconds.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.

use std::ffi::c_int;
use std::ptr;
use std::time::{Duration, Instant};

use libc::{epoll_event, nfds_t, pollfd, sigset_t, size_t, timespec};
use osier_runtime::clock;
use osier_runtime::foreign::{self, Met};

use crate::errno::{Answer, Kept, give};
use crate::gate::{in_task, may_wait};
use crate::patience::{PAUSE, VAIN};
use crate::real::kernel;
use crate::receive::check;
use crate::sleep::duration;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] =
    symbols![poll, ppoll, __poll_chk, __ppoll_chk, epoll_wait, epoll_pwait];

/// How often the kernel is asked that is to look for signals.
const BY_AND_BY: Duration = Duration::from_millis(5);
/// The kernel's signals, in bytes.
pub(crate) const MASK: usize = 8;

/// See poll(2).
///
/// # Safety
/// See poll(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn poll(fds: *mut pollfd, count: nfds_t, timeout: c_int) -> c_int {
    // SAFETY: the caller's promise.
    give(unsafe { poll_all(fds, count, timeout) })
}

/// As `poll`, of a program that is built with checks of its buffers.
///
/// # Safety
/// See poll(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __poll_chk(
    fds: *mut pollfd,
    count: nfds_t,
    timeout: c_int,
    room: size_t,
) -> c_int {
    check(count as usize, room / size_of::<pollfd>());
    // SAFETY: the caller's promise.
    give(unsafe { poll_all(fds, count, timeout) })
}

/// See ppoll(2).
///
/// # Safety
/// See ppoll(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn ppoll(
    fds: *mut pollfd,
    count: nfds_t,
    timeout: *const timespec,
    mask: *const sigset_t,
) -> c_int {
    // SAFETY: the caller's promise.
    give(unsafe { poll_masked(fds, count, timeout, mask) })
}

/// As `ppoll`, of a program that is built with checks of its buffers.
///
/// # Safety
/// See ppoll(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn __ppoll_chk(
    fds: *mut pollfd,
    count: nfds_t,
    timeout: *const timespec,
    mask: *const sigset_t,
    room: size_t,
) -> c_int {
    check(count as usize, room / size_of::<pollfd>());
    // SAFETY: the caller's promise.
    give(unsafe { poll_masked(fds, count, timeout, mask) })
}

/// See epoll_wait(2).
///
/// # Safety
/// See epoll_wait(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn epoll_wait(
    instance: c_int,
    events: *mut epoll_event,
    most: c_int,
    timeout: c_int,
) -> c_int {
    // SAFETY: the caller's promise.
    give(unsafe { wait_for_events(instance, events, most, timeout, ptr::null()) })
}

/// See epoll_wait(2).
///
/// # Safety
/// See epoll_wait(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn epoll_pwait(
    instance: c_int,
    events: *mut epoll_event,
    most: c_int,
    timeout: c_int,
    mask: *const sigset_t,
) -> c_int {
    // SAFETY: the caller's promise.
    give(unsafe { wait_for_events(instance, events, most, timeout, mask) })
}

/// # Safety
/// As poll(2).
unsafe fn poll_all(fds: *mut pollfd, count: nfds_t, timeout: c_int) -> Answer {
    // SAFETY: the caller's promise.
    let call = |timeout: c_int| unsafe { kernel!(SYS_poll, fds, count, timeout) };
    if timeout == 0 || !in_task() {
        return call(timeout);
    }
    let first = call(0);
    if first != Ok(0) || !may_wait() {
        return if first == Ok(0) { call(timeout) } else { first };
    }
    // SAFETY: the kernel has just read so many.
    let wants = unsafe { wants(fds, count) };
    in_hub(&wants, in_milliseconds(timeout), false, || call(0))
}

/// # Safety
/// As ppoll(2).
unsafe fn poll_masked(
    fds: *mut pollfd,
    count: nfds_t,
    timeout: *const timespec,
    mask: *const sigset_t,
) -> Answer {
    let call = |timeout: *const timespec| {
        // The kernel writes back how much is left, and libc does not.
        // SAFETY: the caller's promise.
        let mut copy = (!timeout.is_null()).then(|| unsafe { *timeout });
        let timeout = copy.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
        // SAFETY: the caller's promise.
        unsafe { kernel!(SYS_ppoll, fds, count, timeout, mask, MASK) }
    };
    let at_once = timespec { tv_sec: 0, tv_nsec: 0 };
    if !in_task() {
        return call(timeout);
    }
    // SAFETY: the caller's promise.
    let limit = match unsafe { timeout.as_ref() } {
        None => None,
        Some(&timeout) => match duration(timeout) {
            Some(limit) => Some(limit),
            None => return Err(libc::EINVAL),
        },
    };
    let first = call(&raw const at_once);
    if first != Ok(0) || limit == Some(Duration::ZERO) {
        return first;
    }
    if !may_wait() {
        return call(timeout);
    }
    // SAFETY: the kernel has just read so many.
    let wants = unsafe { wants(fds, count) };
    let deadline = limit.and_then(clock::deadline);
    in_hub(&wants, deadline, !mask.is_null(), || call(&raw const at_once))
}

/// # Safety
/// As epoll_pwait(2).
unsafe fn wait_for_events(
    instance: c_int,
    events: *mut epoll_event,
    most: c_int,
    timeout: c_int,
    mask: *const sigset_t,
) -> Answer {
    // SAFETY: the caller's promise.
    let call = |timeout: c_int| unsafe {
        kernel!(SYS_epoll_pwait, instance, events, most, timeout, mask, MASK)
    };
    if timeout == 0 || !in_task() {
        return call(timeout);
    }
    let first = call(0);
    if first != Ok(0) || !may_wait() {
        return if first == Ok(0) { call(timeout) } else { first };
    }
    let wants = [(instance, libc::EPOLLIN as u32)];
    in_hub(&wants, in_milliseconds(timeout), !mask.is_null(), || call(0))
}

fn in_milliseconds(timeout: c_int) -> Option<Instant> {
    let length = u64::try_from(timeout).ok().map(Duration::from_millis);
    length.and_then(clock::deadline)
}

/// What is to be waited for: each number once, with all that is asked of it.
///
/// # Safety
/// There are so many.
unsafe fn wants(fds: *const pollfd, count: nfds_t) -> Vec<(c_int, u32)> {
    if count == 0 {
        return Vec::new();
    }
    // SAFETY: the caller's promise.
    let fds = unsafe { std::slice::from_raw_parts(fds, count as usize) };
    let wants = fds.iter().filter(|asked| asked.fd >= 0);
    merge(wants.map(|asked| (asked.fd, u32::from(asked.events as u16))).collect())
}

/// Brings what is wanted of one descriptor together.
pub(crate) fn merge(mut wants: Vec<(c_int, u32)>) -> Vec<(c_int, u32)> {
    wants.sort_unstable();
    wants.dedup_by(|next, first| {
        let same = next.0 == first.0;
        if same {
            first.1 |= next.1;
        }
        same
    });
    wants
}

/// Waits until asking has a result, other than none, or the deadline comes.
pub(crate) fn in_hub(
    wants: &[(c_int, u32)],
    deadline: Option<Instant>,
    for_signals: bool,
    ask: impl Fn() -> Answer,
) -> Answer {
    let _kept = Kept::here();
    let mut vain = 0;
    loop {
        let look = for_signals.then(|| clock::deadline(BY_AND_BY)).flatten();
        let until = look.into_iter().chain(deadline).min();
        let met =
            if wants.is_empty() { foreign::sleep(until) } else { foreign::wait(wants, until) };
        if met == Met::Cancelled {
            return Err(libc::ECANCELED);
        }
        vain = if met == Met::Ready { vain + 1 } else { 0 };
        // A hang-up is reported to whom it does not concern as well, again and again.
        if vain > VAIN && foreign::sleep(clock::deadline(PAUSE).min(until)) == Met::Cancelled {
            return Err(libc::ECANCELED);
        }
        let answer = ask();
        if answer != Ok(0) || deadline.is_some_and(|at| at <= clock::now()) {
            return answer;
        }
    }
}
