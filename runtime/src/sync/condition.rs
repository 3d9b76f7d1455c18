//! Waiting, without the lock, until what it guards has changed.

use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant};

use super::{LockError, Locked, Mutex, MutexGuard, RLock, RLockGuard};
use crate::cancel::deliver;
use crate::clock;
use crate::hub::is_in_task;
use crate::task::{Reason, Wake};
use crate::wait::{WaitList, stand};

/// Lets tasks wait, without the lock, until another one says that something has changed.
///
/// As std's `Condvar` and Python's `Condition`. A wait takes the guard, lets go of the lock, waits to be notified, locks
/// again and gives a guard back. It goes on only when it was notified: there are no spurious wakes. Still, what was
/// notified may have been undone by the time the lock is had, so wait in a loop or by [`wait_for`](Self::wait_for).
///
/// It works with guards of [`Mutex`] and [`RLock`], and has a mutex of its own for when there is nothing to put in
/// one: [`lock`](Self::lock).
///
/// A wait that is killed, or whose time is up, takes no notification with it: if it was notified and cannot use it, the
/// next one is.
///
/// ```
/// use std::{collections::VecDeque, rc::Rc};
/// use osier::sync::{Condition, Mutex};
///
/// osier::run(|| {
///     let shelf = Rc::new((Mutex::new(VecDeque::new()), Condition::new()));
///     let baker = shelf.clone();
///     osier::spawn(move || {
///         baker.0.lock().unwrap().push_back("bread");
///         baker.1.notify_one();
///     });
///     let (shelf, filled) = &*shelf;
///     let guard = shelf.lock().unwrap();
///     let mut guard = filled.wait_for(guard, |shelf| !shelf.is_empty()).unwrap();
///     assert_eq!(guard.pop_front(), Some("bread"));
/// });
/// ```
pub struct Condition {
    line: RefCell<WaitList<()>>,
    /// For those who have no lock.
    own: Mutex<()>,
}

/// A guard that a [`Condition`] can put down and take up again.
///
/// For use, not to be implemented.
///
/// ```
/// use osier::sync::{Condition, Guard, Locked};
///
/// /// With whatever lock.
/// fn next<G: Guard>(guard: G, changed: &Condition) -> Locked<G> {
///     changed.wait(guard)
/// }
/// ```
pub trait Guard: relock::Relock {}

impl<T: ?Sized> Guard for MutexGuard<'_, T> {}
impl<T: ?Sized> Guard for RLockGuard<'_, T> {}

/// What is not for everybody.
mod relock {
    use super::{Locked, Wake};

    pub trait Relock: Sized {
        /// The lock, and how it was held.
        type Lock;

        /// Lets go of it.
        fn put_down(self) -> Self::Lock;

        /// Locks again, however long that takes; an interrupt is given back, to be delivered.
        fn take_up(lock: Self::Lock) -> Result<Locked<Self>, Wake>;
    }
}

impl<'a, T: ?Sized> relock::Relock for MutexGuard<'a, T> {
    type Lock = &'a Mutex<T>;

    fn put_down(self) -> &'a Mutex<T> {
        self.mutex()
    }

    fn take_up(lock: &'a Mutex<T>) -> Result<Locked<Self>, Wake> {
        lock.lock_again()
    }
}

/// However often it was locked.
impl<'a, T: ?Sized> relock::Relock for RLockGuard<'a, T> {
    type Lock = (&'a RLock<T>, usize);

    fn put_down(self) -> Self::Lock {
        self.let_go()
    }

    fn take_up((lock, levels): Self::Lock) -> Result<Locked<Self>, Wake> {
        lock.lock_again(levels).map(Ok)
    }
}

impl Condition {
    /// One that nobody waits for.
    pub const fn new() -> Condition {
        Condition { line: RefCell::new(WaitList::new()), own: Mutex::new(()) }
    }

    /// Locks the condition's own mutex.
    ///
    /// # Errors
    /// As [`Mutex::lock`].
    ///
    /// # Panics
    /// As [`Mutex::lock`].
    ///
    /// # Blocking
    /// As [`Mutex::lock`].
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    /// use osier::sync::Condition;
    ///
    /// osier::run(|| {
    ///     let (changed, ready) = (Rc::new(Condition::new()), Rc::new(Cell::new(false)));
    ///     let (changes, sets) = (changed.clone(), ready.clone());
    ///     osier::spawn(move || {
    ///         let _guard = changes.lock().unwrap();
    ///         sets.set(true);
    ///         changes.notify_all();
    ///     });
    ///     let mut guard = changed.lock().unwrap();
    ///     while !ready.get() {
    ///         guard = changed.wait(guard).unwrap();
    ///     }
    /// });
    /// ```
    pub fn lock(&self) -> Locked<MutexGuard<'_, ()>> {
        self.own.lock()
    }

    /// Waits until it is notified.
    ///
    /// # Errors
    /// When the lock is poisoned by then: the guard is in the error. When there is no waiting here: the lock is
    /// let go of, and there is no guard.
    ///
    /// # Blocking
    /// Switches tasks. In a task that unwinds never: it is an error at once.
    pub fn wait<G: Guard>(&self, guard: G) -> Locked<G> {
        let (locked, _) = self.wait_by(guard, None);
        locked
    }

