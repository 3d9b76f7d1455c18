//! What is wrong with giving something back. Why a lock was not had is told as by the locks of tasks.

use std::error::Error;
use std::fmt;

/// It was to be given back, and is not held, or not by this task.
///
/// ```
/// let lock = osier::process::sync::Lock::new()?;
/// assert!(lock.release().is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotHeld;

impl fmt::Display for NotHeld {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "it is released, and not held: each release needs a lock or a permit of its own",
        )
    }
}

impl Error for NotHeld {}

/// There would be more permits than the semaphore can have.
///
/// ```
/// let semaphore = osier::process::sync::BoundedSemaphore::new(1)?;
/// assert!(semaphore.release().is_err());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TooMany;

impl fmt::Display for TooMany {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(
            "a permit is given back that was never had: there would be more than there can be",
        )
    }
}

impl Error for TooMany {}
