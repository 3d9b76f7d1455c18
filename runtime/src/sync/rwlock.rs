//! Several tasks that read, or one that writes.

use std::cell::{Cell, Ref, RefCell, RefMut};
use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::{LockResult, PoisonError};
use std::time::{Duration, Instant};

use super::access::{Access, Ask};
use super::error::AcquireError;
use super::lock::{current, is_panicking};
use super::mutex::poison_if;
use super::{LockError, Locked};
use crate::clock;
use crate::hub::{Held, Notice, is_in_task};
use crate::wait::stand;

/// Lets several tasks read what is inside at a time, or one write.
///
/// Served first come, first served: a reader that comes while a writer waits waits behind it, so neither kind
/// starves. A task that panics while it writes poisons the lock; see the [module](super).
///
/// ```
/// use osier::sync::RwLock;
///
/// let lock = RwLock::new(5);
/// let (one, other) = (lock.read().unwrap(), lock.read().unwrap());
/// assert_eq!(*one + *other, 10);
/// drop((one, other));
/// *lock.write().unwrap() += 1;
/// assert_eq!(*lock.read().unwrap(), 6);
/// ```
pub struct RwLock<T: ?Sized> {
    state: RefCell<State>,
    poisoned: Cell<bool>,
    /// Borrowed as the guards there are say.
    data: RefCell<T>,
}

struct State {
    access: Access,
    /// Who holds it, for reports; there while somebody waits.
    notice: Option<Notice>,
}

impl<T> RwLock<T> {
    /// A lock around `value`, free.
    pub fn new(value: T) -> RwLock<T> {
        let state = RefCell::new(State { access: Access::new(), notice: None });
        RwLock { state, poisoned: Cell::new(false), data: RefCell::new(value) }
    }

    /// Gives what is inside.
    ///
    /// # Errors
    /// When the lock is poisoned; it is in the error.
    pub fn into_inner(self) -> LockResult<T> {
        poison_if(self.poisoned.get(), self.data.into_inner())
    }
}

impl<T: ?Sized> RwLock<T> {
    /// Locks it for reading, as soon as nobody writes or waits.
    ///
    /// # Errors
    /// When it is poisoned: the guard is in the error. When it is not to be had and there is no waiting here: there is no
    /// guard then.
    ///
    /// # Panics
    /// When this task would wait for itself: it writes, or it reads and somebody waits to write.
    ///
    /// # Blocking
    /// Switches tasks, unless it is to be had. In a task that unwinds never.
    pub fn read(&self) -> Locked<RwLockReadGuard<'_, T>> {
        self.read_by(None)
    }

    /// Locks it for reading, if nobody writes or waits.
    ///
    /// # Errors
    /// As [`read`](Self::read), and when somebody does.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_read(&self) -> Locked<RwLockReadGuard<'_, T>> {
        self.try_enter(false).map_or(Err(LockError::WouldBlock), |key| self.reader(key))
    }

    /// Locks it for reading, waiting for that long at most.
    ///
    /// # Errors
    /// As [`read`](Self::read), and when it was not to be had in time.
    ///
    /// # Panics
    /// As [`read`](Self::read).
    ///
    /// # Blocking
    /// As [`read`](Self::read).
    pub fn read_timeout(&self, limit: Duration) -> Locked<RwLockReadGuard<'_, T>> {
        self.read_by(clock::deadline(limit))
    }

    /// Locks it for reading, waiting until then at most.
    ///
    /// # Errors
    /// As [`read_timeout`](Self::read_timeout).
    ///
    /// # Panics
    /// As [`read`](Self::read).
    ///
    /// # Blocking
    /// As [`read`](Self::read).
    pub fn read_deadline(&self, deadline: Instant) -> Locked<RwLockReadGuard<'_, T>> {
        self.read_by(Some(deadline))
    }

    /// Locks it for writing, as soon as nobody else reads or writes.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    ///
    /// # Panics
    /// When this task reads or writes already: it would wait for itself.
    ///
    /// # Blocking
    /// As [`read`](Self::read).
    pub fn write(&self) -> Locked<RwLockWriteGuard<'_, T>> {
        self.write_by(None)
    }

    /// Locks it for writing, if nobody reads, writes or waits.
    ///
    /// # Errors
    /// As [`try_read`](Self::try_read).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_write(&self) -> Locked<RwLockWriteGuard<'_, T>> {
        self.try_enter(true).map_or(Err(LockError::WouldBlock), |key| self.writer(key))
    }

    /// Locks it for writing, waiting for that long at most.
    ///
    /// # Errors
    /// As [`read_timeout`](Self::read_timeout).
    ///
    /// # Panics
    /// As [`write`](Self::write).
    ///
    /// # Blocking
    /// As [`read`](Self::read).
    pub fn write_timeout(&self, limit: Duration) -> Locked<RwLockWriteGuard<'_, T>> {
        self.write_by(clock::deadline(limit))
    }

    /// Locks it for writing, waiting until then at most.
    ///
    /// # Errors
    /// As [`read_timeout`](Self::read_timeout).
    ///
    /// # Panics
    /// As [`write`](Self::write).
    ///
    /// # Blocking
    /// As [`read`](Self::read).
    pub fn write_deadline(&self, deadline: Instant) -> Locked<RwLockWriteGuard<'_, T>> {
        self.write_by(Some(deadline))
    }

    fn read_by(&self, deadline: Option<Instant>) -> Locked<RwLockReadGuard<'_, T>> {
        let key = self.try_enter(false);
        self.reader(key.map_or_else(|| self.wait(false, deadline), Ok)?)
    }

    fn write_by(&self, deadline: Option<Instant>) -> Locked<RwLockWriteGuard<'_, T>> {
        let key = self.try_enter(true);
        self.writer(key.map_or_else(|| self.wait(true, deadline), Ok)?)
    }

    fn try_enter(&self, writes: bool) -> Option<usize> {
        self.state.borrow_mut().access.try_enter(current(), writes)
    }

    /// Stands in line; the key.
    #[cold]
    fn wait(&self, writes: bool, deadline: Option<Instant>) -> Result<usize, AcquireError> {
        let who = current();
        if !is_in_task() {
            return Err(AcquireError::Refused);
        }
        let what = if writes { "waiting to write an RwLock" } else { "waiting to read an RwLock" };
        let reason = {
            let State { access, notice } = &mut *self.state.borrow_mut();
            assert!(!access.is_in(who), "{TWICE}");
            let held = || Notice::new(Held::Among(access.holders().clone()));
            notice.get_or_insert_with(held).reason(what)
        };
        let ask = Ask { who, writes, key: usize::MAX };
        let wait = stand(&self.state, |state| &mut state.access.line, ask, reason, deadline);
        wait.map(|ask| ask.key).map_err(|wake| {
            // A writer that gives up lets readers in that stood behind it.
            self.serve();
            AcquireError::from_wait(wake)
        })
    }

    fn leave(&self, key: usize) {
        let mut state = self.state.borrow_mut();
        state.access.leave(key);
        let is_wanted = state.notice.is_some();
        drop(state);
        if is_wanted {
            self.serve();
        }
    }

    /// Lets in whoever can be.
    #[cold]
    fn serve(&self) {
        loop {
            let mut state = self.state.borrow_mut();
            let next = state.access.next();
            if state.access.line.is_empty() {
                state.notice = None;
            }
            drop(state);
            let Some((who, key)) = next else { return };
            if !who.hit() {
                self.state.borrow_mut().access.leave(key); // it was leaked
            }
        }
    }

    fn reader(&self, key: usize) -> Locked<RwLockReadGuard<'_, T>> {
        self.hand_out(RwLockReadGuard { data: self.data.borrow(), lock: self, key })
    }

    fn writer(&self, key: usize) -> Locked<RwLockWriteGuard<'_, T>> {
        let unwinds = std::thread::panicking();
        self.hand_out(RwLockWriteGuard { data: self.data.borrow_mut(), lock: self, key, unwinds })
    }

    fn hand_out<G>(&self, guard: G) -> Locked<G> {
        if self.poisoned.get() {
            return Err(LockError::Poisoned(PoisonError::new(guard)));
        }
        Ok(guard)
    }

    /// Whether a task panicked while it wrote.
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

