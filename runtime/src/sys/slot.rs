//! A thread-local that lends out something that lives on the stack below.
//!
//! The same idea as scoped-tls, for one writer: the hub of a thread, while it runs.

use std::cell::Cell;
use std::ptr;

/// Holds a pointer to a `T` for as long as [`Slot::set`] runs.
#[derive(Debug)]
pub(crate) struct Slot<T> {
    /// Null, or valid until the `set` that has put it here returns.
    at: Cell<*const T>,
}

impl<T> Slot<T> {
    pub(crate) const fn new() -> Slot<T> {
        Slot { at: Cell::new(ptr::null()) }
    }

    /// Runs `f` while `value` can be had by [`Slot::with`] on this thread.
    pub(crate) fn set<R>(&self, value: &T, f: impl FnOnce() -> R) -> R {
        struct Restore<'a, T>(&'a Slot<T>, *const T);
        impl<T> Drop for Restore<'_, T> {
            fn drop(&mut self) {
                self.0.at.set(self.1);
            }
        }
        let _restore = Restore(self, self.at.replace(value));
        f()
    }

    /// Forgets what was set; whoever has set it may not come back to see that.
    pub(crate) fn clear(&self) {
        self.at.set(ptr::null());
    }

    /// Gives `f` what was set, if anything.
    #[inline(always)]
    pub(crate) fn with<R>(&self, f: impl FnOnce(Option<&T>) -> R) -> R {
        // SAFETY: not null means that `set` has not returned yet, so its borrow lives; and the
        // reference ends with `f`. A `Slot` is not Sync, so this is the thread that set it.
        f(unsafe { self.at.get().as_ref() })
    }
}
