//! Counting what is not done yet.

use std::time::{Duration, Instant};

use super::names::JoinableQueue;
use crate::clock;

impl<T> JoinableQueue<T> {
    /// Reports an item that was got as dealt with.
    ///
    /// # Panics
    /// When that was said more often than items were put.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn task_done(&self) {
        let counted = self.0.state().finish(1);
        assert!(counted, "task_done was called more often than items were put: once for each get");
    }

    /// How many items were put and not reported as done.
    pub fn unfinished(&self) -> usize {
        self.0.state().unfinished
    }

    /// Waits until all that was put is reported as done.
    ///
    /// # Panics
    /// Where it would wait inside of [`no_switch`](crate::no_switch).
    ///
    /// # Blocking
    /// Switches tasks, unless all is done. Returns at once where a task may not wait.
    pub fn join(&self) {
        self.0.join(None);
    }

    /// Waits for that long at most; whether all is done.
    ///
    /// # Panics
    /// As [`join`](Self::join).
    ///
    /// # Blocking
    /// As [`join`](Self::join).
    ///
    /// ```
    /// use std::time::Duration;
    /// use osier::queue::JoinableQueue;
    ///
    /// osier::run(|| {
    ///     let queue = JoinableQueue::from_iter(["job"]);
    ///     queue.get().unwrap();
    ///     assert!(!queue.join_timeout(Duration::from_millis(1)));
    ///     queue.task_done();
    ///     assert!(queue.join_timeout(Duration::from_millis(1)));
    /// });
    /// ```
    pub fn join_timeout(&self, limit: Duration) -> bool {
        self.0.join(clock::deadline(limit))
    }

    /// Waits until that moment at most; whether all is done.
    ///
    /// # Panics
    /// As [`join`](Self::join).
    ///
    /// # Blocking
    /// As [`join`](Self::join).
    pub fn join_deadline(&self, deadline: Instant) -> bool {
        self.0.join(Some(deadline))
    }
}
