//! A pool of OS threads that gives a promise for each call.
//!
//! - `executor`: what users hold
//! - `crew`: the threads, the queue, and the end of both
//! - `job`: a call on its way to a thread
//! - `map`: calls for the items of an iterator, results in their order

mod crew;
#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod executor;
mod job;
mod map;

pub use executor::{ExecutorBuilder, SubmitError, ThreadPoolExecutor, Unsubmitted};
pub use map::Map;
