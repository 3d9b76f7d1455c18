//! What goes to the log because nobody else will hear of it.
//!
//! The logger is the user's code, and it is called where a panic has nowhere to go: on the hub's
//! own stack, or at the bottom of a task's. So one that panics is not listened to.

use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Logs an error.
pub(crate) fn complain(what: fmt::Arguments<'_>) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| log::error!("{what}"))) {
        // The panic hook has spoken; its destructor is not to be trusted either.
        mem::forget(payload);
    }
}
