//! The sources of `net/monkey/src/futex`, with the atomics beside this file.

mod atomic;
#[path = "../../../net/monkey/src/futex/tally.rs"]
pub(crate) mod tally;