/// What to say to one that would wait for itself.
const TWICE: &str = "a task would wait for itself: it has a guard of this RwLock already, \
    and a reader that comes while a writer waits stands behind it; drop the guard first";

impl<T: Default> Default for RwLock<T> {
    fn default() -> Self {
        RwLock::new(T::default())
    }
}

impl<T> From<T> for RwLock<T> {
    fn from(value: T) -> Self {
        RwLock::new(value)
    }
}

/// Holders, waiters, and what is inside unless somebody writes.
impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLock<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("RwLock");
        match self.data.try_borrow() {
            Ok(data) => out.field("data", &&*data),
            Err(_) => out.field("data", &format_args!("<locked>")),
        };
        let access = &self.state.borrow().access;
        out.field(
            "state",
            &match access.state() {
                None => "free",
                Some(true) => "written",
                Some(false) => "read",
            },
        );
        let holders: Vec<_> = access.holders().borrow().iter().map(|(_, id)| *id).collect();
        out.field("holders", &holders).field("waiters", &access.line);
        out.field("poisoned", &self.poisoned.get()).finish()
    }
}

/// What is inside of an [`RwLock`], to read, for as long as this is kept.
///
/// ```
/// let lock = osier::sync::RwLock::new("text");
/// let guard = lock.read().unwrap();
/// assert_eq!(guard.len(), 4);
/// assert!(lock.try_write().is_err());
/// ```
#[must_use = "the lock is let go of when the guard is dropped"]
pub struct RwLockReadGuard<'a, T: ?Sized> {
    data: Ref<'a, T>,
    lock: &'a RwLock<T>,
    /// Where the lock has this holder.
    key: usize,
}

impl<T: ?Sized> Deref for RwLockReadGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T: ?Sized> Drop for RwLockReadGuard<'_, T> {
    /// Whoever is next runs later: by then `data` is borrowed no more.
    fn drop(&mut self) {
        self.lock.leave(self.key);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockReadGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// What is inside of an [`RwLock`], to write, for as long as this is kept.
///
/// ```
/// let lock = osier::sync::RwLock::new(vec![1]);
/// lock.write().unwrap().push(2);
/// assert_eq!(*lock.read().unwrap(), [1, 2]);
/// ```
#[must_use = "the lock is let go of when the guard is dropped"]
pub struct RwLockWriteGuard<'a, T: ?Sized> {
    data: RefMut<'a, T>,
    lock: &'a RwLock<T>,
    /// Where the lock has this holder.
    key: usize,
    /// Whether the task unwound already when it locked: then that is not to be held against what is inside.
    unwinds: bool,
}

impl<T: ?Sized> Deref for RwLockWriteGuard<'_, T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.data
    }
}

impl<T: ?Sized> DerefMut for RwLockWriteGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.data
    }
}

impl<T: ?Sized> Drop for RwLockWriteGuard<'_, T> {
    /// Whoever is next runs later: by then `data` is borrowed no more.
    fn drop(&mut self) {
        if !self.unwinds && is_panicking() {
            self.lock.poisoned.set(true);
        }
        self.lock.leave(self.key);
    }
}

impl<T: ?Sized + fmt::Debug> fmt::Debug for RwLockWriteGuard<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}
