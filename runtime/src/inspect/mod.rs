//! Looking at a hub: what its tasks wait for, who spawned them, and whether one of them holds it up.
//!
//! - `dump`: all tasks, and what is noted of them
//! - `tree`: who spawned whom
//! - `watch`: whether a task holds its hub up

mod dump;
mod tree;
mod watch;

pub use crate::hub::{TaskInfo, TaskState};
pub use crate::settings::Tracking;
pub use crate::trace::{Frame, Trace};
pub use dump::{Dump, dump, tasks, track};
pub use tree::{TaskTree, task_tree};
pub use watch::{Blocked, Watch, watch, watch_with};
