//! Worker processes that call registered functions.
//!
//! - `pool`: a pool in the shape of `multiprocessing.Pool`; `chunks`: calls for many items; `imap`: their results one by one
//! - `executor`: one in the shape of `concurrent.futures`
//! - `error`: what can go wrong
//! - `plan`: what workers are to be like, and starting one
//! - `crew`: the workers, what waits for them, and the end of both; `watch`: the tasks that serve a worker
//! - `ledger`: who has which calls, and who gets the next
//! - `task`: calls on their way, and where their results go
//! - `claim`: who makes a call that was handed to a worker
//! - `frame`: how calls and results travel
//! - `worker`: the life of a worker

mod chunks;
mod claim;
mod crew;
mod error;
mod executor;
mod frame;
mod imap;
mod ledger;
mod plan;
#[expect(clippy::module_inception, reason = "the noun of this folder")]
mod pool;
mod task;
mod watch;
mod worker;

pub use chunks::Chunks;
pub use error::{StillOpen, SubmitError, TaskError, Unsubmitted};
pub use executor::{ExecutorBuilder, ProcessPoolExecutor};
pub use imap::{Imap, ImapUnordered};
pub use pool::{Pool, PoolBuilder};
