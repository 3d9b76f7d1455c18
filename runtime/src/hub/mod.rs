//! The scheduler of one OS thread. README.md beside this file tells its protocol.
//!
//! - `scheduler`: the hub itself: who runs and who is next
//! - `nursery`: where tasks come from
//! - `wake`: ending waits
//! - `run_queue`, `ring`: tasks that wait for their turn
//! - `turn`: how long tasks follow each other before the hub looks around
//! - `registry`: tasks that have waited, by slot
//! - `alarm`: what timers are set for
//! - `root`: the loop on the OS thread's own stack
//! - `bottom`: the first frame of every task
//! - `inbox`: what other OS threads ask for
//! - `shutdown`: the end of a run
//! - `deadlock`: the verdict when nothing can go on, and its report
//! - `report`: all tasks, in words
//! - `lull`: who waits until the others are done
//! - `board`: which task runs, for the watch
//! - `preserve`: thread-locals that each task has for itself
//! - `sweep`: stacks of tasks that stay parked
//! - `current`: the hub of this thread
//! - `directory`: the hubs of other threads

mod alarm;
mod board;
mod bottom;
mod current;
mod deadlock;
mod directory;
mod inbox;
mod lull;
mod nursery;
mod preserve;
mod registry;
mod report;
mod ring;
mod root;
mod run_queue;
mod scheduler;
mod shutdown;
mod sweep;
mod turn;
mod wake;

pub(crate) use alarm::Alarm;
pub(crate) use board::Board;
pub(crate) use current::{expect_hub, hub, is_in_task};
pub use deadlock::Deadlock;
pub(crate) use directory::sender_of;
pub(crate) use inbox::{Message, Sender};
pub(crate) use nursery::{Blueprint, Site};
pub(crate) use scheduler::Hub;
pub(crate) use shutdown::Ended;
