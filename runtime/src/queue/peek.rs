//! Looking at what comes next.

use std::time::{Duration, Instant};

use super::any_queue::AnyQueue;
use super::error::GetError;
use super::kind::Kind;
use crate::clock;

impl<K: Kind> AnyQueue<K>
where
    K::Item: Clone,
{
    /// The item that comes next, which stays; waits for one if there is none.
    ///
    /// All who peek go on with the first item that is there for them to see. Who waits to get is served before them: an
    /// item that goes straight there they do not see. The clone is made while the queue is in use: it can neither wait nor use the queue.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    ///
    /// # Panics
    /// As [`get`](Self::get).
    ///
    /// # Blocking
    /// Switches tasks, unless there is an item.
    ///
    /// ```
    /// use osier::queue::Queue;
    ///
    /// osier::run(|| {
    ///     let queue = Queue::from_iter(["first", "second"]);
    ///     assert_eq!(queue.peek(), Ok("first"));
    ///     assert_eq!(queue.len(), 2);
    /// });
    /// ```
    pub fn peek(&self) -> Result<K::Item, GetError> {
        self.0.peek(K::Item::clone, None)
    }

    /// The item that comes next, which stays, if there is one.
    ///
    /// # Errors
    /// As [`try_get`](Self::try_get).
    ///
    /// # Blocking
    /// Never switches tasks. It can be called anywhere.
    pub fn try_peek(&self) -> Result<K::Item, GetError> {
        self.0.try_peek(K::Item::clone)
    }

    /// The item that comes next, which stays; waits for that long at most.
    ///
    /// # Errors
    /// As [`get_timeout`](Self::get_timeout).
    ///
    /// # Panics
    /// As [`get`](Self::get).
    ///
    /// # Blocking
    /// As [`peek`](Self::peek).
    pub fn peek_timeout(&self, limit: Duration) -> Result<K::Item, GetError> {
        self.0.peek(K::Item::clone, clock::deadline(limit))
    }

    /// The item that comes next, which stays; waits until that moment at most.
    ///
    /// # Errors
    /// As [`get_timeout`](Self::get_timeout).
    ///
    /// # Panics
    /// As [`get`](Self::get).
    ///
    /// # Blocking
    /// As [`peek`](Self::peek).
    pub fn peek_deadline(&self, deadline: Instant) -> Result<K::Item, GetError> {
        self.0.peek(K::Item::clone, Some(deadline))
    }
}
