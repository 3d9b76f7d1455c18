//! The atomics of the bell: std's. A file of their own, so that a model checker can put in its own.

pub(super) use std::sync::atomic::{AtomicBool, Ordering, fence};
