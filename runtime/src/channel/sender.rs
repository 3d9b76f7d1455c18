//! The sending end.

use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::ends::Ends;
use super::{SendError, SendTimeoutError, TrySendError};
use crate::clock;
use crate::queue::{Core, Pipe, PutError};

/// The sending end of a channel.
///
/// A clone is one more. Where a task may not wait (it unwinds, or there is none) everything here that would
/// does not, and says that it failed.
///
/// ```
/// let (to, from) = osier::channel::bounded(1);
/// to.send(1).unwrap();
/// assert!(to.try_send(2).is_err());
/// drop(from);
/// assert_eq!(to.send(3).unwrap_err().0, 3);
/// ```
pub struct Sender<T>(Rc<Ends<T>>);

impl<T> Sender<T> {
    pub(super) fn new(ends: &Rc<Ends<T>>) -> Sender<T> {
        ends.senders.set(ends.senders.get() + 1);
        Sender(ends.clone())
    }

    /// Sends a value, and waits for room if there is none.
    ///
    /// # Errors
    /// With the value, when all receivers have gone, also during the wait; or when this task may not wait.
    ///
    /// # Panics
    /// Where it would wait inside of [`no_switch`](crate::no_switch).
    ///
    /// # Blocking
    /// Switches tasks, unless there is room or somebody waits for a value.
    #[inline]
    pub fn send(&self, value: T) -> Result<(), SendError<T>> {
        self.0.core.put(value, None).map_err(|error| SendError(error.into_inner()))
    }

    /// Sends a value if there is room, or somebody waits for one.
    ///
    /// # Errors
    /// With the value.
    ///
    /// # Blocking
    /// Never switches tasks. It can be called anywhere.
    #[inline]
    pub fn try_send(&self, value: T) -> Result<(), TrySendError<T>> {
        self.0.core.try_put(value).map_err(|error| match error {
            PutError::Full(value) | PutError::TimedOut(value) => TrySendError::Full(value),
            PutError::ShutDown(value) => TrySendError::Disconnected(value),
        })
    }

    /// Sends a value, and waits for that long at most.
    ///
    /// # Errors
    /// With the value; at once as a time-out where a task may not wait.
    ///
    /// # Panics
    /// As [`send`](Self::send).
    ///
    /// # Blocking
    /// As [`send`](Self::send).
    pub fn send_timeout(&self, value: T, limit: Duration) -> Result<(), SendTimeoutError<T>> {
        self.send_by(value, clock::deadline(limit))
    }

    /// Sends a value, and waits until that moment at most.
    ///
    /// # Errors
    /// As [`send_timeout`](Self::send_timeout).
    ///
    /// # Panics
    /// As [`send`](Self::send).
    ///
    /// # Blocking
    /// As [`send`](Self::send).
    pub fn send_deadline(&self, value: T, deadline: Instant) -> Result<(), SendTimeoutError<T>> {
        self.send_by(value, Some(deadline))
    }

    fn send_by(&self, value: T, deadline: Option<Instant>) -> Result<(), SendTimeoutError<T>> {
        self.0.core.put(value, deadline).map_err(|error| match error {
            PutError::Full(value) | PutError::TimedOut(value) => SendTimeoutError::Timeout(value),
            PutError::ShutDown(value) => SendTimeoutError::Disconnected(value),
        })
    }

    /// How many values wait to be received.
    pub fn len(&self) -> usize {
        self.0.core.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room; with a capacity of 0 there never is.
    pub fn is_full(&self) -> bool {
        self.0.core.is_full()
    }

    /// How many values it holds at most; none for any number.
    pub fn capacity(&self) -> Option<usize> {
        self.0.capacity()
    }

    pub(crate) fn core(&self) -> &Core<Pipe<T>> {
        &self.0.core
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Sender<T> {
        Sender::new(&self.0)
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let left = self.0.senders.get() - 1;
        self.0.senders.set(left);
        if left == 0 {
            self.0.core.shut_down();
        }
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("Sender", f)
    }
}
