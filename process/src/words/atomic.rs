//! The atomics of what processes share. In a file of its own, as models put loom's in their place (`models/src/process`).

pub(super) use std::sync::atomic::{AtomicU64, Ordering};
