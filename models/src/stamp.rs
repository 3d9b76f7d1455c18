//! Processes, which are threads here: what `process/src/stamp.rs` makes of a number and a start.

pub(crate) type Stamp = u64;
