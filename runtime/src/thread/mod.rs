//! Other OS threads: where calls go that cannot be green.
//!
//! - `pool`: a bounded pool of OS threads
//! - `offload`: a call on such a thread, while the task waits

mod offload;
mod pool;

#[cfg(test)]
mod test;

pub use offload::offload;
pub use pool::{Job, Pool, SpawnError, Stats};
