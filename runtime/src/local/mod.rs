//! Values of tasks: thread-locals and task-locals.
//!
//! - `preserve`: each task has its own value of a thread-local
//! - `task_local`: values that belong to a task by themselves

mod preserve;
mod task_local;

pub use preserve::preserve;
pub use task_local::{NoTask, TaskLocal};
