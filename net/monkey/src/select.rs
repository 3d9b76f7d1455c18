//! `select` and `pselect`: asked without waiting, and a wait in the hub for all of the descriptors.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.

use std::ffi::c_int;
use std::ptr;
use std::time::{Duration, Instant};

use libc::{fd_set, sigset_t, timespec, timeval};
use osier_runtime::clock;

use crate::errno::{Answer, give};
use crate::gate::{in_task, may_wait};
use crate::poll::{MASK, in_hub, merge};
use crate::real::{is_readable, kernel};
use crate::sleep::duration;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![select, pselect];

/// Bytes of a word of a set.
const WORD: usize = size_of::<u64>();

/// See select(2).
///
/// # Safety
/// See select(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn select(
    count: c_int,
    read: *mut fd_set,
    write: *mut fd_set,
    except: *mut fd_set,
    timeout: *mut timeval,
) -> c_int {
    let sets = [read, write, except];
    // SAFETY: the caller's promise.
    give(unsafe { select_for(count, sets, timeout) })
}

/// See select(2).
///
/// # Safety
/// See select(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn pselect(
    count: c_int,
    read: *mut fd_set,
    write: *mut fd_set,
    except: *mut fd_set,
    timeout: *const timespec,
    mask: *const sigset_t,
) -> c_int {
    let sets = [read, write, except];
    // SAFETY: the caller's promise.
    give(unsafe { select_masked(count, sets, timeout, mask) })
}

/// # Safety
/// As select(2).
unsafe fn select_for(count: c_int, sets: [*mut fd_set; 3], timeout: *mut timeval) -> Answer {
    // SAFETY: the caller's promise.
    let block = || unsafe { kernel!(SYS_select, count, sets[0], sets[1], sets[2], timeout) };
    // SAFETY: the same.
    let limit = match unsafe { timeout.as_ref() } {
        _ if !in_task() || !may_wait() => return block(),
        None => None,
        // More than a second's microseconds are taken, as libc does.
        Some(time) if time.tv_sec >= 0 && time.tv_usec >= 0 => Some(
            Duration::from_secs(time.tv_sec as u64) + Duration::from_micros(time.tv_usec as u64),
        ),
        Some(_) => return Err(libc::EINVAL),
    };
    let deadline = limit.and_then(clock::deadline);
    let ask = |count: c_int, sets: [*mut fd_set; 3]| {
        let mut at_once = timeval { tv_sec: 0, tv_usec: 0 };
        // SAFETY: the caller's promise.
        unsafe { kernel!(SYS_select, count, sets[0], sets[1], sets[2], &raw mut at_once) }
    };
    // SAFETY: the same.
    let answer = unsafe { wait(count, sets, (limit, deadline), false, ask) };
    // SAFETY: the same. Linux says how much is left.
    if let (Some(time), Some(at)) = (unsafe { timeout.as_mut() }, deadline) {
        let left = at.saturating_duration_since(clock::now());
        time.tv_sec = left.as_secs() as i64;
        time.tv_usec = i64::from(left.subsec_micros());
    }
    answer
}

/// # Safety
/// As pselect(2).
unsafe fn select_masked(
    count: c_int,
    sets: [*mut fd_set; 3],
    timeout: *const timespec,
    mask: *const sigset_t,
) -> Answer {
    let call = |count: c_int, sets: [*mut fd_set; 3], timeout: Option<timespec>| {
        // The kernel writes back how much is left, and libc does not.
        let mut copy = timeout;
        let timeout = copy.as_mut().map_or(ptr::null_mut(), ptr::from_mut);
        let mask = (mask, MASK);
        // SAFETY: the caller's promise.
        unsafe { kernel!(SYS_pselect6, count, sets[0], sets[1], sets[2], timeout, &raw const mask) }
    };
    // SAFETY: the same.
    let given = unsafe { timeout.as_ref() }.copied();
    if !in_task() || !may_wait() {
        return call(count, sets, given);
    }
    let limit = match given.map(duration) {
        Some(None) => return Err(libc::EINVAL),
        limit => limit.flatten(),
    };
    let at_once = timespec { tv_sec: 0, tv_nsec: 0 };
    let deadline = limit.and_then(clock::deadline);
    let ask = |count, sets| call(count, sets, Some(at_once));
    // SAFETY: the same.
    unsafe { wait(count, sets, (limit, deadline), !mask.is_null(), ask) }
}

