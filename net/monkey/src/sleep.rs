//! `nanosleep`, `clock_nanosleep`, `usleep`, `sleep`, `sched_yield`.
//!
//! A kill or a time-out cuts a sleep short, which then says that it is over: std takes any error but `EINTR` for a bug, and sleeps
//! on after that. A sleep that begins when one is due already lasts its time, or a loop around it would
//! keep all others from running. Where signals are concerned, a sleep in a task is not interrupted by any.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.

use std::ffi::{c_int, c_uint};
use std::ptr;
use std::time::Duration;

use libc::{clockid_t, timespec, useconds_t};
use osier_runtime::clock;
use osier_runtime::foreign::{self, Met};

use crate::errno::{Answer, Kept, give};
use crate::gate::{in_task, may_wait};
use crate::real::{is_readable, kernel};
use crate::sqlite;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] =
    symbols![nanosleep, clock_nanosleep, usleep, sleep, sched_yield];

/// See nanosleep(2).
///
/// # Safety
/// See nanosleep(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn nanosleep(length: *const timespec, left: *mut timespec) -> c_int {
    // SAFETY: the caller's promise.
    give(unsafe { rest(libc::CLOCK_REALTIME, 0, length, left) })
}

/// See clock_nanosleep(2).
///
/// # Safety
/// See clock_nanosleep(2).
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn clock_nanosleep(
    clock: clockid_t,
    flags: c_int,
    time: *const timespec,
    left: *mut timespec,
) -> c_int {
    // SAFETY: the caller's promise.
    match unsafe { rest(clock, flags, time, left) } {
        Ok(_) => 0,
        Err(error) => error,
    }
}

/// See usleep(3).
#[unsafe(no_mangle)]
pub(crate) extern "C" fn usleep(length: useconds_t) -> c_int {
    let length = timespec {
        tv_sec: i64::from(length / 1_000_000),
        tv_nsec: i64::from(length % 1_000_000) * 1000,
    };
    // SAFETY: the structure is our own.
    give(unsafe { rest(libc::CLOCK_REALTIME, 0, &raw const length, ptr::null_mut()) })
}

/// See sleep(3).
#[unsafe(no_mangle)]
pub(crate) extern "C" fn sleep(seconds: c_uint) -> c_uint {
    let mut time = timespec { tv_sec: i64::from(seconds), tv_nsec: 0 };
    let place = &raw mut time;
    // SAFETY: the structure is our own.
    match unsafe { rest(libc::CLOCK_REALTIME, 0, place, place) } {
        Ok(_) => 0,
        Err(error) => {
            crate::errno::set(error);
            time.tv_sec as c_uint + c_uint::from(time.tv_nsec >= 500_000_000)
        }
    }
}

/// See sched_yield(2).
#[unsafe(no_mangle)]
pub(crate) extern "C" fn sched_yield() -> c_int {
    if in_task() && may_wait() && !sqlite::is_below() {
        let _kept = Kept::here();
        foreign::give_way();
        return 0;
    }
    // SAFETY: the call takes nothing.
    give(unsafe { kernel!(SYS_sched_yield) })
}

/// # Safety
/// As clock_nanosleep(2).
unsafe fn rest(
    clock: clockid_t,
    flags: c_int,
    time: *const timespec,
    left: *mut timespec,
) -> Answer {
    let is_known =
        matches!(clock, libc::CLOCK_REALTIME | libc::CLOCK_MONOTONIC | libc::CLOCK_BOOTTIME);
    let is_there = || is_readable(time.cast(), size_of::<timespec>());
    if is_known && in_task() && may_wait() && is_there() && !sqlite::is_below() {
        // SAFETY: the caller's promise.
        let time = unsafe { *time };
        if let Some(length) = length(clock, flags, time) {
            return in_hub(length);
        }
    }
    // SAFETY: the caller's promise.
    unsafe { kernel!(SYS_clock_nanosleep, clock, flags, time, left) }
}

/// How long that is; none if it is no time.
fn length(clock: clockid_t, flags: c_int, time: timespec) -> Option<Duration> {
    let time = duration(time)?;
    if flags & libc::TIMER_ABSTIME == 0 {
        return Some(time);
    }
    let mut now = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the structure is filled.
    unsafe { libc::clock_gettime(clock, &raw mut now) };
    Some(time.saturating_sub(duration(now)?))
}

pub(crate) fn duration(time: timespec) -> Option<Duration> {
    let is_fraction = (0..1_000_000_000).contains(&time.tv_nsec);
    (time.tv_sec >= 0 && is_fraction)
        .then(|| Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
}

fn in_hub(length: Duration) -> Answer {
    let _kept = Kept::here();
    if length.is_zero() {
        foreign::give_way();
        return Ok(0);
    }
    match foreign::sleep(clock::deadline(length)) {
        Met::Ready | Met::TimedOut | Met::Cancelled | Met::Gone => Ok(0),
    }
}
