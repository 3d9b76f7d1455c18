//! Why a lock was not had, or with what misgiving.

use std::error::Error;
use std::fmt;
use std::sync::PoisonError;

use osier_runtime::sync::AcquireError;

/// Why a lock was not had, or with what misgiving.
///
/// ```
/// use osier::process::sync::{Lock, LockError};
///
/// let lock = Lock::new()?;
/// let held = lock.lock().unwrap();
/// assert!(matches!(lock.try_lock(), Err(LockError::WouldBlock)));
/// # Ok::<(), std::io::Error>(())
/// ```
pub enum LockError<G> {
    /// A process has ended, or a task has panicked, that held the lock. It is held now: the guard is in here.
    Poisoned(PoisonError<G>),
    /// It is not free, and this form does not wait.
    WouldBlock,
    /// It was not free in time.
    TimedOut,
    /// It is not free, and there is no waiting here: the task unwinds, or thousands wait already.
    Refused,
}

/// A guard, or why there is none; the guard of a poisoned lock is in the error.
pub type Locked<G> = Result<G, LockError<G>>;

impl<G> LockError<G> {
    /// The guard, if the lock is held in spite of its poison.
    ///
    /// ```
    /// use osier::process::sync::{Lock, LockError};
    ///
    /// let lock = Lock::new()?;
    /// let guard = lock.lock().or_else(|error| error.into_guard().ok_or("not had"));
    /// assert!(guard.is_ok());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn into_guard(self) -> Option<G> {
        match self {
            LockError::Poisoned(poison) => Some(poison.into_inner()),
            _ => None,
        }
    }

    /// Changes the guard that is in here.
    pub(super) fn map<H>(self, f: impl FnOnce(G) -> H) -> LockError<H> {
        match self {
            LockError::Poisoned(poison) => {
                LockError::Poisoned(PoisonError::new(f(poison.into_inner())))
            }
            LockError::WouldBlock => LockError::WouldBlock,
            LockError::TimedOut => LockError::TimedOut,
            LockError::Refused => LockError::Refused,
        }
    }

    fn as_str(&self) -> &'static str {
        match self {
            LockError::Poisoned(_) => "poisoned: whoever held the lock has ended or panicked",
            LockError::WouldBlock => "it is not free",
            LockError::TimedOut => "it was not free in time",
            LockError::Refused => "it is not free, and there is no waiting for it here",
        }
    }
}

impl<G> From<AcquireError> for LockError<G> {
    fn from(error: AcquireError) -> LockError<G> {
        match error {
            AcquireError::WouldBlock => LockError::WouldBlock,
            AcquireError::TimedOut => LockError::TimedOut,
            AcquireError::Refused => LockError::Refused,
        }
    }
}

impl<G> fmt::Display for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<G> fmt::Debug for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LockError::Poisoned(_) => "Poisoned(..)",
            LockError::WouldBlock => "WouldBlock",
            LockError::TimedOut => "TimedOut",
            LockError::Refused => "Refused",
        })
    }
}

impl<G> Error for LockError<G> {}

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
