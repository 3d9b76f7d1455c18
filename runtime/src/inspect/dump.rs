//! All tasks of a hub at one moment.

use std::fmt;

use crate::hub::{Hub, TaskInfo, expect_hub};
use crate::settings::Tracking;

/// All tasks of a hub at one moment; print it.
///
/// ```
/// osier::run(|| assert!(osier::dump().to_string().contains("task 1 'main': running")));
/// ```
#[derive(Clone, Debug)]
pub struct Dump {
    tasks: Vec<TaskInfo>,
}

impl Dump {
    pub(super) fn of(hub: &Hub) -> Dump {
        Dump { tasks: hub.look_at_tasks() }
    }

    /// The tasks, in the order they were spawned.
    pub fn tasks(&self) -> &[TaskInfo] {
        &self.tasks
    }
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.tasks.iter().try_for_each(|task| writeln!(f, "  {task}"))
    }
}

/// Lists every task of this thread's hub.
///
/// A line a task: its name, its state, what it waits for and since when, where it was spawned, how much of its stack it
/// uses. By whom and when it was spawned, and where in the code it waits, is added as far as that is [tracked](super::track).
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let task = osier::spawn(|| osier::sleep(Duration::from_millis(5)));
///     task.set_name("sleeper");
///     osier::yield_now();
///     assert!(osier::dump().to_string().contains("'sleeper': parked"));
/// });
/// ```
pub fn dump() -> Dump {
    expect_hub("a dump was asked for", Dump::of)
}

/// Looks at every task of this thread's hub, in the order they were spawned.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// osier::run(|| {
///     osier::Builder::new().name("helper").spawn(osier::yield_now).unwrap();
///     let names: Vec<_> = osier::inspect::tasks().into_iter().filter_map(|task| task.name).collect();
///     assert_eq!(names, ["main", "helper"]);
/// });
/// ```
pub fn tasks() -> Vec<TaskInfo> {
    dump().tasks
}

/// Sets what this thread's hub notes of its tasks from now on.
///
/// At first it is what `OSIER_TRACK` says: `off`, `tree` or `waits`; nothing if it is not set. What was noted stays.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// osier::run(|| {
///     osier::inspect::track(osier::inspect::Tracking::Waits);
///     let task = osier::spawn(osier::idle);
///     osier::yield_now();
///     let dump = osier::dump();
///     assert_eq!(dump.tasks()[1].parent, Some(osier::current().id()));
///     println!("{dump}"); // with the backtrace of each wait
///     task.join().unwrap();
/// });
/// ```
pub fn track(tracking: Tracking) {
    expect_hub("tracking was set", |hub| hub.track(tracking));
}
