//! Why an end of a channel did not get its way.

use std::error::Error;
use std::fmt;

/// Why an item was not sent; it comes back with the reason.
///
/// ```
/// use osier::thread::{SendError, bounded};
///
/// let (sender, receiver) = bounded(1);
/// sender.send("tea").unwrap();
/// assert_eq!(sender.try_send("milk"), Err(SendError::Full("milk")));
/// drop(receiver);
/// assert_eq!(sender.send("milk").unwrap_err().into_inner(), "milk");
/// ```
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum SendError<T> {
    /// There was no room, now or until the time was up.
    Full(T),
    /// There is no receiver any more.
    Disconnected(T),
    /// There was no room, and whoever sends may not wait: it is unwinding.
    Refused(T),
}

/// Why nothing was received.
///
/// ```
/// use osier::thread::{RecvError, unbounded};
///
/// let (sender, receiver) = unbounded::<u32>();
/// assert_eq!(receiver.try_recv(), Err(RecvError::Empty));
/// drop(sender);
/// assert_eq!(receiver.recv(), Err(RecvError::Disconnected));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecvError {
    /// There was nothing, now or until the time was up.
    Empty,
    /// There is nothing, and no sender any more.
    Disconnected,
    /// There was nothing, and whoever receives may not wait: it is unwinding.
    Refused,
}

impl<T> SendError<T> {
    /// The item.
    pub fn into_inner(self) -> T {
        match self {
            SendError::Full(item) | SendError::Disconnected(item) | SendError::Refused(item) => {
                item
            }
        }
    }

    fn name(&self) -> &'static str {
        match self {
            SendError::Full(_) => "Full",
            SendError::Disconnected(_) => "Disconnected",
            SendError::Refused(_) => "Refused",
        }
    }
}

impl<T> fmt::Debug for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple(self.name()).finish_non_exhaustive()
    }
}

impl<T> fmt::Display for SendError<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            SendError::Full(_) => "not sent: the channel is full",
            SendError::Disconnected(_) => "not sent: there is no receiver any more",
            SendError::Refused(_) => {
                "not sent: the channel is full, and whoever sends may not wait"
            }
        })
    }
}

impl<T> Error for SendError<T> {}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RecvError::Empty => "nothing received: the channel is empty",
            RecvError::Disconnected => "nothing received: there is no sender any more",
            RecvError::Refused => {
                "nothing received: the channel is empty, and whoever receives may not wait"
            }
        })
    }
}

impl Error for RecvError {}
