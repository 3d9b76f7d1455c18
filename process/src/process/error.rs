//! Why a process was not started.

use std::error::Error;
use std::fmt;
use std::io;

use crate::wire::SendError;

/// Why a process was not started. Nothing is half started then.
///
/// ```
/// use osier::process::{Process, StartError};
///
/// let stays = std::thread::spawn(std::thread::park);
/// let refused = Process::fork(|| ()).unwrap_err();
/// assert!(matches!(refused, StartError::OtherThreads(_)), "{refused}");
/// stays.thread().unpark();
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// A fork would copy locks that these other OS threads hold: by name.
    OtherThreads(Vec<String>),
    /// A daemon may not have children: nobody would end them.
    Daemonic,
    /// A task that unwinds, and code that the hub itself runs, cannot fork.
    NoTask,
    /// What it is to be called with cannot be encoded: why.
    Encode(String),
    /// The system refuses.
    Io(io::Error),
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StartError::OtherThreads(names) => write!(
                f,
                "a fork copies this OS thread alone, and locks that others hold would stay locked in the child for \
                 ever; here are also: {}. Fork before they are started, or start a registered function \
                 (`functions!`, `Process::spawn`), which begins in a process of its own",
                names.join(", ")
            ),
            StartError::Daemonic => f.write_str(
                "a daemon may not start processes: it is killed at any time, and they would stay behind",
            ),
            StartError::NoTask => f.write_str(
                "a task that unwinds, and what the hub itself runs, cannot fork: do it in a task",
            ),
            StartError::Encode(why) => write!(f, "an argument cannot be sent: {why}"),
            StartError::Io(error) => write!(f, "a process cannot be started: {error}"),
        }
    }
}

impl Error for StartError {}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> StartError {
        StartError::Io(error)
    }
}

impl From<rustix::io::Errno> for StartError {
    fn from(error: rustix::io::Errno) -> StartError {
        StartError::Io(error.into())
    }
}

impl From<SendError> for StartError {
    fn from(error: SendError) -> StartError {
        match error {
            SendError::Encode(why) => StartError::Encode(why),
            other => StartError::Io(other.into()),
        }
    }
}

impl From<StartError> for io::Error {
    fn from(error: StartError) -> io::Error {
        match error {
            StartError::Io(error) => error,
            StartError::Encode(_) => io::Error::new(io::ErrorKind::InvalidInput, error),
            other => io::Error::other(other),
        }
    }
}
