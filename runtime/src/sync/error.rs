//! Why something was not had.

use std::error::Error;
use std::fmt;
use std::sync::PoisonError;

use crate::cancel::deliver;
use crate::task::Wake;

/// Why a permit or a lock was not had.
///
/// ```
/// use osier::sync::{AcquireError, Semaphore};
///
/// let none = Semaphore::new(0);
/// assert_eq!(none.try_acquire().unwrap_err(), AcquireError::WouldBlock);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AcquireError {
    /// It is not free, and this form does not wait.
    WouldBlock,
    /// It was not free in time.
    TimedOut,
    /// It is not free, and there is no waiting here: the task unwinds, or none runs.
    Refused,
}

impl AcquireError {
    /// Why a wait ended without what it was for; unwinds if it was cut short for that.
    pub(super) fn from_wait(wake: Wake) -> AcquireError {
        match deliver(wake) {
            Wake::TimedOut => AcquireError::TimedOut,
            Wake::Woken | Wake::Killed | Wake::Refused => AcquireError::Refused,
        }
    }

    fn as_str(self) -> &'static str {
        match self {
            AcquireError::WouldBlock => "it is not free",
            AcquireError::TimedOut => "it was not free in time",
            AcquireError::Refused => "it is not free, and there is no waiting for it here",
        }
    }
}

impl fmt::Display for AcquireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Error for AcquireError {}

/// Why a lock was not had, or with what misgiving.
///
/// ```
/// use osier::sync::{LockError, Mutex};
///
/// let lock = Mutex::new(1);
/// let held = lock.lock().unwrap();
/// assert!(matches!(lock.try_lock(), Err(LockError::WouldBlock)));
/// ```
pub enum LockError<G> {
    /// A task panicked while it held the lock, or, between processes, its process ended. The lock is held now: the guard is in
    /// here.
    Poisoned(PoisonError<G>),
    /// It is not free, and this form does not wait.
    WouldBlock,
    /// It was not free in time.
    TimedOut,
    /// It is not free, and there is no waiting here: the task unwinds, or none runs.
    Refused,
}

/// A guard, or why there is none; the guard of a poisoned lock is in the error.
pub type Locked<G> = Result<G, LockError<G>>;

impl<G> LockError<G> {
    /// The guard, if the lock is held in spite of its poison.
    ///
    /// ```
    /// use osier::sync::{LockError, Mutex};
    ///
    /// let lock = Mutex::new(1);
    /// let guard = lock.lock().or_else(|error| error.into_guard().ok_or("not had"));
    /// assert_eq!(*guard.unwrap(), 1);
    /// ```
    pub fn into_guard(self) -> Option<G> {
        match self {
            LockError::Poisoned(poison) => Some(poison.into_inner()),
            _ => None,
        }
    }

    /// Changes the guard that is in here.
    ///
    /// ```
    /// use osier::sync::{LockError, Mutex};
    ///
    /// let lock = Mutex::new([1, 2]);
    /// let sum = lock.lock().map(|all| all.iter().sum::<i32>()).map_err(|error| error.map(|_| 0));
    /// assert_eq!(sum.unwrap(), 3);
    /// ```
    pub fn map<H>(self, f: impl FnOnce(G) -> H) -> LockError<H> {
        match self {
            LockError::Poisoned(poison) => {
                LockError::Poisoned(PoisonError::new(f(poison.into_inner())))
            }
            LockError::WouldBlock => LockError::WouldBlock,
            LockError::TimedOut => LockError::TimedOut,
            LockError::Refused => LockError::Refused,
        }
    }
}

impl<G> From<AcquireError> for LockError<G> {
    fn from(error: AcquireError) -> Self {
        match error {
            AcquireError::WouldBlock => LockError::WouldBlock,
            AcquireError::TimedOut => LockError::TimedOut,
            AcquireError::Refused => LockError::Refused,
        }
    }
}

impl<G> fmt::Display for LockError<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LockError::Poisoned(_) => "poisoned: whoever held the lock panicked or ended",
            LockError::WouldBlock => AcquireError::WouldBlock.as_str(),
            LockError::TimedOut => AcquireError::TimedOut.as_str(),
            LockError::Refused => AcquireError::Refused.as_str(),
        })
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
