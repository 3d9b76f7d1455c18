//! A semaphore that never has more permits than at first.

use std::fmt;
use std::ops::Deref;

use super::Semaphore;
use crate::wait::{Waitable, Watcher, sealed};

/// A [`Semaphore`] that panics when it is given back what nobody has taken.
///
/// All else is as there.
///
/// ```should_panic
/// let places = osier::sync::BoundedSemaphore::new(2);
/// places.acquire().unwrap().forget();
/// places.release(1);
/// places.release(1); // one too many
/// ```
pub struct BoundedSemaphore(Semaphore);

impl BoundedSemaphore {
    /// With so many permits, now and at most.
    ///
    /// # Panics
    /// If they are too many to count, which is `usize::MAX`.
    pub const fn new(permits: usize) -> BoundedSemaphore {
        assert!(permits < usize::MAX, "a bound is a number: for none, see Semaphore::unlimited");
        BoundedSemaphore(Semaphore::within(permits, permits))
    }
}

impl Deref for BoundedSemaphore {
    type Target = Semaphore;

    fn deref(&self) -> &Semaphore {
        &self.0
    }
}

impl sealed::Sealed for BoundedSemaphore {}

impl Waitable for BoundedSemaphore {
    fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    fn watch(&self, watcher: Watcher) {
        self.0.watch(watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.0.unwatch(watcher);
    }
}

impl fmt::Debug for BoundedSemaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("BoundedSemaphore").field(&self.0).finish()
    }
}
