//! Looking at hubs: what tasks wait for, who spawned them, and whether one of them holds the others up.
//!
//! - `dump`: all tasks, and what is noted of them
//! - `tree`: who spawned whom
//! - `post`: dumps when a signal comes
//! - `watch`: whether a task holds its hub up
//! - `offender`: where that task is
//! - `symbols`: names of addresses
//! - `memory`: whether the process takes more than it should
//! - `switches`: whether a piece of code lets others run

mod dump;
mod memory;
mod offender;
mod post;
mod switches;
mod symbols;
mod tree;
mod watch;

pub use crate::hub::{Slices, TaskInfo, TaskState};
pub use crate::settings::Tracking;
pub use crate::trace::{Frame, Trace};
pub use dump::{Dump, dump, tasks, track};
pub use memory::{MemoryEvent, MemoryWatch, watch_memory};
pub use post::{DumpOnSignal, HubDump, SIGUSR1, dump_on_signal, dump_on_signal_with};
pub use switches::assert_switches;
pub use tree::{TaskTree, task_tree};
pub use watch::{Blocked, Watch, watch, watch_with};
