//! Loom's atomics, as `net/monkey/src/futex/atomic.rs` has std's.

pub(crate) use loom::sync::atomic::{AtomicU32, Ordering, fence};
