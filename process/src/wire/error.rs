//! What can go wrong on the way between processes.

use std::error::Error;
use std::fmt;
use std::io;

/// Why nothing was sent.
///
/// ```
/// use osier::process::{SendError, pipe};
///
/// let (near, far) = pipe::duplex::<u32>()?;
/// drop(far);
/// assert!(matches!(near.send(&1), Err(SendError::Closed)));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum SendError {
    /// Nobody will ever receive it: all other ends are closed.
    Closed,
    /// There was no room, for the time that it was to wait.
    TimedOut,
    /// The value cannot be encoded: why.
    Encode(String),
    /// It is longer than the other side would take.
    TooLong(usize),
    /// The system refuses.
    Io(io::Error),
}

/// Why nothing was received.
///
/// ```
/// use osier::process::{RecvError, pipe};
///
/// let (near, far) = pipe::duplex::<u32>()?;
/// assert!(matches!(far.try_recv(), Err(RecvError::Empty)));
/// drop(near);
/// assert!(matches!(far.try_recv(), Err(RecvError::Closed)));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum RecvError {
    /// Nothing will ever come: all other ends are closed.
    Closed,
    /// Nothing is there now.
    Empty,
    /// Nothing came in the time that it was to wait.
    TimedOut,
    /// What came is no value of that type, or no message at all; it is gone: why.
    Decode(String),
    /// What came is longer than is taken; it is gone.
    TooLong(u64),
    /// The system refuses; what came may be lost, if the text says so.
    Io(io::Error),
}

impl fmt::Display for SendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SendError::Closed => f.write_str("all other ends are closed"),
            SendError::TimedOut => f.write_str("there was no room in time"),
            SendError::Encode(why) => write!(f, "the value cannot be encoded: {why}"),
            SendError::TooLong(bytes) => write!(f, "{bytes} bytes are more than can be sent"),
            SendError::Io(error) => write!(f, "{error}"),
        }
    }
}

impl fmt::Display for RecvError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecvError::Closed => f.write_str("all other ends are closed"),
            RecvError::Empty => f.write_str("there is no message"),
            RecvError::TimedOut => f.write_str("no message came in time"),
            RecvError::Decode(why) => write!(f, "this is not what was expected: {why}"),
            RecvError::TooLong(bytes) => write!(f, "a message of {bytes} bytes is not taken"),
            RecvError::Io(error) => write!(f, "{error}"),
        }
    }
}

impl Error for SendError {}
impl Error for RecvError {}

impl From<io::Error> for SendError {
    fn from(error: io::Error) -> SendError {
        match error.kind() {
            io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset => SendError::Closed,
            io::ErrorKind::TimedOut => SendError::TimedOut,
            _ => SendError::Io(error),
        }
    }
}

impl From<io::Error> for RecvError {
    fn from(error: io::Error) -> RecvError {
        match error.kind() {
            io::ErrorKind::ConnectionReset => RecvError::Closed,
            io::ErrorKind::TimedOut => RecvError::TimedOut,
            _ => RecvError::Io(error),
        }
    }
}

impl From<SendError> for io::Error {
    fn from(error: SendError) -> io::Error {
        let kind = match error {
            SendError::Io(error) => return error,
            SendError::Closed => io::ErrorKind::BrokenPipe,
            SendError::TimedOut => io::ErrorKind::TimedOut,
            SendError::Encode(_) | SendError::TooLong(_) => io::ErrorKind::InvalidInput,
        };
        io::Error::new(kind, error)
    }
}

impl From<RecvError> for io::Error {
    fn from(error: RecvError) -> io::Error {
        let kind = match error {
            RecvError::Io(error) => return error,
            RecvError::Closed => io::ErrorKind::UnexpectedEof,
            RecvError::Empty => io::ErrorKind::WouldBlock,
            RecvError::TimedOut => io::ErrorKind::TimedOut,
            RecvError::Decode(_) | RecvError::TooLong(_) => io::ErrorKind::InvalidData,
        };
        io::Error::new(kind, error)
    }
}
