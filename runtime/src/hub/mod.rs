//! The scheduler of one OS thread. README.md beside this file tells its protocol.
//!
//! - `scheduler`: the hub itself: who runs and who is next
//! - `nursery`: where tasks come from
//! - `wake`: ending waits
//! - `run_queue`, `ring`: tasks that wait for their turn
//! - `turn`: how long tasks follow each other before the hub looks around
//! - `registry`: tasks that have waited, by slot
//! - `alarm`: what timers are set for
//! - `timed`: wakers of futures that wait for a time
//! - `root`: the loop on the OS thread's own stack
//! - `bottom`: the first frame of every task
//! - `inbox`: what other OS threads ask for
//! - `bell`, `atomic`: whether a hub sleeps, and who has to ring for it
//! - `shutdown`: the end of a run
//! - `deadlock`: the verdict when nothing can go on, and its report
//! - `report`: all tasks, in words
//! - `holders`: who holds what others wait for
//! - `lull`: who waits until the others are done
//! - `board`: which task runs, for the watch
//! - `slices`: how long tasks run between two switches
//! - `probe`: how long a task runs without a switch, for assertions
//! - `preserve`: thread-locals that each task has for itself
//! - `sweep`: stacks of tasks that stay parked
//! - `trial`: what a run under test does otherwise: its order, and how its time goes by
//! - `current`: the hub of this thread
//! - `directory`: the hubs of other threads

mod alarm;
mod atomic;
mod bell;
mod board;
mod bottom;
mod current;
mod deadlock;
mod directory;
mod holders;
mod inbox;
mod lull;
mod nursery;
mod preserve;
mod probe;
mod registry;
mod report;
mod ring;
mod root;
mod run_queue;
mod scheduler;
mod shutdown;
mod slices;
mod sweep;
mod timed;
mod trial;
mod turn;
mod wake;

pub(crate) use alarm::Alarm;
pub(crate) use board::Board;
pub(crate) use current::{describe, desert, expect_hub, here, hub, is_in_task};
pub use deadlock::Deadlock;
pub(crate) use directory::{all_hubs, is_left_behind, leave_behind, sender_of};
pub(crate) use holders::{Held, Notice};
pub(crate) use inbox::{Message, Sender};
pub(crate) use nursery::{Blueprint, Site};
pub use report::{TaskInfo, TaskState};
pub(crate) use scheduler::Hub;
pub(crate) use shutdown::Ended;
pub use slices::Slices;
pub(crate) use timed::wake as wake_future;
