//! The locks of what crosses OS threads: std's, without their poison.
//!
//! No code of a user runs under one of them, so nothing is left half-way. The one file to put
//! another in the place of: a model checker's.

pub(super) use crate::stay::{Mutex, MutexGuard};
pub(super) use std::sync::atomic::{AtomicUsize, Ordering};

use std::sync::PoisonError;

/// Locks, for a few instructions.
#[inline]
pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
