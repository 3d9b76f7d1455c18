//! Loom's locks and atomics, as `runtime/src/thread/lock.rs` has std's.

pub(super) use loom::sync::atomic::{AtomicUsize, Ordering};
pub(super) use loom::sync::{Mutex, MutexGuard};

pub(super) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("nobody panics under it")
}
