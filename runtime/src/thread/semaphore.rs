//! A number of permits that threads and tasks share.

use std::fmt;
use std::mem;
use std::time::{Duration, Instant};

use super::lock::{Mutex, lock};
use super::wait::{Desk, Settled, settle, wait};
use crate::blocker::{Blocker, Rouser};
use crate::clock;
use crate::task::Reason;
use crate::wait::list::{Ticket, WaitList};
use crate::wait::{Envoys, Waitable, Watcher, sealed::Sealed};

/// A number of permits, for any OS thread and any task.
///
/// First come, first served: a permit that comes free goes to the first in line, and nobody who
/// comes later can be quicker. With one permit it is a mutex. Within one hub the semaphore of `osier::sync` costs less.
/// [`Waitable`] is ready while a permit is free.
///
/// ```
/// use std::sync::Arc;
/// use osier::thread::Semaphore;
///
/// let places = Arc::new(Semaphore::new(1));
/// let other = places.clone();
/// let held = places.acquire().unwrap();
/// let thread = std::thread::spawn(move || other.acquire().is_some());
/// drop(held);
/// assert!(thread.join().unwrap());
/// ```
pub struct Semaphore {
    state: Mutex<State>,
}

struct State {
    /// Permits that nobody holds: none while somebody is in line.
    free: usize,
    line: WaitList<(), Rouser>,
    /// Who is told of one that is free.
    watchers: Envoys,
}

/// A permit of a [`Semaphore`]; it goes back when it is dropped.
///
/// ```
/// let places = osier::thread::Semaphore::new(1);
/// let permit = places.try_acquire().unwrap();
/// assert!(places.try_acquire().is_none());
/// drop(permit);
/// assert!(places.try_acquire().is_some());
/// ```
#[must_use = "it goes back at once if nobody keeps it"]
pub struct Permit<'a> {
    of: &'a Semaphore,
}

impl Semaphore {
    /// One with so many permits.
    pub const fn new(permits: usize) -> Semaphore {
        let state = State { free: permits, line: WaitList::new(), watchers: Envoys::new() };
        Semaphore { state: Mutex::new(state) }
    }

    /// Waits for a permit.
    ///
    /// None only in a task that unwinds: that one may not wait.
    ///
    /// # Blocking
    /// Switches tasks, unless a permit is free. Outside of a task it stops the OS thread.
    ///
    /// # Panics
    /// When it has to wait inside of [`no_switch`](crate::no_switch).
    pub fn acquire(&self) -> Option<Permit<'_>> {
        self.acquire_until(None)
    }

    /// Takes a permit if one is free.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let taken = lock(&self.state).take();
        taken.then(|| Permit { of: self })
    }

    /// Waits that long for a permit.
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    pub fn acquire_timeout(&self, limit: Duration) -> Option<Permit<'_>> {
        self.try_acquire().or_else(|| self.acquire_until(clock::deadline(limit)))
    }

    /// Waits for a permit until that moment.
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    pub fn acquire_deadline(&self, deadline: Instant) -> Option<Permit<'_>> {
        self.acquire_until(Some(deadline))
    }

    fn acquire_until(&self, deadline: Option<Instant>) -> Option<Permit<'_>> {
        let reason = Reason::new("waiting for a permit shared between threads");
        let free = lock(&self.state).take();
        let got = free || wait(self, (), reason, deadline).is_ok();
        got.then(|| Permit { of: self })
    }

    /// Adds a permit: a new one, or one that was [forgotten](Permit::forget).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn release(&self) {
        loop {
            let mut state = lock(&self.state);
            let Some((who, ticket, ())) = state.line.grant_place(|()| ()) else {
                state.free += 1;
                drop(state);
                return self.offer();
            };
            drop(state);
            // If its hub has ended without it, the next one shall have the permit.
            if who.rouse() || lock(&self.state).line.revoke(ticket).is_none() {
                return;
            }
        }
    }

    /// Tells the next who watches that one is free.
    fn offer(&self) {
        loop {
            let mut state = lock(&self.state);
            let next = if state.free > 0 { state.watchers.next() } else { None };
            drop(state);
            let Some(next) = next else { return };
            if next.notify() {
                return;
            }
            lock(&self.state).watchers.forget(&next);
        }
    }

    /// How many permits are free.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn available(&self) -> usize {
        lock(&self.state).free
    }
}

impl State {
    fn take(&mut self) -> bool {
        let free = self.free > 0;
        self.free -= usize::from(free);
        free
    }
}

impl Desk for Semaphore {
    type Want = ();
    type Got = ();

    fn enter(&self, (): (), who: impl FnOnce() -> Rouser) -> Result<(), Ticket> {
        let mut state = lock(&self.state);
        if state.take() { Ok(()) } else { Err(state.line.enter(who(), ())) }
    }

    fn settle(&self, ticket: Ticket, again: Option<&Blocker>) -> Settled<(), ()> {
        settle(&mut lock(&self.state).line, ticket, again)
    }

    fn give_back(&self, (): ()) {
        self.release();
    }
}

impl Sealed for Semaphore {}

/// A wait for it is never taken for a deadlock: another thread may release a permit.
impl Waitable for Semaphore {
    fn is_ready(&self) -> bool {
        self.available() > 0
    }

    fn watch(&self, watcher: Watcher) {
        let mut state = lock(&self.state);
        let ready = state.free > 0;
        let told = state.watchers.enter(&watcher, ready);
        drop(state);
        told.map(|envoy| envoy.notify());
    }

    fn unwatch(&self, watcher: &Watcher) {
        if lock(&self.state).watchers.leave(watcher) {
            self.offer();
        }
    }
}

impl Permit<'_> {
    /// Keeps the permit out for good, or until somebody calls [`Semaphore::release`].
    pub fn forget(self) {
        mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.of.release();
    }
}

impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = lock(&self.state);
        f.debug_struct("Semaphore")
            .field("available", &state.free)
            .field("waiting", &state.line.len())
            .field("watchers", &state.watchers.len())
            .finish()
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("of", self.of).finish()
    }
}