/// Asks and waits, with the sets as they were each time.
///
/// # Safety
/// The sets are null or as large as `count` says.
unsafe fn wait(
    count: c_int,
    sets: [*mut fd_set; 3],
    (limit, deadline): (Option<Duration>, Option<Instant>),
    for_signals: bool,
    ask: impl Fn(c_int, [*mut fd_set; 3]) -> Answer,
) -> Answer {
    if limit == Some(Duration::ZERO) || count < 0 {
        return ask(count, sets);
    }
    let Some(count) = bound(count) else { return ask(count, sets) };
    let words = (count as usize).div_ceil(64);
    let is_there = |set: &*mut fd_set| set.is_null() || is_readable(set.cast(), words * WORD);
    if !sets.iter().all(is_there) {
        return Err(libc::EFAULT);
    }
    // SAFETY: the caller's promise.
    let asked = sets.map(|set| unsafe { copy_of(set, words) });
    let first = ask(count, sets);
    if first != Ok(0) {
        return first;
    }
    let wants = [libc::EPOLLIN | libc::EPOLLRDHUP, libc::EPOLLOUT, libc::EPOLLPRI];
    let wants = asked.iter().zip(wants).flat_map(|(set, events)| {
        numbers(set, count).map(move |fd| (fd, events as u32)).collect::<Vec<_>>()
    });
    let wants = merge(wants.collect());
    let ask = || {
        for (set, asked) in sets.iter().zip(&asked) {
            if !set.is_null() {
                // SAFETY: as large as its copy.
                unsafe { ptr::copy_nonoverlapping(asked.as_ptr(), set.cast(), asked.len()) };
            }
        }
        ask(count, sets)
    };
    in_hub(&wants, deadline, for_signals, ask)
}

/// How far the kernel looks at sets: no further than its table of descriptors goes, whatever the caller says.
///
/// His sets may end there. None if that is not known.
fn bound(count: c_int) -> Option<c_int> {
    if count as usize <= libc::FD_SETSIZE {
        return Some(count);
    }
    let mut text = [0_u8; 4096];
    // SAFETY: a path that ends with a zero, and room for what is read.
    let length = unsafe {
        let path = c"/proc/self/status".as_ptr();
        let file =
            kernel!(SYS_openat, libc::AT_FDCWD, path, libc::O_RDONLY | libc::O_CLOEXEC).ok()?;
        let length = kernel!(SYS_read, file, text.as_mut_ptr(), text.len());
        let _ = kernel!(SYS_close, file);
        length.ok()?
    };
    let text = std::str::from_utf8(&text[..length]).ok()?;
    let size = text.lines().find_map(|line| line.strip_prefix("FDSize:"))?;
    Some(count.min(size.trim().parse().ok()?))
}

/// # Safety
/// It is null or has so many words.
unsafe fn copy_of(set: *const fd_set, words: usize) -> Vec<u64> {
    if set.is_null() || words == 0 {
        return Vec::new();
    }
    // SAFETY: the caller's promise.
    unsafe { std::slice::from_raw_parts(set.cast::<u64>(), words) }.to_vec()
}

/// The numbers that are in a set.
fn numbers(set: &[u64], count: c_int) -> impl Iterator<Item = c_int> {
    (0..count)
        .filter(move |&fd| set.get(fd as usize / 64).is_some_and(|word| word & 1 << (fd % 64) != 0))
}
