//! Several processes that do the same, and are kept alive: what a front stands on.
//!
//! - `plan`: how many, and how they are treated
//! - `crew`, `state`: those that run, as their starter sees them
//! - `keeper`, `pace`: replacing one that has died, and when not to
//! - `worker`, `life`: a worker as it sees itself, and what it does beside its body
//! - `counters`: numbers that all of them share
//! - `intake`: signals that a task waits for
//! - `status`, `error`: how they are, how they have ended, and why not well
//!
//! Sockets are none of its business: `osier-net` puts listeners in front of it.

mod counters;
mod crew;
mod error;
mod intake;
mod keeper;
mod life;
mod pace;
mod plan;
mod state;
mod status;
mod worker;

pub use counters::Counter;
pub use crew::Crew;
pub use error::WorkersError;
pub use plan::Workers;
pub use status::{Ended, WorkerStatus};
pub use worker::Worker;
