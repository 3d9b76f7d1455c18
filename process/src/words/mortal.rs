//! Processes of a test, which can end before any access to a word that is shared.
//!
//! In a file of its own, as models have threads of their own kind (`models/src/process`).

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

thread_local! {
    /// How many more accesses there will be.
    static LEFT: Cell<Option<u32>> = const { Cell::new(None) };
}

struct Dead;

pub(crate) fn step() {
    match LEFT.get() {
        Some(0) => resume_unwind(Box::new(Dead)),
        left => LEFT.set(left.map(|left| left - 1)),
    }
}

/// Whether this one has ended: what is done on the way out is not done by it.
pub(crate) fn has_ended() -> bool {
    LEFT.get() == Some(0)
}

/// Does `f`, unless it takes more accesses than that: then it ends before the next one.
pub(crate) fn live<R>(accesses: u32, f: impl FnOnce() -> R) -> Option<R> {
    LEFT.set(Some(accesses));
    let result = catch_unwind(AssertUnwindSafe(f));
    LEFT.set(None);
    match result {
        Ok(result) => Some(result),
        Err(payload) if payload.is::<Dead>() => None,
        Err(payload) => resume_unwind(payload),
    }
}
