//! Who runs, and whether it may wait; for `osier-process`, whose locks know tasks of other processes.

use crate::hub;
use crate::task::TaskId;

/// The task that runs, if one does.
pub fn task() -> Option<TaskId> {
    hub::hub(|hub| hub?.peek(|me| Some(me?.id)))
}

/// Number and name of the task that runs, as they are printed.
pub fn named() -> Option<(String, Option<String>)> {
    let task = hub::hub(|hub| hub?.current())?;
    Some((task.id.to_string(), task.name().map(|name| name.to_string())))
}

/// Whether there is waiting here: in a task, or where there is no hub that could run meanwhile; and nobody unwinds.
pub fn may_wait() -> bool {
    let in_hub = hub::hub(|hub| hub.is_some());
    !std::thread::panicking() && (!in_hub || hub::is_in_task())
}

/// Whether the running task unwinds because it was killed, or its time is up.
pub fn is_stopped() -> bool {
    task().is_some_and(crate::task::is_stopped)
}
