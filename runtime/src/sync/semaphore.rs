//! Permits that tasks take and give back.

use std::cell::RefCell;
use std::fmt;
use std::time::{Duration, Instant};

use super::AcquireError;
use super::permits::{Ask, MOST, Permits, UNLIMITED};
use crate::clock;
use crate::hub::is_in_task;
use crate::task::Reason;
use crate::wait::{Waitable, Watcher, Watchers, sealed, stand};

/// Hands out permits, so many at a time.
///
/// Served first come, first served: a task that wants many permits is not overtaken by those that want few, and a permit
/// that is released while somebody waits is that one's, whoever asks meanwhile. A permit has no owner: any
/// task may release one, also more than there were at first ([`BoundedSemaphore`](super::BoundedSemaphore) minds). So a deadlock report names who waits, not
/// who has the permits.
///
/// [`Waitable`] is ready while a permit is free.
///
/// ```
/// use std::rc::Rc;
/// use osier::sync::Semaphore;
///
/// osier::run(|| {
///     let places = Rc::new(Semaphore::new(5));
///     let guest = || {
///         let places = places.clone();
///         osier::spawn(move || {
///             let _place = places.acquire().unwrap();
///             osier::yield_now();
///         })
///     };
///     osier::join_all((0..20).map(|_| guest()));
///     assert_eq!(places.available(), 5);
/// });
/// ```
pub struct Semaphore {
    permits: RefCell<Permits>,
    watchers: Watchers,
}

impl Semaphore {
    /// With so many permits.
    pub const fn new(permits: usize) -> Semaphore {
        Semaphore::within(permits, MOST)
    }

    /// With so many permits, and never more than the bound.
    pub(super) const fn within(permits: usize, bound: usize) -> Semaphore {
        let permits = RefCell::new(Permits::new(permits, bound));
        Semaphore { permits, watchers: Watchers::new() }
    }

    /// With as many permits as anybody wants: it never makes a task wait.
    ///
    /// For where a limit is optional.
    pub const fn unlimited() -> Semaphore {
        Semaphore::new(UNLIMITED)
    }

