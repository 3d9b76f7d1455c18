//! A lock that its holder may lock again.

use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::sync::PoisonError;
use std::thread::panicking;
use std::time::{Duration, Instant};

use osier_runtime::{clock, who};
use serde::{Deserialize, Serialize};

use super::gate::{DEPTH, OWNER, TASK};
use super::lock::is_panicking;
use super::permits::Mark;
use super::{Lock, LockError, Locked, NotHeld};
use crate::stamp::me;

/// Lets one task of one process at a time go on, which may lock it again.
///
/// As [`Lock`] in everything else. It is held by a task, or by an OS thread where none runs, until it has let go as often as it has locked.
///
/// ```
/// use osier::process::sync::RLock;
///
/// osier::run(|| {
///     let lock = RLock::new()?;
///     let outer = lock.lock().unwrap();
///     let inner = lock.lock().unwrap();
///     assert_eq!(lock.depth(), 2);
///     drop((inner, outer));
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct RLock {
    lock: Lock,
}

/// Who runs, within its process.
fn runner() -> u64 {
    match who::task() {
        Some(task) => task.get(),
        None => 1 << 63 | u64::from(rustix::thread::gettid().as_raw_nonzero().get().unsigned_abs()),
    }
}

impl RLock {
    /// A lock, free.
    ///
    /// # Errors
    /// When there are no descriptors or no memory left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new() -> io::Result<RLock> {
        Ok(RLock { lock: Lock::new()? })
    }

    /// Locks it, as soon as no other task holds it.
    ///
    /// # Errors
    /// As [`Lock::lock`]. Locked again, it is poisoned only if it was before.
    ///
    /// # Blocking
    /// Switches tasks, unless it is free or this task's. In a task that unwinds never: then it is an error if held.
    pub fn lock(&self) -> Locked<RLockGuard<'_>> {
        self.lock_by(None)
    }

    /// Locks it, if no other task holds it.
    ///
    /// # Errors
    /// As [`Lock::try_lock`].
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_lock(&self) -> Locked<RLockGuard<'_>> {
        if self.is_mine() {
            return self.again(1);
        }
        let poisoned = self.lock.gate.try_lock().ok_or(LockError::WouldBlock)?;
        self.own(1, poisoned)
    }

    /// Locks it, waiting for that long at most.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), and when it was not free in time.
    ///
    /// # Blocking
    /// As [`lock`](Self::lock).
    pub fn lock_timeout(&self, limit: Duration) -> Locked<RLockGuard<'_>> {
        self.lock_by(clock::deadline(limit))
    }

    /// Locks it, waiting until then at most.
    ///
    /// # Errors
    /// As [`lock_timeout`](Self::lock_timeout).
    ///
    /// # Blocking
    /// As [`lock`](Self::lock).
    pub fn lock_deadline(&self, deadline: Instant) -> Locked<RLockGuard<'_>> {
        self.lock_by(Some(deadline))
    }

    fn lock_by(&self, deadline: Option<Instant>) -> Locked<RLockGuard<'_>> {
        if self.is_mine() { self.again(1) } else { self.lock_as(deadline, 1) }
    }

    /// Locks it, so often.
    fn lock_as(&self, deadline: Option<Instant>, depth: u64) -> Locked<RLockGuard<'_>> {
        let poisoned = self.lock.gate.lock(deadline, "waiting for a lock between processes")?;
        self.own(depth, poisoned)
    }

    /// Notes that the running task has it. In this order: what a dead owner has left is nobody's until the owner is
    /// written, and by then the task is none.
    fn own(&self, depth: u64, poisoned: bool) -> Locked<RLockGuard<'_>> {
        let words = self.lock.gate.words();
        words.store(TASK, 0);
        words.store(OWNER, me());
        words.store(DEPTH, depth);
        words.store(TASK, runner());
        self.guard(poisoned)
    }

    fn again(&self, more: u64) -> Locked<RLockGuard<'_>> {
        let words = self.lock.gate.words();
        words.store(DEPTH, words.load(DEPTH) + more);
        self.guard(self.lock.is_poisoned())
    }

    fn guard(&self, poisoned: bool) -> Locked<RLockGuard<'_>> {
        let guard = RLockGuard { lock: self, unwinds: panicking(), _here: PhantomData };
        if poisoned { Err(LockError::Poisoned(PoisonError::new(guard))) } else { Ok(guard) }
    }

    fn is_mine(&self) -> bool {
        let words = self.lock.gate.words();
        words.load(OWNER) == me() && words.load(TASK) == runner()
    }

    /// Gives up one time of having locked it, as the drop of a guard does.
    ///
    /// What a guard was [kept](RLockGuard::keep) for.
    ///
    /// # Errors
    /// When it is not this task's: unlike a [`Lock`], an `RLock` is released by its holder alone.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn release(&self) -> Result<(), NotHeld> {
        if !self.is_mine() {
            return Err(NotHeld);
        }
        self.let_go(1, Mark::Keep);
        Ok(())
    }

    /// Gives up so many times of having locked it.
    fn let_go(&self, times: u64, mark: Mark) {
        let words = self.lock.gate.words();
        let left = words.load(DEPTH).saturating_sub(times);
        words.store(DEPTH, left);
        if left == 0 {
            words.store(TASK, 0);
            self.lock.gate.unlock(mark);
        } else if mark == Mark::Set {
            self.lock.gate.permits().mark();
        }
    }

    /// How often it is locked; 0 if it is free.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn depth(&self) -> u64 {
        if self.is_locked() { self.lock.gate.words().load(DEPTH) } else { 0 }
    }

    /// Whether somebody holds it.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_locked(&self) -> bool {
        self.lock.is_locked()
    }

    /// The process that holds it, by its number.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn holder(&self) -> Option<u32> {
        self.lock.holder()
    }

    /// Whether a holder has ended or panicked, as far as somebody has noticed.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_poisoned(&self) -> bool {
        self.lock.is_poisoned()
    }

    /// Declares what it guards sound again.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn clear_poison(&self) {
        self.lock.clear_poison();
    }
}

