//! Loom's atomics, as `runtime/src/hub/atomic.rs` has std's.

pub(super) use loom::sync::atomic::{AtomicBool, Ordering, fence};
