//! The sources of `process/src/sync` that know no kernel, with the atomics beside this file.
#![allow(dead_code, reason = "each model uses a part of it")]

mod atomic;
#[path = "../../../process/src/sync/line.rs"]
pub(crate) mod line;
pub(crate) mod lock;
mod mortal;
#[path = "../../../process/src/sync/permits.rs"]
pub(crate) mod permits;
#[path = "../../../process/src/words/memory.rs"]
pub(crate) mod words;
