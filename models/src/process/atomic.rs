//! Loom's atomics, as `process/src/sync/atomic.rs` has std's.

pub(super) use loom::sync::atomic::{AtomicU64, Ordering};
