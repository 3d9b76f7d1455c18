//! Why workers have not ended well.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::Duration;

use crate::process::{ExitStatus, StartError};

/// Why workers were not started, or had to be given up.
///
/// ```
/// use std::time::Duration;
/// use osier::process::{Workers, WorkersError};
///
/// let given_up = osier::run(|| {
///     let plan = Workers::new().processes(1).pause(Duration::from_millis(1)).crash_limit(2);
///     plan.run(|_worker| -> i32 { 3 }).unwrap_err()
/// });
/// assert!(matches!(given_up, WorkersError::CrashLoop { worker: 0, times: 2, .. }));
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub enum WorkersError {
    /// One could not be started, at first or as often as it was tried; none is left.
    Start(StartError),
    /// One has died young again and again; the others were drained.
    CrashLoop {
        /// Which one, from 0.
        worker: usize,
        /// How often in a row.
        times: u32,
        /// How it has died the last time.
        status: ExitStatus,
        /// How long it had lived then.
        lived: Duration,
    },
    /// The system refuses: descriptors, memory, signals that somebody else waits for.
    Io(io::Error),
}

impl fmt::Display for WorkersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            WorkersError::Start(error) => write!(f, "a worker could not be started: {error}"),
            WorkersError::CrashLoop { worker, times, status, lived } => write!(
                f,
                "worker {worker} has died {times} times in a row, each time young; the last time by {status}, \
                 after {lived:.1?}"
            ),
            WorkersError::Io(error) => write!(f, "workers cannot be kept: {error}"),
        }
    }
}

impl Error for WorkersError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            WorkersError::Start(error) => Some(error),
            WorkersError::Io(error) => Some(error),
            WorkersError::CrashLoop { .. } => None,
        }
    }
}

impl From<StartError> for WorkersError {
    fn from(error: StartError) -> WorkersError {
        WorkersError::Start(error)
    }
}

impl From<io::Error> for WorkersError {
    fn from(error: io::Error) -> WorkersError {
        WorkersError::Io(error)
    }
}

impl From<WorkersError> for io::Error {
    fn from(error: WorkersError) -> io::Error {
        match error {
            WorkersError::Io(error) => error,
            other => io::Error::other(other),
        }
    }
}
