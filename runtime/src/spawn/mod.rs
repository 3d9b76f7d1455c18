//! Spawning tasks and joining them.
//!
//! - `builder`: `spawn`, and tasks with a name, a stack size, or as daemons
//! - `join_handle`: waiting for a task and having its result
//! - `current`: a task as such: to tell it apart, to name it, to kill it
//! - `roll`: all tasks that live

mod builder;
mod current;
mod join_handle;
mod roll;

pub use builder::{Builder, spawn};
pub(crate) use current::debug;
pub use current::{Task, current};
pub(crate) use join_handle::wait_for;
pub use join_handle::{JoinHandle, join_all};
pub use roll::{active_count, enumerate};
