//! A call that was said not to block, and might all the same: ended by a signal when it does.
//!
//! `accept` has no flag for one call, and `O_NONBLOCK` is shared with whoever has the same open file: turned on for a moment it
//! would give other processes and threads an `EAGAIN` they never asked for. So it is first asked whether there is a
//! connection; and if somebody else is faster, a timer of this OS thread ends the call a millisecond later.
//! The signal is the last real-time one that nobody uses. Where it is blocked, or there is no timer, the call is not bounded.
//!
//! # Why unsafe
//! Timers and actions of signals are structures of the kernel's and libc's.

use std::cell::Cell;
use std::ffi::c_int;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::errno::{Answer, Kept};
use crate::real::kernel;

/// After that long, and again and again: a first signal may come before the call has begun. In nanoseconds.
const LIMIT: i64 = 1_000_000;

/// The signal; 0: none was chosen yet, -1: there is none.
static SIGNAL: AtomicI32 = AtomicI32::new(0);

thread_local! {
    /// This thread's timer, as the kernel numbers them; -1: it has none. Not deleted: it goes with the process.
    static TIMER: Cell<c_int> = const { Cell::new(-1) };
}

/// Calls `call`, which fails with `EINTR` if it blocks for long.
pub(crate) fn bounded(call: impl FnOnce() -> Answer) -> Answer {
    let timer = start();
    let answer = call();
    if let Some(timer) = timer {
        let _ = set(timer, 0);
    }
    answer
}

/// Starts this thread's timer; none if there is none.
fn start() -> Option<c_int> {
    let known = TIMER.get();
    // In a forked child the number is of a timer that stayed behind.
    if known >= 0 && set(known, LIMIT).is_ok() {
        return Some(known);
    }
    let signal = signal()?;
    let timer = create(signal).ok()?;
    TIMER.set(timer);
    set(timer, LIMIT).ok().map(|_| timer)
}

fn set(timer: c_int, every: i64) -> Answer {
    let every = libc::timespec { tv_sec: 0, tv_nsec: every };
    let time = libc::itimerspec { it_interval: every, it_value: every };
    let nothing = ptr::null_mut::<libc::itimerspec>();
    // SAFETY: the kernel reads the structure.
    unsafe { kernel!(SYS_timer_settime, timer, 0, &raw const time, nothing) }
}

/// A timer that sends the signal to this OS thread.
fn create(signal: c_int) -> Answer<c_int> {
    // SAFETY: the call takes nothing; zeros are numbers and null.
    let (thread, mut event) = unsafe { (kernel!(SYS_gettid)?, mem::zeroed::<libc::sigevent>()) };
    event.sigev_notify = libc::SIGEV_THREAD_ID;
    event.sigev_signo = signal;
    event.sigev_notify_thread_id = thread as c_int;
    let mut timer: c_int = -1;
    // SAFETY: the kernel reads the one and writes the other.
    unsafe { kernel!(SYS_timer_create, libc::CLOCK_MONOTONIC, &raw const event, &raw mut timer) }?;
    Ok(timer)
}

/// The signal, with a handler.
fn signal() -> Option<c_int> {
    let known = SIGNAL.load(Ordering::Relaxed);
    if known != 0 {
        return (known > 0).then_some(known);
    }
    let _kept = Kept::here();
    let free = (libc::SIGRTMIN()..=libc::SIGRTMAX()).rev().find(|&signal| take(signal));
    // Two threads at once may take one each; both do.
    SIGNAL.store(free.unwrap_or(-1), Ordering::Relaxed);
    free
}

/// Gives a signal our handler, if it has none.
fn take(signal: c_int) -> bool {
    // SAFETY: the structures are libc's to read and fill, and the handler does nothing at all.
    unsafe {
        let mut present: libc::sigaction = mem::zeroed();
        if libc::sigaction(signal, ptr::null(), &raw mut present) != 0
            || present.sa_sigaction != libc::SIG_DFL
        {
            return false;
        }
        let mut ours: libc::sigaction = mem::zeroed();
        ours.sa_sigaction = ignore as *const () as usize;
        libc::sigaction(signal, &raw const ours, ptr::null_mut()) == 0
    }
}

/// Without `SA_RESTART`, to come is all it has to do.
extern "C" fn ignore(_signal: c_int) {}
