//! The one place that asks what time it is, and the one that sleeps in the kernel.
//!
//! Everything else asks here, so that another clock can be put in this one's place.
#![expect(clippy::disallowed_methods, reason = "this is the place they are banned in favour of")]

use std::thread;
use std::time::{Duration, Instant};

/// The present moment.
#[inline]
pub fn now() -> Instant {
    Instant::now()
}

/// The moment that is `left` from now, if the clock can say it.
///
/// ```
/// use std::time::Duration;
///
/// assert!(osier::clock::deadline(Duration::from_secs(1)) > Some(osier::clock::now()));
/// assert_eq!(osier::clock::deadline(Duration::MAX), None); // that is: never
/// ```
#[inline]
pub fn deadline(left: Duration) -> Option<Instant> {
    now().checked_add(left)
}

/// Stops the OS thread, and every task on it: for where no task may be left.
pub(crate) fn sleep_in_kernel(left: Duration) {
    thread::sleep(left);
}
