//! The one place that asks what time it is.
//!
//! Everything else asks here, so that a virtual clock can be put in its place.

use std::time::Instant;

/// The present moment.
#[inline]
pub(crate) fn now() -> Instant {
    Instant::now()
}
