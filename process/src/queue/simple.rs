//! A queue that puts and gets, and nothing else.

use std::io;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::{GetError, PutError, Queue};

/// A queue between processes without limit, and with few methods.
///
/// ```
/// use osier::process::queue::SimpleQueue;
///
/// let queue = SimpleQueue::new()?;
/// queue.put("hello".to_string()).unwrap();
/// assert_eq!(queue.get().unwrap(), "hello");
/// assert!(queue.is_empty());
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug, Serialize, Deserialize)]
#[serde(bound = "")]
pub struct SimpleQueue<T>(pub(super) Queue<T>);

impl<T> SimpleQueue<T> {
    /// A new one.
    ///
    /// # Errors
    /// When there are no descriptors left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new() -> io::Result<SimpleQueue<T>> {
        Ok(SimpleQueue(Queue::unbounded()?))
    }

    /// Whether nothing is in it. Advisory: others put and get meanwhile.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Lets this process put and get no more. Called again, it does nothing.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn close(&self) {
        self.0.close();
    }
}

impl<T: Serialize> SimpleQueue<T> {
    /// Puts an item; there is always room.
    ///
    /// # Errors
    /// [`PutError`]; the item comes back.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn put(&self, item: T) -> Result<(), PutError<T>> {
        self.0.try_put(item)
    }
}

impl<T: DeserializeOwned> SimpleQueue<T> {
    /// Gets the next item, as soon as there is one.
    ///
    /// # Errors
    /// [`GetError`].
    ///
    /// # Blocking
    /// Switches tasks, if there is none.
    pub fn get(&self) -> Result<T, GetError> {
        self.0.get()
    }

    /// Gets the next item, if there is one.
    ///
    /// # Errors
    /// As [`Queue::try_get`].
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_get(&self) -> Result<T, GetError> {
        self.0.try_get()
    }

    /// Gets the next item, if one comes in that time.
    ///
    /// # Errors
    /// As [`Queue::get_timeout`].
    ///
    /// # Blocking
    /// As [`get`](Self::get).
    pub fn get_timeout(&self, limit: Duration) -> Result<T, GetError> {
        self.0.get_timeout(limit)
    }

    /// Gets the next item, if one comes until then.
    ///
    /// # Errors
    /// As [`Queue::get_timeout`].
    ///
    /// # Blocking
    /// As [`get`](Self::get).
    pub fn get_deadline(&self, deadline: Instant) -> Result<T, GetError> {
        self.0.get_deadline(deadline)
    }
}

impl<T> Clone for SimpleQueue<T> {
    fn clone(&self) -> SimpleQueue<T> {
        SimpleQueue(self.0.clone())
    }
}
