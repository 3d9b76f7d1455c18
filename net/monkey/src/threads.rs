//! `pthread_join`: what std's `JoinHandle::join` waits in.
//!
//! libc waits for a word that the kernel clears when the thread ends, and wakes for: by itself, so no call of ours sees that. A thread
//! has a descriptor that becomes readable then (Linux 6.9); where there is none it is asked again and again. The
//! thread itself is given back by libc's own call, once that need not wait. Not by a helper thread for each: it would be
//! the fifth in a process that is to have four, and a pool of them could be full of those that wait for each other.
//!
//! A kill does not end it: std panics if a thread cannot be joined. Two threads whose tasks join each other wait for ever; libc
//! finds that out only where it waits itself.
//!
//! # Why unsafe
//! It takes the place of libc's function of that name, calls that, and reads the number of a thread where libc keeps it.

use std::ffi::{c_int, c_void};
use std::mem::transmute;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use libc::pthread_t;
use osier_runtime::Reason;
use osier_runtime::beneath::Ears;

use crate::asking::Asking;
use crate::errno::keeping;
use crate::futex::gate;
use crate::pidfd;
use crate::real::raw;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![pthread_join];

const REASON: Reason = Reason::new("joining an OS thread");

/// Where libc keeps a thread's number within what a `pthread_t` is to; asked for before it is relied upon.
const NUMBER: usize = 720;

type Join = unsafe extern "C" fn(pthread_t, *mut *mut c_void) -> c_int;

unsafe extern "C" {
    fn pthread_tryjoin_np(thread: pthread_t, result: *mut *mut c_void) -> c_int;
}

/// libc's own function.
static REAL: AtomicUsize = AtomicUsize::new(0);

fn real() -> Join {
    let mut at = REAL.load(Ordering::Relaxed);
    if at == 0 {
        // SAFETY: a name that ends in a zero.
        at = unsafe { libc::dlsym(libc::RTLD_NEXT, c"pthread_join".as_ptr()) } as usize;
        assert!(at != 0, "libc has pthread_join");
        REAL.store(at, Ordering::Relaxed);
    }
    // SAFETY: that is its type.
    unsafe { transmute::<usize, Join>(at) }
}

/// As libc's, but a task waits alone.
///
/// # Safety
/// As libc's: the thread can be joined, and nobody else does; the pointer is null or good to be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn pthread_join(thread: pthread_t, result: *mut *mut c_void) -> c_int {
    // SAFETY: the caller's promise.
    unsafe {
        // Its own thread it would wait for in vain, as libc says.
        if thread == libc::pthread_self() || gate::enter(Ears::Shut).is_none() {
            return real()(thread, result);
        }
        keeping(|| join(thread, result))
    }
}

/// # Safety
/// As `pthread_join`.
unsafe fn join(thread: pthread_t, result: *mut *mut c_void) -> c_int {
    let mut patience = Asking::new(Ears::Shut, REASON);
    let mut end = None;
    loop {
        // SAFETY: the caller's promise.
        match unsafe { pthread_tryjoin_np(thread, result) } {
            libc::EBUSY => {}
            other => return other,
        }
        let waited = match end.take() {
            None => {
                // SAFETY: it was not joined yet, as this is who joins it.
                end = unsafe { descriptor(thread) };
                patience.wait_for(end.as_ref().map(AsFd::as_fd))
            }
            // It has said that the thread is over, a moment too early.
            Some(_) => patience.wait_for(None),
        };
        if waited.is_none() {
            // SAFETY: the caller's promise.
            return unsafe { real()(thread, result) };
        }
    }
}

/// What says when the thread has ended, where the kernel has such a thing.
///
/// # Safety
/// The thread was not joined yet.
unsafe fn descriptor(thread: pthread_t) -> Option<OwnedFd> {
    // SAFETY: this is the thread's own.
    let mine = unsafe { number(libc::pthread_self()).load(Ordering::Relaxed) };
    // SAFETY: it takes no arguments.
    if mine != unsafe { raw(libc::SYS_gettid, [0; 6]) } as i32 {
        return None; // this libc keeps it somewhere else
    }
    // SAFETY: what it is to is kept until the thread is joined.
    let number = unsafe { number(thread) };
    let end = pidfd::of_thread(number.load(Ordering::Acquire))?;
    // Else it has ended, and the number may have been another one's by then.
    (number.load(Ordering::Acquire) != 0).then_some(end)
}

/// # Safety
/// The thread was not joined yet.
unsafe fn number<'a>(thread: pthread_t) -> &'a AtomicI32 {
    // SAFETY: libc's record of a thread is longer than that; kernel and libc write there atomically.
    unsafe { AtomicI32::from_ptr((thread as usize + NUMBER) as *mut i32) }
}
