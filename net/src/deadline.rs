//! Turns a time span into the moment at which it is over.
//!
//! The one file of this package that asks what time it is, so that everything else can only speak
//! of deadlines.

use std::time::{Duration, Instant};

/// The moment `span` from now; `None` where it lies beyond what a clock can say, that is: never.
#[inline]
pub(crate) fn after(span: Duration) -> Option<Instant> {
    now().checked_add(span)
}

/// The present moment.
#[inline]
#[expect(clippy::disallowed_methods, reason = "the one place of this package that asks the time")]
pub(crate) fn now() -> Instant {
    Instant::now()
}
