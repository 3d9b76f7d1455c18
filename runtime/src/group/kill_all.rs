//! Killing many tasks, and waiting for their ends.

use std::time::{Duration, Instant};

use super::iwait::iwait;
use crate::clock;
use crate::hub::{Hub, hub};
use crate::spawn::{JoinHandle, Task};

impl<T> From<&JoinHandle<T>> for Task {
    fn from(handle: &JoinHandle<T>) -> Task {
        handle.task()
    }
}

impl<T> From<JoinHandle<T>> for Task {
    fn from(handle: JoinHandle<T>) -> Task {
        handle.task()
    }
}

impl From<&Task> for Task {
    fn from(task: &Task) -> Task {
        task.clone()
    }
}

/// Asks all of these tasks to end, and waits until they have.
///
/// All are asked before the first is waited for; those that have not started never do. The running task, if it
/// is among them, is the last, and unwinds at once.
///
/// # Blocking
/// Switches tasks, unless all have ended.
///
/// # Panics
/// When the program is built with `panic = "abort"`.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let tasks = [1, 2].map(|_| osier::spawn(|| osier::sleep(Duration::from_secs(3600))));
///     osier::kill_all(&tasks);
///     assert!(tasks.iter().all(|task| task.error().unwrap().is_killed()));
/// });
/// ```
pub fn kill_all<I>(tasks: I)
where
    I: IntoIterator,
    I::Item: Into<Task>,
{
    let _none_survives = kill_all_until(tasks, None);
}

/// Asks all of these tasks to end, and waits that long for it.
///
/// Otherwise as [`kill_all`].
///
/// # Errors
/// Those that have not ended by then, as they catch their kill or are under a shield.
///
/// # Blocking
/// Switches tasks, unless all have ended.
///
/// # Panics
/// As [`kill_all`].
pub fn kill_all_timeout<I>(tasks: I, limit: Duration) -> Result<(), Vec<Task>>
where
    I: IntoIterator,
    I::Item: Into<Task>,
{
    kill_all_until(tasks, clock::deadline(limit))
}

fn kill_all_until<I>(tasks: I, deadline: Option<Instant>) -> Result<(), Vec<Task>>
where
    I: IntoIterator,
    I::Item: Into<Task>,
{
    // All are there before the first is asked, should the iterator be what spawns them.
    let tasks: Vec<Task> = tasks.into_iter().map(Into::into).collect();
    ask_all(&tasks);
    let ends = iwait(&tasks);
    let ends = if let Some(at) = deadline { ends.deadline(at) } else { ends };
    ends.for_each(drop);
    let left: Vec<Task> = tasks.into_iter().filter(|task| !task.is_finished()).collect();
    if left.is_empty() { Ok(()) } else { Err(left) }
}

/// Asks them to end, the running one last, as it unwinds at once.
pub(super) fn ask_all(tasks: &[Task]) {
    let me = hub(|hub| hub.and_then(Hub::current)).map(Task);
    tasks.iter().filter(|task| Some(*task) != me.as_ref()).for_each(Task::kill);
    if let Some(me) = me.filter(|me| tasks.contains(me)) {
        me.kill();
    }
}
