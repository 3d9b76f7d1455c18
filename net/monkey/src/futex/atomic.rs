//! The atomics of the tally: std's. A file of their own, so that a model checker can put in its own.

pub(crate) use std::sync::atomic::{AtomicU32, Ordering, fence};
