//! All tasks that live.

use super::Task;
use crate::hub::{Hub, expect_hub};

/// All tasks of this hub that have not ended, in the order they were spawned.
///
/// The main task and those that have not started included.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// osier::run(|| {
///     let task = osier::spawn(|| ());
///     let names: Vec<_> = osier::enumerate().iter().map(|task| task.name()).collect();
///     assert_eq!(names, [Some("main".to_string()), None]);
///     task.wait();
///     assert_eq!(osier::active_count(), 1);
/// });
/// ```
pub fn enumerate() -> Vec<Task> {
    let mut tasks = expect_hub("the tasks were asked for", |hub| hub.tasks(|_| true));
    tasks.sort_unstable_by_key(|task| task.id);
    tasks.into_iter().map(Task).collect()
}

/// How many tasks of this hub have not ended.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// assert_eq!(osier::run(osier::active_count), 1);
/// ```
pub fn active_count() -> usize {
    expect_hub("the tasks were asked for", Hub::task_count)
}
