//! One holder at a time, of all processes.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::sync::PoisonError;
use std::thread::panicking;
use std::time::{Duration, Instant};

use osier_runtime::clock;
use serde::{Deserialize, Serialize};

use super::gate::Gate;
use super::permits::Mark;
use super::{LockError, Locked, NotHeld};

const REASON: &str = "waiting for a lock between processes";

/// Lets one task of one process at a time go on.
///
/// It is shared with processes that are started after it was made: by a fork it is just there, and one that begins
/// anew takes it among its arguments. A clone is the same lock. While it is free, a lock and an unlock are one instruction each,
/// and no system call; who waits, waits as a task. See the [module](super) for the order, and for what else all have in common.
///
/// If its holder ends without an unlock, however it does, or panics, the lock is poisoned as std's: who locks it next is told so, and has it all the same.
///
/// ```
/// use osier::process::{Process, sync::Lock};
///
/// osier::run(|| {
///     let lock = Lock::new()?;
///     let held = lock.lock().unwrap();
///     let theirs = lock.clone();
///     let child = Process::fork(move || drop(theirs.lock().unwrap())).unwrap();
///     assert!(child.is_alive()); // it waits for us
///     drop(held);
///     assert!(child.join().is_success());
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct Lock {
    pub(super) gate: Gate,
}

impl Lock {
    /// A lock, free.
    ///
    /// # Errors
    /// When there are no descriptors or no memory left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new() -> io::Result<Lock> {
        Ok(Lock { gate: Gate::of_one()? })
    }

    /// Locks it, as soon as nobody holds it.
    ///
    /// # Errors
    /// When it is poisoned: the guard is in the error. When it is held and there is no waiting here: there is no guard then.
    ///
    /// # Blocking
    /// Switches tasks, unless it is free. In a task that unwinds never: then it is an error if held. Outside of a run it stops the OS thread.
    #[inline]
    pub fn lock(&self) -> Locked<LockGuard<'_>> {
        self.lock_by(None)
    }

    /// Locks it, if nobody holds it.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), and when somebody holds it, or is about to.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline]
    pub fn try_lock(&self) -> Locked<LockGuard<'_>> {
        self.guard(self.gate.try_lock().ok_or(LockError::WouldBlock)?)
    }

    /// Locks it, waiting for that long at most.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), and when it was not free in time.
    ///
    /// # Blocking
    /// As [`lock`](Self::lock).
    pub fn lock_timeout(&self, limit: Duration) -> Locked<LockGuard<'_>> {
        self.lock_by(clock::deadline(limit))
    }

    /// Locks it, waiting until then at most.
    ///
    /// # Errors
    /// As [`lock_timeout`](Self::lock_timeout).
    ///
    /// # Blocking
    /// As [`lock`](Self::lock).
    pub fn lock_deadline(&self, deadline: Instant) -> Locked<LockGuard<'_>> {
        self.lock_by(Some(deadline))
    }

    #[inline]
    pub(super) fn lock_by(&self, deadline: Option<Instant>) -> Locked<LockGuard<'_>> {
        self.guard(self.gate.lock(deadline, REASON)?)
    }

    #[inline]
    fn guard(&self, poisoned: bool) -> Locked<LockGuard<'_>> {
        let guard = LockGuard { lock: self, unwinds: panicking(), _here: PhantomData };
        if poisoned { Err(LockError::Poisoned(PoisonError::new(guard))) } else { Ok(guard) }
    }

    /// Unlocks it, whoever holds it: what a guard was [kept](LockGuard::keep) for.
    ///
    /// By whoever shares the lock, as Python's may.
    ///
    /// # Errors
    /// When it is not locked.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn release(&self) -> Result<(), NotHeld> {
        if self.gate.release(0, None, Mark::Keep) { Ok(()) } else { Err(NotHeld) }
    }

    /// Whether somebody holds it.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_locked(&self) -> bool {
        self.gate.permits().holders().next().is_some()
    }

    /// The process that holds it, by its number.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn holder(&self) -> Option<u32> {
        self.gate.permits().holders().next().map(crate::stamp::pid_of)
    }

    /// Whether a holder has ended or panicked, as far as somebody has noticed.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_poisoned(&self) -> bool {
        self.gate.permits().is_marked()
    }

    /// Declares what it guards sound again.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn clear_poison(&self) {
        self.gate.permits().unmark();
    }
}

/// The processes that hold it and wait for it.
impl fmt::Debug for Lock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Lock");
        self.gate.describe(&mut out);
        out.field("poisoned", &self.is_poisoned()).finish()
    }
}

/// Holds a [`Lock`], for as long as this is kept.
///
/// ```
/// let lock = osier::process::sync::Lock::new()?;
/// let held = lock.lock().unwrap();
/// assert_eq!(lock.holder(), Some(std::process::id()));
/// drop(held);
/// assert!(!lock.is_locked());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the lock is let go of when the guard is dropped"]
pub struct LockGuard<'a> {
    lock: &'a Lock,
    /// Whether the task unwound already when it locked: then that is no poison.
    unwinds: bool,
    /// Not `Send`: with it would go the duty to unlock.
    _here: PhantomData<*const ()>,
}

impl<'a> LockGuard<'a> {
    /// Lets it be locked: somebody will [release](Lock::release) it, in whatever process.
    ///
    /// It goes on being this process', which poisons it if it ends before that.
    ///
    /// ```
    /// let lock = osier::process::sync::Lock::new()?;
    /// lock.lock().unwrap().keep();
    /// assert!(lock.is_locked());
    /// lock.release().unwrap();
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn keep(self) {
        mem::forget(self);
    }

    pub(super) fn of(&self) -> &'a Lock {
        self.lock
    }
}

impl Drop for LockGuard<'_> {
    #[inline]
    fn drop(&mut self) {
        let poison = !self.unwinds && is_panicking();
        self.lock.gate.unlock(if poison { Mark::Set } else { Mark::Keep });
    }
}

/// Whether a panic unwinds, and not a kill or a time-out.
#[inline]
pub(super) fn is_panicking() -> bool {
    panicking() && !osier_runtime::who::is_stopped()
}

impl fmt::Debug for LockGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard").field("lock", self.lock).finish()
    }
}
