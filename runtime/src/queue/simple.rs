//! A queue that is nothing but a queue.

use std::fmt;
use std::time::{Duration, Instant};

use super::error::GetError;
use super::names::Queue;
use crate::wait::{Waitable, Watcher, sealed};

/// A queue without a limit and without an end: a put always succeeds.
///
/// It can be put into from anywhere, destructors included. A clone is another handle of the same queue. Whoever
/// gets outside of a task, or in one that unwinds, does not wait.
///
/// ```
/// use osier::queue::SimpleQueue;
///
/// osier::run(|| {
///     let queue = SimpleQueue::new();
///     let other = queue.clone();
///     osier::spawn(move || other.put("hello"));
///     assert_eq!(queue.get(), Ok("hello"));
/// });
/// ```
pub struct SimpleQueue<T>(Queue<T>);

impl<T> SimpleQueue<T> {
    /// An empty queue.
    pub fn new() -> SimpleQueue<T> {
        SimpleQueue(Queue::unbounded())
    }

    /// Puts an item.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline]
    pub fn put(&self, item: T) {
        let put = self.0.try_put(item);
        debug_assert!(put.is_ok(), "it has no limit and no end");
    }

    /// Takes the first item, and waits for one if there is none.
    ///
    /// # Errors
    /// [`GetError::Empty`] where a task may not wait.
    ///
    /// # Panics
    /// Where it would wait inside of [`no_switch`](crate::no_switch).
    ///
    /// # Blocking
    /// Switches tasks, unless there is an item.
    #[inline]
    pub fn get(&self) -> Result<T, GetError> {
        self.0.get()
    }

    /// Takes the first item, if there is one.
    ///
    /// # Errors
    /// [`GetError::Empty`].
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline]
    pub fn try_get(&self) -> Result<T, GetError> {
        self.0.try_get()
    }

    /// Takes the first item, and waits for that long at most.
    ///
    /// # Errors
    /// As [`get`](Self::get), and [`GetError::TimedOut`].
    ///
    /// # Panics
    /// As [`get`](Self::get).
    ///
    /// # Blocking
    /// As [`get`](Self::get).
    pub fn get_timeout(&self, limit: Duration) -> Result<T, GetError> {
        self.0.get_timeout(limit)
    }

    /// Takes the first item, and waits until that moment at most.
    ///
    /// # Errors
    /// As [`get_timeout`](Self::get_timeout).
    ///
    /// # Panics
    /// As [`get`](Self::get).
    ///
    /// # Blocking
    /// As [`get`](Self::get).
    pub fn get_deadline(&self, deadline: Instant) -> Result<T, GetError> {
        self.0.get_deadline(deadline)
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<T> Default for SimpleQueue<T> {
    fn default() -> Self {
        SimpleQueue::new()
    }
}

impl<T> Clone for SimpleQueue<T> {
    fn clone(&self) -> Self {
        SimpleQueue(self.0.clone())
    }
}

impl<T> fmt::Debug for SimpleQueue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SimpleQueue").field(&self.0).finish()
    }
}

impl<T> sealed::Sealed for SimpleQueue<T> {}

/// Ready when there is an item.
impl<T> Waitable for SimpleQueue<T> {
    fn is_ready(&self) -> bool {
        self.0.is_ready()
    }

    fn watch(&self, watcher: Watcher) {
        self.0.watch(watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.0.unwatch(watcher);
    }
}
