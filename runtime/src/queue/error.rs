//! Why an item was not put, or none was had.

use std::error::Error;
use std::fmt;

/// Why an item was not put; it is handed back.
///
/// ```
/// use osier::queue::{PutError, Queue};
///
/// let queue = Queue::bounded(1);
/// queue.try_put("first").unwrap();
/// let error = queue.try_put("second").unwrap_err();
/// assert_eq!(error, PutError::Full("second"));
/// assert_eq!(error.into_inner(), "second");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub enum PutError<T> {
    /// There is no room, and this does not wait for any.
    Full(T),
    /// There was no room in time.
    TimedOut(T),
    /// The queue was shut down.
    ShutDown(T),
}

impl<T> PutError<T> {
    /// The item.
    pub fn into_inner(self) -> T {
        match self {
            PutError::Full(item) | PutError::TimedOut(item) | PutError::ShutDown(item) => item,
        }
    }

    /// Whether there was no room.
    pub fn is_full(&self) -> bool {
        matches!(self, PutError::Full(_))
    }

    /// Whether the time was over.
    pub fn is_timed_out(&self) -> bool {
        matches!(self, PutError::TimedOut(_))
    }

    /// Whether the queue was shut down.
    pub fn is_shut_down(&self) -> bool {
        matches!(self, PutError::ShutDown(_))
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PutError::Full(_) => "Full(..)",
            PutError::TimedOut(_) => "TimedOut(..)",
            PutError::ShutDown(_) => "ShutDown(..)",
        })
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PutError::Full(_) => "the queue is full",
            PutError::TimedOut(_) => "timed out while the queue was full",
            PutError::ShutDown(_) => "the queue was shut down",
        })
    }
}

impl<T> Error for PutError<T> {}

/// Why no item was had.
///
/// ```
/// use osier::queue::{GetError, Queue};
///
/// let queue: Queue<u8> = Queue::unbounded();
/// assert_eq!(queue.try_get(), Err(GetError::Empty));
/// queue.shutdown();
/// assert_eq!(queue.try_get(), Err(GetError::ShutDown));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum GetError {
    /// There is none, and this does not wait for any.
    Empty,
    /// None came in time.
    TimedOut,
    /// The queue was shut down, and nothing is left in it.
    ShutDown,
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            GetError::Empty => "the queue is empty",
            GetError::TimedOut => "timed out while the queue was empty",
            GetError::ShutDown => "the queue was shut down",
        })
    }
}

impl Error for GetError {}
