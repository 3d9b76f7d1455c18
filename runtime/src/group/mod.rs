//! Many tasks: what is called at their ends, waiting for several, groups, pools, and maps over them.
//!
//! - `link`: what is called when a task has ended
//! - `callback`: calls in the hub's next round
//! - `later`: tasks that begin after a while, timers
//! - `async_result`: a place for one result that many wait for
//! - `iwait`: waiting for several things at once
//! - `join_all`: joining many: until one fails, for a while, so many
//! - `kill_all`: killing many
//! - `roster`: who is in a group, and who waits for what: the states
//! - `crew`: what groups and pools have in common: the waits
//! - `shared`: the methods they share
//! - `task_group`: groups
//! - `pool`: pools
//! - `map`, `imap`: a call for each of many items
//! - `map_ordered`: a work list and so many workers
//! - `worker`: a task that works through a queue

mod async_result;
mod callback;
mod crew;
mod imap;
mod iwait;
mod join_all;
mod kill_all;
mod later;
mod link;
mod map;
mod map_ordered;
mod pool;
mod roster;
mod shared;
mod task_group;
mod worker;

pub use async_result::AsyncResult;
pub use callback::{Callback, run_callback};
pub use imap::Imap;
pub use iwait::{Iwait, iwait, wait, wait_timeout};
pub use join_all::{JoinAll, join_all_ok, join_any};
pub use kill_all::{kill_all, kill_all_timeout};
pub use later::{Timer, spawn_later};
pub use link::{Link, LinkTarget};
pub use map_ordered::{map_ordered, map_unordered};
pub use pool::{Pool, PoolFull};
pub use task_group::Group;
pub use worker::{Worker, WorkerEnd, WorkerReport};
