//! All tasks of a hub, in words.

use std::fmt;

use crate::hub::{Hub, expect_hub};

/// All tasks of a hub at one moment; print it.
///
/// ```
/// osier::run(|| assert!(osier::dump().to_string().contains("task 1 'main': running")));
/// ```
#[derive(Clone, Debug)]
pub struct Dump {
    text: String,
}

impl fmt::Display for Dump {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Lists every task of this thread's hub.
///
/// A line a task: its name, its state, what it waits for and since when, where it was spawned.
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
    Dump { text: expect_hub("a dump was asked for", Hub::describe_tasks) }
}
