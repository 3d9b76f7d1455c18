//! One task at a time.

use std::cell::{Cell, RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, PoisonError};
use std::time::{Duration, Instant};

use super::error::AcquireError;
use super::lock::{Lock, What, is_panicking};
use super::{LockError, Locked};
use crate::clock;
use crate::task::Wake;

/// Lets one task at a time at what is inside, also across waits.
///
/// First come, first served: see the [module](super) for that, and for what else all locks here have in common. A task that panics
/// while it holds the lock poisons it; one that is killed or timed out does not.
///
/// The guard belongs to the task that has locked. Reports name that task, so do not hand the guard to
/// another.
///
/// ```
/// use std::rc::Rc;
/// use osier::sync::Mutex;
///
/// osier::run(|| {
///     let total = Rc::new(Mutex::new(0));
///     let add = || {
///         let total = total.clone();
///         osier::spawn(move || {
///             let mut total = total.lock().unwrap();
///             let before = *total;
///             osier::yield_now(); // the others run, and wait for the lock
///             *total = before + 1;
///         })
///     };
///     osier::join_all((0..100).map(|_| add()));
///     assert_eq!(*total.lock().unwrap(), 100);
/// });
/// ```
pub struct Mutex<T: ?Sized> {
    lock: Lock,
    poisoned: Cell<bool>,
    /// Borrowed exactly while there is a guard.
    data: RefCell<T>,
}

static WHAT: What = What {
    reason: "waiting for a mutex",
    twice: "it locks a Mutex that it has locked already; \
        drop the guard first, or use osier::sync::RLock",
};

impl<T> Mutex<T> {
    /// A lock around `value`, free.
    pub const fn new(value: T) -> Mutex<T> {
        Mutex { lock: Lock::new(), poisoned: Cell::new(false), data: RefCell::new(value) }
    }

    /// Gives what is inside.
    ///
    /// # Errors
    /// When the lock is poisoned; it is in the error.
    pub fn into_inner(self) -> LockResult<T> {
        poison_if(self.poisoned.get(), self.data.into_inner())
    }
}

impl<T: ?Sized> Mutex<T> {
    /// Locks it, as soon as nobody else holds it.
    ///
    /// # Errors
    /// When it is poisoned: the guard is in the error. When it is held and there is no waiting here: there is no guard then.
    ///
    /// # Panics
    /// When this task holds it already: it would wait for itself.
    ///
    /// # Blocking
    /// Switches tasks, unless it is free. In a task that unwinds never: then it is an error if held.
    #[inline]
    pub fn lock(&self) -> Locked<MutexGuard<'_, T>> {
        self.lock_by(None)
    }

    /// Locks it, if nobody holds it.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), and when somebody holds it.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline]
    pub fn try_lock(&self) -> Locked<MutexGuard<'_, T>> {
        if self.lock.try_lock() { self.guard() } else { Err(LockError::WouldBlock) }
    }

    /// Locks it, waiting for that long at most.
    ///
    /// # Errors
    /// As [`lock`](Self::lock), and when it was not free in time.
    ///
    /// # Panics
    /// As [`lock`](Self::lock).
    ///
    /// # Blocking
    /// As [`lock`](Self::lock).
    pub fn lock_timeout(&self, limit: Duration) -> Locked<MutexGuard<'_, T>> {
        if self.lock.try_lock() { self.guard() } else { self.lock_by(clock::deadline(limit)) }
    }

    /// Locks it, waiting until then at most.
    ///
    /// # Errors
    /// As [`lock_timeout`](Self::lock_timeout).
    ///
    /// # Panics
    /// As [`lock`](Self::lock).
    ///
    /// # Blocking
    /// As [`lock`](Self::lock).
    pub fn lock_deadline(&self, deadline: Instant) -> Locked<MutexGuard<'_, T>> {
        self.lock_by(Some(deadline))
    }

    #[inline]
    fn lock_by(&self, deadline: Option<Instant>) -> Locked<MutexGuard<'_, T>> {
        match self.lock.lock(deadline, &WHAT) {
            Ok(()) => self.guard(),
            Err(wake) => Err(AcquireError::from_wait(wake).into()),
        }
    }

    /// Locks it however long that takes; an interrupt is given back, to be delivered.
    pub(super) fn lock_again(&self) -> Result<Locked<MutexGuard<'_, T>>, Wake> {
        self.lock.lock(None, &WHAT).map(|()| self.guard())
    }

    #[inline]
    fn guard(&self) -> Locked<MutexGuard<'_, T>> {
        let guard = MutexGuard {
            data: self.data.borrow_mut(),
            lock: self,
            unwinds: std::thread::panicking(),
        };
        if self.poisoned.get() {
            return Err(LockError::Poisoned(PoisonError::new(guard)));
        }
        Ok(guard)
    }

    /// Whether somebody holds it.
    pub fn is_locked(&self) -> bool {
        self.lock.is_locked()
    }

    /// Whether a task panicked while it held the lock.
    pub fn is_poisoned(&self) -> bool {
        self.poisoned.get()
    }

    /// Declares what is inside sound again.
    pub fn clear_poison(&self) {
        self.poisoned.set(false);
    }

    /// What is inside; as nobody else has a reference, nobody holds it.
    ///
    /// # Errors
    /// When the lock is poisoned; the reference is in the error.
    pub fn get_mut(&mut self) -> LockResult<&mut T> {
        poison_if(self.poisoned.get(), self.data.get_mut())
    }
}

/// As std's locks say it.
pub(super) fn poison_if<T>(poisoned: bool, value: T) -> LockResult<T> {
    if poisoned { Err(PoisonError::new(value)) } else { Ok(value) }
}

impl<T: Default> Default for Mutex<T> {
    fn default() -> Self {
        Mutex::new(T::default())
    }
}

impl<T> From<T> for Mutex<T> {
    fn from(value: T) -> Self {
        Mutex::new(value)
    }
}

/// Owner, waiters, and what is inside if it is free.
impl<T: ?Sized + fmt::Debug> fmt::Debug for Mutex<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Mutex");
        match self.data.try_borrow() {
            Ok(data) => out.field("data", &&*data),
            Err(_) => out.field("data", &format_args!("<locked>")),
        };
        out.field("lock", &self.lock).field("poisoned", &self.poisoned.get()).finish()
    }
}

/// What is inside of a [`Mutex`], for as long as this is kept.
///
/// ```
/// let lock = osier::sync::Mutex::new(vec![1]);
/// lock.lock().unwrap().push(2); // the guard goes at the end of the statement
/// assert_eq!(lock.lock().unwrap().len(), 2);
/// ```
#[must_use = "the lock is let go of when the guard is dropped"]
pub struct MutexGuard<'a, T: ?Sized> {
    data: RefMut<'a, T>,
    lock: &'a Mutex<T>,
    /// Whether the task unwound already when it locked: then that is not to be held against what is inside.
    unwinds: bool,
}

impl<'a, T: ?Sized> MutexGuard<'a, T> {
    /// The lock it is of.
    pub(super) fn mutex(&self) -> &'a Mutex<T> {
        self.lock
    }
}

impl<T: ?Sized> Deref for MutexGuard<'_, T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T: ?Sized> DerefMut for MutexGuard<'_, T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: ?Sized> Drop for MutexGuard<'_, T> {
    /// Whoever is next runs later: by then `data` is borrowed no more.
    #[inline]
    fn drop(&mut self) {
        if !self.unwinds && is_panicking() {
            self.lock.poisoned.set(true);
        }
        self.lock.lock.unlock();
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

impl<T: ?Sized + fmt::Display> fmt::Display for MutexGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
