//! One task at a time, and that one as often as it likes.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::time::{Duration, Instant};

use super::AcquireError;
use super::lock::{Lock, What};
use crate::clock;
use crate::task::Wake;

/// Lets one task at a time in, and that one again while it is in.
///
/// As the task may be inside more than once, guards give shared references: put a `Cell` or a `RefCell` inside for what
/// changes. It has no poison, for the same reason as std's re-entrant locks: what is inside looks
/// after itself. Free again when the task has dropped as many guards as it has taken.
///
/// Served first come, first served: see the [module](super).
///
/// ```
/// use std::cell::Cell;
/// use osier::sync::RLock;
///
/// let account = RLock::new(Cell::new(100));
/// let take = |amount| {
///     let account = account.lock().unwrap();
///     account.set(account.get() - amount);
/// };
/// let both = account.lock().unwrap();
/// take(10); // locks again
/// take(20);
/// drop(both);
/// assert_eq!(account.into_inner().get(), 70);
/// ```
pub struct RLock<T: ?Sized = ()> {
    lock: Lock,
    /// How many guards the owner has.
    levels: Cell<usize>,
    data: T,
}

static WHAT: What = What { reason: "waiting for an RLock", twice: "an RLock lets its owner in" };

impl<T> RLock<T> {
    /// A lock around `value`, free.
    pub const fn new(value: T) -> RLock<T> {
        RLock { lock: Lock::new(), levels: Cell::new(0), data: value }
    }

    /// Gives what is inside.
    pub fn into_inner(self) -> T {
        self.data
    }
}

impl<T: ?Sized> RLock<T> {
    /// Locks it, as soon as no other task holds it.
    ///
    /// # Errors
    /// When another task holds it and there is no waiting here.
    ///
    /// # Blocking
    /// Switches tasks, unless it is free or this task's own. In a task that unwinds never.
    #[inline]
    pub fn lock(&self) -> Result<RLockGuard<'_, T>, AcquireError> {
        self.lock_by(None)
    }

    /// Locks it, if no other task holds it.
    ///
    /// # Errors
    /// When one does.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline]
    pub fn try_lock(&self) -> Result<RLockGuard<'_, T>, AcquireError> {
        if self.lock.try_lock() || self.lock.is_mine() {
            return Ok(self.enter(1));
        }
        Err(AcquireError::WouldBlock)
    }

    /// Locks it, waiting for that long at most.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), and when it was not free in time.
    ///
    /// # Blocking
    /// As [`lock`](Self::lock).
    pub fn lock_timeout(&self, limit: Duration) -> Result<RLockGuard<'_, T>, AcquireError> {
        self.lock_by(clock::deadline(limit))
    }

    /// Locks it, waiting until then at most.
    ///
    /// # Errors
    /// As [`lock_timeout`](Self::lock_timeout).
    ///
    /// # Blocking
    /// As [`lock`](Self::lock).
    pub fn lock_deadline(&self, deadline: Instant) -> Result<RLockGuard<'_, T>, AcquireError> {
        self.lock_by(Some(deadline))
    }

    #[inline]
    fn lock_by(&self, deadline: Option<Instant>) -> Result<RLockGuard<'_, T>, AcquireError> {
        if let Ok(guard) = self.try_lock() {
            return Ok(guard);
        }
        self.lock.lock(deadline, &WHAT).map_err(AcquireError::from_wait)?;
        Ok(self.enter(1))
    }

    /// Locks it as many times over as it was; an interrupt is given back, to be delivered.
    pub(super) fn lock_again(&self, levels: usize) -> Result<RLockGuard<'_, T>, Wake> {
        self.lock.lock(None, &WHAT)?;
        Ok(self.enter(levels))
    }

    fn enter(&self, levels: usize) -> RLockGuard<'_, T> {
        self.levels.set(self.levels.get() + levels);
        RLockGuard { lock: self, _local: PhantomData }
    }

    /// Whether some task holds it.
    pub fn is_locked(&self) -> bool {
        self.lock.is_locked()
    }

    /// Whether this task holds it.
    pub fn is_owned(&self) -> bool {
        self.lock.is_mine()
    }

    /// What is inside; as nobody else has a reference, nobody holds it.
    pub fn get_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: Default> Default for RLock<T> {
    fn default() -> Self {
        RLock::new(T::default())
    }
}

/// Owner, how often it is in, and waiters.
impl<T: ?Sized + fmt::Debug> fmt::Debug for RLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RLock")
            .field("data", &&self.data)
            .field("lock", &self.lock)
            .field("levels", &self.levels.get())
            .finish()
    }
}

/// What is inside of an [`RLock`], for as long as this is kept.
///
/// # Panics
/// Dropped by another task than the one that has locked: what is between the two then runs under nobody's lock.
///
/// ```
/// let lock = osier::sync::RLock::new("inside");
/// let (outer, inner) = (lock.lock().unwrap(), lock.lock().unwrap());
/// assert_eq!((*outer, *inner), ("inside", "inside"));
/// ```
#[must_use = "the lock is let go of when the guard is dropped"]
pub struct RLockGuard<'a, T: ?Sized = ()> {
    lock: &'a RLock<T>,
    /// The lock tells its owner by the task that runs.
    _local: PhantomData<*const ()>,
}

impl<'a, T: ?Sized> RLockGuard<'a, T> {
    /// Lets go of the lock whatever other guards its task has; the lock, and how many guards that were.
    pub(super) fn let_go(self) -> (&'a RLock<T>, usize) {
        let lock = self.lock;
        std::mem::forget(self);
        let levels = lock.levels.take();
        lock.lock.unlock();
        (lock, levels)
    }
}

impl<T: ?Sized> Deref for RLockGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.lock.data
    }
}

impl<T: ?Sized> Drop for RLockGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        let is_mine = self.lock.is_owned();
        let levels = self.lock.levels.get() - 1;
        self.lock.levels.set(levels);
        if levels == 0 {
            self.lock.lock.unlock();
        }
        assert!(
            is_mine || std::thread::panicking(),
            "a task lets go of an RLock that another one has locked: drop a guard in its own task"
        );
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RLockGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
