//! Joining many tasks: until one fails, until one ends, for a while, so many of them.

use std::time::{Duration, Instant};

use super::iwait::{Iwait, iwait};
use crate::clock;
use crate::spawn::JoinHandle;
use crate::task::JoinError;

/// Waits for all of these and gives their values, or the first error to occur.
///
/// In the order of the handles. When one fails the others go on, unjoined.
///
/// # Errors
/// That of the task that failed first in time.
///
/// # Blocking
/// Switches tasks, unless all have ended already.
///
/// ```
/// osier::run(|| {
///     let tasks = (1..=3).map(|i| osier::spawn(move || i * i));
///     assert_eq!(osier::join_all_ok(tasks).unwrap(), [1, 4, 9]);
///
///     let tasks = (1..=3).map(|i| osier::spawn(move || assert!(i < 2, "{i} is too many")));
///     let error = osier::join_all_ok(tasks).unwrap_err();
///     assert_eq!(error.message(), Some("2 is too many"));
/// });
/// ```
pub fn join_all_ok<T>(tasks: impl IntoIterator<Item = JoinHandle<T>>) -> Result<Vec<T>, JoinError> {
    let tasks: Vec<JoinHandle<T>> = tasks.into_iter().collect();
    if let Some(error) = iwait(&tasks).find_map(|(_, task)| task.error().cloned()) {
        return Err(error);
    }
    tasks.into_iter().map(JoinHandle::join).collect()
}

/// Waits for the first of these to end, takes it out, and gives its outcome.
///
/// None of none. The others stay in their order.
///
/// # Errors
/// That of the task, inside.
///
/// # Blocking
/// Switches tasks, unless one has ended already.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let nap = |s| osier::spawn(move || osier::sleep(Duration::from_secs(s)));
///     let mut tasks = vec![nap(3600), nap(0)];
///     assert!(osier::join_any(&mut tasks).unwrap().is_ok());
///     assert_eq!(tasks.len(), 1);
///     osier::kill_all(tasks);
/// });
/// ```
pub fn join_any<T>(tasks: &mut Vec<JoinHandle<T>>) -> Option<Result<T, JoinError>> {
    let first = iwait(&*tasks).next().map(|(at, _)| at);
    // Where nobody may wait, the first in line says so.
    let at = first.or_else(|| (!tasks.is_empty()).then_some(0))?;
    Some(tasks.remove(at).join())
}

/// Joins tasks with a limit, up to a number of them, or until one fails.
///
/// The handles stay where they are: `value` and `error` have the results.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let nap = |ms| move || osier::sleep(Duration::from_millis(ms));
///     let tasks = [3600_000, 2, 1].map(|ms| osier::spawn(nap(ms)));
///     let ended = osier::JoinAll::new(&tasks).timeout(Duration::from_secs(5)).count(2).join();
///     assert_eq!(ended.iter().map(|task| task.id()).collect::<Vec<_>>(), [tasks[2].id(), tasks[1].id()]);
///     tasks[0].kill();
/// });
/// ```
#[derive(Debug)]
#[must_use = "nothing is waited for until it joins"]
pub struct JoinAll<'a, T> {
    ends: Iwait<'a, JoinHandle<T>>,
    count: usize,
}

impl<'a, T> JoinAll<'a, T> {
    /// Joins all of these, however long it takes.
    ///
    /// A task that is there twice is given twice.
    pub fn new(tasks: impl IntoIterator<Item = &'a JoinHandle<T>>) -> JoinAll<'a, T>
    where
        T: 'a,
    {
        JoinAll { ends: iwait(tasks), count: usize::MAX }
    }

    /// Ends when that time is up, from now.
    pub fn timeout(self, limit: Duration) -> Self {
        match clock::deadline(limit) {
            Some(deadline) => self.deadline(deadline),
            None => self,
        }
    }

    /// Ends at that moment.
    pub fn deadline(mut self, deadline: Instant) -> Self {
        self.ends = self.ends.deadline(deadline);
        self
    }

    /// Ends when so many have ended.
    pub fn count(mut self, count: usize) -> Self {
        self.count = count;
        self
    }

    /// Waits, and gives those that have ended, in the order of their ends.
    ///
    /// # Blocking
    /// Switches tasks, unless enough have ended already.
    pub fn join(self) -> Vec<&'a JoinHandle<T>> {
        self.ends.map(|(_, task)| task).take(self.count).collect()
    }

    /// Waits until one fails; else as [`join`](Self::join).
    ///
    /// # Errors
    /// That of the task that failed first in time, among those counted.
    ///
    /// # Blocking
    /// Switches tasks, unless enough have ended already.
    pub fn join_ok(self) -> Result<Vec<&'a JoinHandle<T>>, &'a JoinError> {
        let ends = self.ends.map(|(_, task)| task).take(self.count);
        ends.map(|task| task.error().map_or(Ok(task), Err)).collect()
    }
}
