//! Signals that are held back from an OS thread for a while, such as over a fork.
//!
//! Nothing is held back for longer, so programs that are started meanwhile, and other OS threads, get theirs.

use std::ffi::c_int;
use std::fmt;
use std::mem;
use std::ptr;

/// This OS thread's signals are held back until this goes; then those that came arrive.
#[must_use = "they are held back as long as this is kept"]
pub struct Held {
    before: libc::sigset_t,
}

/// Holds these signals back, and no others that are not held back already.
///
/// What is no signal is left out.
pub fn hold(signals: impl IntoIterator<Item = c_int>) -> Held {
    let mut set = nothing();
    for signal in signals {
        // SAFETY: `set` is a set; it refuses what is no signal.
        unsafe { libc::sigaddset(&raw mut set, signal) };
    }
    let mut before = nothing();
    // SAFETY: both are sets; it fails for another first argument alone.
    unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before) };
    Held { before }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the set that was there before.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut())
        };
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

/// Lets all signals of this OS thread through, those that have come meanwhile at once.
///
/// Who holds some back gets what was there before it all the same.
pub fn hold_none() {
    let set = nothing();
    // SAFETY: a set.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, ptr::null_mut()) };
}

fn nothing() -> libc::sigset_t {
    // SAFETY: all zeros is memory for a set.
    let mut set: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: memory for a set.
    unsafe { libc::sigemptyset(&raw mut set) };
    set
}