    /// Waits until it is notified, for that long at most; the guard, and whether it was.
    ///
    /// Locking again is not bounded by the limit.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    ///
    /// ```
    /// use std::time::Duration;
    /// use osier::sync::{Condition, Mutex};
    ///
    /// osier::run(|| {
    ///     let (lock, never) = (Mutex::new(1), Condition::new());
    ///     let guard = lock.lock().unwrap();
    ///     let (guard, notified) = never.wait_timeout(guard, Duration::from_millis(1)).unwrap();
    ///     assert!(*guard == 1 && !notified);
    /// });
    /// ```
    pub fn wait_timeout<G: Guard>(&self, guard: G, limit: Duration) -> Locked<(G, bool)> {
        with(self.wait_by(guard, clock::deadline(limit)))
    }

    /// Waits until it is notified, until then at most; the guard, and whether it was.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_deadline<G: Guard>(&self, guard: G, deadline: Instant) -> Locked<(G, bool)> {
        with(self.wait_by(guard, Some(deadline)))
    }

    /// Waits until `holds` is true of what is locked.
    ///
    /// Asked under the lock, first at once, then whenever it was notified.
    ///
    /// # Errors
    /// As [`wait`](Self::wait), without waiting further.
    ///
    /// # Blocking
    /// Switches tasks, unless `holds` is true already. In a task that unwinds never.
    pub fn wait_for<G>(&self, guard: G, holds: impl FnMut(&mut G) -> bool) -> Locked<G>
    where
        G: Guard,
    {
        self.wait_for_by(guard, None, holds).map(|(guard, _)| guard).map_err(|e| e.map(|(g, _)| g))
    }

    /// Waits until `holds` is true, for that long at most; the guard, and whether it is.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Blocking
    /// As [`wait_for`](Self::wait_for).
    pub fn wait_for_timeout<G: Guard>(
        &self,
        guard: G,
        limit: Duration,
        holds: impl FnMut(&mut G) -> bool,
    ) -> Locked<(G, bool)> {
        self.wait_for_by(guard, clock::deadline(limit), holds)
    }

    /// Waits until `holds` is true, until then at most; the guard, and whether it is.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Blocking
    /// As [`wait_for`](Self::wait_for).
    pub fn wait_for_deadline<G: Guard>(
        &self,
        guard: G,
        deadline: Instant,
        holds: impl FnMut(&mut G) -> bool,
    ) -> Locked<(G, bool)> {
        self.wait_for_by(guard, Some(deadline), holds)
    }

    fn wait_for_by<G: Guard>(
        &self,
        mut guard: G,
        deadline: Option<Instant>,
        mut holds: impl FnMut(&mut G) -> bool,
    ) -> Locked<(G, bool)> {
        loop {
            if holds(&mut guard) {
                return Ok((guard, true));
            }
            let (again, was_notified) = with(self.wait_by(guard, deadline))?;
            guard = again;
            if !was_notified {
                let holds = holds(&mut guard);
                return Ok((guard, holds));
            }
        }
    }

    /// The guard, and whether it was notified.
    fn wait_by<G: Guard>(&self, guard: G, deadline: Option<Instant>) -> (Locked<G>, bool) {
        let is_in_task = is_in_task();
        let lock = guard.put_down();
        if !is_in_task {
            return (Err(LockError::Refused), false);
        }
        let reason = Reason::new("waiting for a condition");
        // From letting go of the lock to standing in line nobody else runs.
        let wait = stand(&self.line, |line| line, (), reason, deadline);
        let was_notified = match wait.map_err(deliver) {
            Ok(()) => true,
            Err(Wake::TimedOut) => false,
            Err(_) => return (Err(LockError::Refused), false),
        };
        match G::take_up(lock) {
            Ok(locked) => (locked, was_notified),
            Err(wake) => {
                if was_notified {
                    self.notify_one(); // who can make use of it
                }
                deliver(wake);
                (Err(LockError::Refused), false)
            }
        }
    }

    /// Lets the first who waits go on; whether there was one.
    ///
    /// The lock need not be held.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn notify_one(&self) -> bool {
        loop {
            let next = self.line.borrow_mut().grant(|()| ());
            match next {
                None => return false,
                Some((who, ())) if who.hit() => return true,
                Some(_) => {} // it was leaked
            }
        }
    }

    /// Lets the first `n` who wait go on; how many there were.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn notify(&self, n: usize) -> usize {
        (0..n).take_while(|_| self.notify_one()).count()
    }

    /// Lets all who wait go on; how many there were.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn notify_all(&self) -> usize {
        self.notify(usize::MAX)
    }
}

/// Puts the flag to the guard, wherever that is.
fn with<G>((locked, flag): (Locked<G>, bool)) -> Locked<(G, bool)> {
    match locked {
        Ok(guard) => Ok((guard, flag)),
        Err(error) => Err(error.map(|guard| (guard, flag))),
    }
}

impl Default for Condition {
    fn default() -> Self {
        Condition::new()
    }
}

/// Waiters.
impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Condition");
        out.field("waiters", &self.line.borrow()).field("own", &self.own).finish()
    }
}
