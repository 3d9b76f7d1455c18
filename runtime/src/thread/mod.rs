//! Other OS threads: where calls go that cannot be green, and what crosses between them.
//!
//! - `pool`: a bounded pool of OS threads
//! - `crews`: all threads of ours that can be sent home before a fork
//! - `offload`: a call on such a thread, while the task waits
//! - `calls`: promises of such calls, and waiting for all of them
//! - `executor`: a pool with an end, by the model of `concurrent.futures`
//! - `promise`: results that come later
//! - `hubs`: threads that each have a hub
//! - `channel`: items from thread to thread
//! - `event`, `semaphore`: a flag and permits that threads and tasks share

mod calls;
mod channel;
pub(crate) mod crews;
mod event;
mod executor;
mod hubs;
mod lock;
mod offload;
mod pool;
mod promise;
mod semaphore;
mod wait;

#[cfg(test)]
mod test;

pub use channel::{Iter, Receiver, RecvError, SendError, Sender, TryIter, bounded, unbounded};
pub use event::Event;
pub use executor::{ExecutorBuilder, Map, SubmitError, ThreadPoolExecutor, Unsubmitted};
pub use hubs::{HubThread, hubs, spawn_on};
pub use offload::offload;
pub use pool::{Job, Pool, SpawnError, Stats};
pub use promise::{AsCompleted, CallError, Promise, Resolver, Unfinished, Until, Waited};
pub use promise::{as_completed, promise, wait};
pub use semaphore::{Permit, Semaphore};
