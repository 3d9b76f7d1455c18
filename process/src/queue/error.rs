//! Why an item was not put, or none was had.

use std::error::Error;
use std::fmt;
use std::io;

/// Why an item was not put; it is handed back.
///
/// ```
/// use osier::process::queue::{PutError, Queue};
///
/// let queue = Queue::bounded(1)?;
/// queue.try_put("first").unwrap();
/// let error = queue.try_put("second").unwrap_err();
/// assert!(matches!(error, PutError::Full(_)));
/// assert_eq!(error.into_inner(), "second");
/// # std::io::Result::Ok(())
/// ```
#[non_exhaustive]
pub enum PutError<T> {
    /// There is no room, and this does not wait for any.
    Full(T),
    /// There was no room in time.
    TimedOut(T),
    /// The queue was shut down, by whichever process, or closed in this one, or not handed to it.
    ShutDown(T),
    /// It cannot be encoded: why.
    Encode(T, String),
    /// The system refuses.
    Io(T, io::Error),
}

impl<T> PutError<T> {
    /// The item.
    pub fn into_inner(self) -> T {
        match self {
            PutError::Full(item) | PutError::TimedOut(item) | PutError::ShutDown(item) => item,
            PutError::Encode(item, _) | PutError::Io(item, _) => item,
        }
    }
}

impl<T> fmt::Debug for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PutError::Full(_) => f.write_str("Full(..)"),
            PutError::TimedOut(_) => f.write_str("TimedOut(..)"),
            PutError::ShutDown(_) => f.write_str("ShutDown(..)"),
            PutError::Encode(_, why) => write!(f, "Encode(.., {why:?})"),
            PutError::Io(_, error) => write!(f, "Io(.., {error:?})"),
        }
    }
}

impl<T> fmt::Display for PutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PutError::Full(_) => f.write_str("the queue is full"),
            PutError::TimedOut(_) => f.write_str("timed out while the queue was full"),
            PutError::ShutDown(_) => f.write_str("the queue is closed"),
            PutError::Encode(_, why) => write!(f, "the item cannot be encoded: {why}"),
            PutError::Io(_, error) => write!(f, "{error}"),
        }
    }
}

impl<T> Error for PutError<T> {}

/// Why no item was had.
///
/// ```
/// use osier::process::queue::{GetError, Queue};
///
/// let queue = Queue::<u8>::unbounded()?;
/// assert!(matches!(queue.try_get(), Err(GetError::Empty)));
/// queue.shutdown();
/// assert!(matches!(queue.try_get(), Err(GetError::ShutDown)));
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum GetError {
    /// There is none, and this does not wait for any.
    Empty,
    /// None came in time.
    TimedOut,
    /// The queue was shut down and nothing is left in it; or it was closed in this process, or not handed to it.
    ShutDown,
    /// What was put is no item of that type; it is gone: why.
    Decode(String),
    /// The system refuses; an item may be lost, if the text says so.
    Io(io::Error),
}

impl fmt::Display for GetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            GetError::Empty => f.write_str("the queue is empty"),
            GetError::TimedOut => f.write_str("timed out while the queue was empty"),
            GetError::ShutDown => f.write_str("the queue is closed"),
            GetError::Decode(why) => write!(f, "this is not what was expected: {why}"),
            GetError::Io(error) => write!(f, "{error}"),
        }
    }
}

impl Error for GetError {}