    /// Takes a permit, as soon as there is one.
    ///
    /// # Errors
    /// When there is none and there is no waiting here.
    ///
    /// # Blocking
    /// Switches tasks, unless there is a permit. In a task that unwinds never.
    #[inline]
    pub fn acquire(&self) -> Result<Permit<'_>, AcquireError> {
        self.acquire_many(1)
    }

    /// Takes a permit, if there is one.
    ///
    /// # Errors
    /// When there is none, or others wait already.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline]
    pub fn try_acquire(&self) -> Result<Permit<'_>, AcquireError> {
        self.try_acquire_many(1)
    }

    /// Takes a permit, waiting for that long at most.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), and when there was none in time.
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    pub fn acquire_timeout(&self, limit: Duration) -> Result<Permit<'_>, AcquireError> {
        self.acquire_many_by(1, clock::deadline(limit))
    }

    /// Takes a permit, waiting until then at most.
    ///
    /// # Errors
    /// As [`acquire_timeout`](Self::acquire_timeout).
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    pub fn acquire_deadline(&self, deadline: Instant) -> Result<Permit<'_>, AcquireError> {
        self.acquire_many_by(1, Some(deadline))
    }

    /// Takes `n` permits, as soon as there are so many.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    ///
    /// # Panics
    /// If `n` is 0.
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    ///
    /// ```
    /// let places = osier::sync::Semaphore::new(5);
    /// let table = places.acquire_many(4).unwrap();
    /// assert_eq!(places.available(), 1);
    /// drop(table);
    /// assert_eq!(places.available(), 5);
    /// ```
    #[inline]
    pub fn acquire_many(&self, n: usize) -> Result<Permit<'_>, AcquireError> {
        self.acquire_many_by(n, None)
    }

    /// Takes `n` permits, if there are so many.
    ///
    /// # Errors
    /// As [`try_acquire`](Self::try_acquire).
    ///
    /// # Panics
    /// If `n` is 0.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline]
    pub fn try_acquire_many(&self, n: usize) -> Result<Permit<'_>, AcquireError> {
        assert!(n > 0, "zero permits were asked for: a task that needs none does not ask");
        match self.try_take(n) {
            Some(_) => Ok(Permit { of: self, n }),
            None => Err(AcquireError::WouldBlock),
        }
    }

    /// Takes `n` permits, waiting for that long at most.
    ///
    /// # Errors
    /// As [`acquire_timeout`](Self::acquire_timeout).
    ///
    /// # Panics
    /// If `n` is 0.
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    pub fn acquire_many_timeout(
        &self,
        n: usize,
        limit: Duration,
    ) -> Result<Permit<'_>, AcquireError> {
        self.acquire_many_by(n, clock::deadline(limit))
    }

    /// Takes `n` permits, waiting until then at most.
    ///
    /// # Errors
    /// As [`acquire_timeout`](Self::acquire_timeout).
    ///
    /// # Panics
    /// If `n` is 0.
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    pub fn acquire_many_deadline(
        &self,
        n: usize,
        deadline: Instant,
    ) -> Result<Permit<'_>, AcquireError> {
        self.acquire_many_by(n, Some(deadline))
    }

    #[inline]
    pub(super) fn acquire_many_by(
        &self,
        n: usize,
        deadline: Option<Instant>,
    ) -> Result<Permit<'_>, AcquireError> {
        if let Ok(permit) = self.try_acquire_many(n) {
            return Ok(permit);
        }
        let reason = Reason::new("waiting for permits of a semaphore");
        self.stand(n, reason, deadline)?;
        Ok(Permit { of: self, n })
    }

    #[cold]
    #[inline(never)]
    fn stand(
        &self,
        want: usize,
        reason: Reason,
        deadline: Option<Instant>,
    ) -> Result<usize, AcquireError> {
        if !is_in_task() {
            return Err(AcquireError::Refused);
        }
        match stand(&self.permits, |permits| &mut permits.line, Ask::new(want), reason, deadline) {
            Ok(ask) => Ok(ask.free),
            Err(wake) => {
                // There may be enough for those who stood behind.
                self.serve();
                Err(AcquireError::from_wait(wake))
            }
        }
    }

    /// Waits until a permit is free and leaves it; how many there were.
    ///
    /// It stands in line with those who take one, and may find it taken by the time it runs.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire).
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    pub fn wait(&self) -> Result<usize, AcquireError> {
        self.wait_by(None)
    }

    /// Waits until a permit is free, for that long at most, and leaves it.
    ///
    /// # Errors
    /// As [`acquire_timeout`](Self::acquire_timeout).
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    pub fn wait_timeout(&self, limit: Duration) -> Result<usize, AcquireError> {
        self.wait_by(clock::deadline(limit))
    }

    /// Waits until a permit is free, until then at most, and leaves it.
    ///
    /// # Errors
    /// As [`acquire_timeout`](Self::acquire_timeout).
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    pub fn wait_deadline(&self, deadline: Instant) -> Result<usize, AcquireError> {
        self.wait_by(Some(deadline))
    }

    fn wait_by(&self, deadline: Option<Instant>) -> Result<usize, AcquireError> {
        let free = self.try_take(0);
        let reason = Reason::new("waiting for a semaphore to have a permit");
        free.map_or_else(|| self.stand(0, reason, deadline), Ok)
    }

    /// Adds `n` permits, also beyond those there were at first; how many are free then.
    ///
    /// For permits that were [forgotten](Permit::forget), and to have more of them.
    ///
    /// # Panics
    /// If `n` is 0, or there would be more than can be counted, or than a bounded semaphore allows.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// let items = osier::sync::Semaphore::new(0);
    /// assert_eq!(items.release(3), 3); // produced
    /// items.acquire().unwrap().forget(); // consumed
    /// assert_eq!(items.available(), 2);
    /// ```
    pub fn release(&self, n: usize) -> usize {
        assert!(n > 0, "zero permits were released");
        assert!(self.add(n), "{OVER}");
        self.available()
    }

    /// Adds permits and hands them on; false if they would be beyond the bound.
    #[inline]
    pub(super) fn add(&self, n: usize) -> bool {
        let mut permits = self.permits.borrow_mut();
        let is_counted = permits.add(n);
        let is_wanted = !permits.line.is_empty();
        drop(permits);
        if is_wanted {
            self.serve();
        }
        let mut left = n.min(self.available());
        while left > 0 && self.watchers.notify_one() {
            left -= 1;
        }
        is_counted
    }

    #[inline]
    fn try_take(&self, want: usize) -> Option<usize> {
        let mut permits = self.permits.borrow_mut();
        let taken = permits.try_take(want);
        if taken.is_some() || permits.line.is_empty() {
            return taken;
        }
        drop(permits);
        self.pass_by_leaked();
        self.permits.borrow_mut().try_take(want)
    }

    /// Takes those out of the line who will never run again: they may want more than there will be.
    fn pass_by_leaked(&self) {
        let line = &mut self.permits.borrow_mut().line;
        while line.iter().next().is_some_and(|(who, _)| !who.is_live()) {
            line.grant(|_| ());
        }
    }

    #[cold]
    fn serve(&self) {
        loop {
            let next = self.permits.borrow_mut().next();
            let Some((who, got)) = next else { return };
            if !who.hit() {
                self.permits.borrow_mut().take_back(got); // it was leaked
            }
        }
    }

    /// How many permits can be had now; if others wait, none.
    pub fn available(&self) -> usize {
        self.pass_by_leaked();
        let permits = self.permits.borrow();
        if permits.line.is_empty() { permits.free() } else { 0 }
    }
}

impl sealed::Sealed for Semaphore {}

impl Waitable for Semaphore {
    fn is_ready(&self) -> bool {
        self.available() > 0
    }

    fn watch(&self, watcher: Watcher) {
        self.watchers.watch(watcher, self.is_ready());
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.watchers.unwatch(watcher, self.is_ready());
    }
}

/// Free permits and waiters.
impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let permits = self.permits.borrow();
        let mut out = f.debug_struct("Semaphore");
        match permits.free() {
            UNLIMITED => out.field("free", &format_args!("unlimited")),
            free => out.field("free", &free),
        };
        out.field("waiters", &permits.line).field("watchers", &self.watchers).finish()
    }
}

/// What to say of one permit too many.
const OVER: &str = "a semaphore has more permits than its bound: \
    release is for permits that were forgotten, the others come back when they are dropped";

/// Permits of a [`Semaphore`], for as long as this is kept.
///
/// # Panics
/// Dropped, when [`BoundedSemaphore`](super::BoundedSemaphore) has got too many of them.
///
/// ```
/// let places = osier::sync::Semaphore::new(1);
/// let place = places.acquire().unwrap();
/// assert!(places.try_acquire().is_err());
/// drop(place);
/// assert!(places.try_acquire().is_ok());
/// ```
#[must_use = "permits go back when this is dropped"]
pub struct Permit<'a> {
    of: &'a Semaphore,
    n: usize,
}

impl Permit<'_> {
    /// How many permits these are.
    pub fn count(&self) -> usize {
        self.n
    }

    /// Keeps the permits from going back; [`Semaphore::release`] makes new ones.
    pub fn forget(self) {
        std::mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    #[inline]
    fn drop(&mut self) {
        assert!(self.of.add(self.n) || std::thread::panicking(), "{OVER}");
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("count", &self.n).finish_non_exhaustive()
    }
}
