//! The error that std does not have yet; the others are its own.

use std::error::Error;
use std::fmt;

/// Why nothing was sent in time; the value is handed back.
///
/// ```
/// use std::time::Duration;
/// use osier::channel::{self, SendTimeoutError};
///
/// osier::run(|| {
///     let (to, from) = channel::bounded(0);
///     let limit = Duration::from_millis(1);
///     assert_eq!(to.send_timeout(7, limit), Err(SendTimeoutError::Timeout(7)));
///     drop(from);
///     assert_eq!(to.send_timeout(7, limit), Err(SendTimeoutError::Disconnected(7)));
/// });
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendTimeoutError<T> {
    /// There was no room in time, or nobody to take it.
    Timeout(T),
    /// All receivers have gone.
    Disconnected(T),
}

impl<T> SendTimeoutError<T> {
    /// The value.
    pub fn into_inner(self) -> T {
        match self {
            SendTimeoutError::Timeout(value) | SendTimeoutError::Disconnected(value) => value,
        }
    }
}

impl<T> fmt::Debug for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendTimeoutError::Timeout(_) => "Timeout(..)",
            SendTimeoutError::Disconnected(_) => "Disconnected(..)",
        })
    }
}

impl<T> fmt::Display for SendTimeoutError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendTimeoutError::Timeout(_) => "timed out while the channel was full",
            SendTimeoutError::Disconnected(_) => "sending on a channel without receivers",
        })
    }
}

impl<T> Error for SendTimeoutError<T> {}
