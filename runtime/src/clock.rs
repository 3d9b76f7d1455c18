//! The one place that asks what time it is, and the one that sleeps in the kernel.
//!
//! Everything else asks here, so that another clock can be put in this one's place: with the feature
//! `testing`, an OS thread can have a virtual one, which stands still unless it is moved.
//! Without the feature there is no trace of that; with it, a look at the clock costs one more
//! thread-local read. Who moves it, and when, is not decided here.
#![expect(clippy::disallowed_methods, reason = "this is the place they are banned in favour of")]

use std::thread;
use std::time::{Duration, Instant};

#[cfg(feature = "testing")]
mod r#virtual {
    use std::cell::Cell;
    use std::time::Instant;

    thread_local! {
        /// What this OS thread takes for the present; none: the system's time.
        pub(super) static NOW: Cell<Option<Instant>> = const { Cell::new(None) };
    }
}

/// The present moment.
///
/// With a virtual clock ([`testing`](../testing/index.html)) it is that clock's. `Instant::elapsed` asks the
/// system all the same: subtract instead (`clock::now() - began`).
#[inline]
pub fn now() -> Instant {
    #[cfg(feature = "testing")]
    if let Some(now) = r#virtual::NOW.get() {
        return now;
    }
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

/// The system's time, whatever clock this thread has.
pub(crate) fn system() -> Instant {
    Instant::now()
}

/// Whether this thread's clock is a virtual one.
#[inline]
pub(crate) fn is_virtual() -> bool {
    #[cfg(feature = "testing")]
    return r#virtual::NOW.get().is_some();
    #[cfg(not(feature = "testing"))]
    return false;
}

/// Moves a virtual clock on; the system's goes by itself.
pub(crate) fn advance(by: Duration) {
    #[cfg(feature = "testing")]
    r#virtual::NOW.set(r#virtual::NOW.get().map(|now| now + by));
    let _ = by;
}

/// Calls `f` with a virtual clock on this thread, which stands at the present.
#[cfg(feature = "testing")]
pub(crate) fn with_virtual<R>(f: impl FnOnce() -> R) -> R {
    struct Restore(Option<Instant>);
    impl Drop for Restore {
        fn drop(&mut self) {
            r#virtual::NOW.set(self.0);
        }
    }
    let _restore = Restore(r#virtual::NOW.replace(Some(Instant::now())));
    f()
}

/// Stops the OS thread, and every task on it: for where no task may be left.
///
/// A virtual clock is moved instead.
pub(crate) fn sleep_in_kernel(left: Duration) {
    if is_virtual() {
        advance(left);
    } else {
        nap(left);
    }
}

/// Stops the OS thread for that long by the system's clock.
pub(crate) fn nap(left: Duration) {
    thread::sleep(left);
}
