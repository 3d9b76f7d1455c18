//! Names of greenlets.

use std::fmt;
use std::num::NonZeroU64;
use std::sync::atomic::{AtomicU64, Ordering};

/// Tells greenlets apart; never given twice in one process.
///
/// ```
/// use osier::greenlet::{self, Greenlet};
///
/// let one = Greenlet::new(|()| ());
/// assert_ne!(one.id(), greenlet::current::<()>().id());
/// assert_eq!(one.id(), one.clone().id());
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GreenletId(NonZeroU64);

impl GreenletId {
    /// A number that nobody has.
    pub(super) fn fresh() -> GreenletId {
        static COUNT: AtomicU64 = AtomicU64::new(1);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        GreenletId(NonZeroU64::new(number).expect("they count from 1"))
    }

    /// The number.
    pub fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for GreenletId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for GreenletId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GreenletId({self})")
    }
}
