//! Processes that can end before any access, as in `process/src/sync/mortal.rs`: here each is a thread of loom's.

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

loom::thread_local! {
    /// How many more accesses there will be.
    static LEFT: Cell<Option<u32>> = Cell::new(None);
}

struct Dead;

pub(super) fn step() {
    let left = LEFT.with(Cell::get);
    match left {
        Some(0) => resume_unwind(Box::new(Dead)),
        left => LEFT.with(|cell| cell.set(left.map(|left| left - 1))),
    }
}

/// Does `f`, unless it takes more accesses than that: then it ends before the next one.
pub(super) fn live<R>(accesses: u32, f: impl FnOnce() -> R) -> Option<R> {
    LEFT.with(|left| left.set(Some(accesses)));
    let result = catch_unwind(AssertUnwindSafe(f));
    LEFT.with(|left| left.set(None));
    match result {
        Ok(result) => Some(result),
        Err(payload) if payload.is::<Dead>() => None,
        Err(payload) => resume_unwind(payload),
    }
}