/// The processes that hold it and wait for it.
impl fmt::Debug for RLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("RLock");
        self.lock.gate.describe(&mut out);
        out.field("depth", &self.depth()).field("poisoned", &self.is_poisoned()).finish()
    }
}

/// Holds an [`RLock`] once, for as long as this is kept.
///
/// ```
/// let lock = osier::process::sync::RLock::new()?;
/// let held = lock.lock().unwrap();
/// assert!(lock.try_lock().is_ok()); // as it is ours
/// drop(held);
/// assert!(!lock.is_locked());
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the lock is let go of when the guard is dropped"]
pub struct RLockGuard<'a> {
    lock: &'a RLock,
    /// Whether the task unwound already when it locked: then that is no poison.
    unwinds: bool,
    /// Not `Send`: it is this task's.
    _here: PhantomData<*const ()>,
}

impl<'a> RLockGuard<'a> {
    /// Lets it be locked, until [`release`](RLock::release).
    ///
    /// ```
    /// let lock = osier::process::sync::RLock::new()?;
    /// lock.lock().unwrap().keep();
    /// lock.release().unwrap();
    /// assert!(lock.release().is_err());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn keep(self) {
        mem::forget(self);
    }

    /// Lets go of it altogether, to lock it again as often.
    pub(super) fn put_down(self) -> (&'a RLock, u64) {
        let (lock, depth) = (self.lock, self.lock.lock.gate.words().load(DEPTH));
        mem::forget(self);
        lock.let_go(depth, Mark::Keep);
        (lock, depth)
    }

    pub(super) fn take_up((lock, depth): (&'a RLock, u64)) -> Locked<RLockGuard<'a>> {
        lock.lock_as(None, depth)
    }
}

impl Drop for RLockGuard<'_> {
    fn drop(&mut self) {
        let poison = !self.unwinds && is_panicking();
        // A copy of a guard in a forked child, or with another task, has nothing to give back.
        if self.lock.is_mine() {
            self.lock.let_go(1, if poison { Mark::Set } else { Mark::Keep });
        }
    }
}

impl fmt::Debug for RLockGuard<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RLockGuard").field("lock", self.lock).finish()
    }
}
