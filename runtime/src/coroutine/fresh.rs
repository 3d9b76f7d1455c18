//! The first frame of coroutines that are entered by hand: finds out what it is to run.
//!
//! A [`Body`] takes no argument, so that a fresh stack needs none of its registers. Who enters one for
//! the first time leaves word here, right before.

use std::cell::Cell;

use super::{Body, Coroutine};

/// What a fresh stack is to run.
#[derive(Clone, Copy)]
pub(super) struct Entry {
    /// Runs to the end and says who is next, as [`Body::run`]; must not unwind.
    pub(super) run: unsafe fn(*const ()) -> *const Coroutine,
    /// What `run` is called with: good until it returns.
    pub(super) at: *const (),
}

thread_local! {
    /// There from the moment before a switch to a fresh stack to the moment after.
    static NEXT: Cell<Option<Entry>> = const { Cell::new(None) };
}

/// Leaves word for the fresh stack that is switched to next.
///
/// # Safety
/// That follows at once, on this thread, to a stack prepared with [`Fresh`]; `entry.run` may be
/// called with `entry.at` then.
#[inline]
pub(super) unsafe fn announce(entry: Entry) {
    NEXT.set(Some(entry));
}

/// Runs what was announced.
pub(super) struct Fresh;

impl Body for Fresh {
    fn run() -> *const Coroutine {
        let Some(entry) = NEXT.take() else { std::process::abort() };
        // SAFETY: the promise of whoever has announced it.
        unsafe { (entry.run)(entry.at) }
    }
}
