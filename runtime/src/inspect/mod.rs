//! Looking at a hub: what its tasks wait for, who spawned them, and whether one of them holds it up.
//!
//! - `dump`: all tasks, in words
//! - `watch`: whether a task holds its hub up

mod dump;
mod watch;

pub use crate::settings::Tracking;
pub use dump::{Dump, dump};
pub use watch::{Blocked, Watch, watch, watch_with};
