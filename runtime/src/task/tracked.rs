//! What is noted of a task while tracking is on: nobody pays for it otherwise.

use std::backtrace::Backtrace;
use std::sync::Arc;

use super::TaskId;

/// Notes on one task.
#[derive(Debug)]
pub(crate) struct Tracked {
    /// By which task it was spawned; none: from outside of any.
    pub(crate) parent: Option<TaskId>,
    /// When: nanoseconds on the hub's clock.
    pub(crate) born: u64,
    /// The number of a wait, and where in the code that was; stale if it is not the present one's.
    pub(crate) wait: Option<(u32, Arc<Backtrace>)>,
}
