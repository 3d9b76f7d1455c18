//! A flag that threads and tasks wait for.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use super::lock::{Mutex, lock};
use super::wait::{Desk, Settled, settle, wait};
use crate::blocker::{Blocker, Rouser};
use crate::clock;
use crate::task::Reason;
use crate::wait::list::{Ticket, WaitList};
use crate::wait::{Envoys, Waitable, Watcher, sealed::Sealed};

/// A flag to wait for, from any OS thread and any task.
///
/// Who waits when it is set goes on, even if it is cleared in the next moment. Within one hub the event of
/// `osier::sync` costs less. [`Waitable`] is ready while it is set.
///
/// ```
/// use std::sync::Arc;
/// use osier::thread::Event;
///
/// let ready = Arc::new(Event::new());
/// let other = ready.clone();
/// let thread = std::thread::spawn(move || other.set());
/// osier::run(|| assert!(ready.wait()));
/// thread.join().unwrap();
/// ```
pub struct Event {
    /// Changed under the lock of `waiting`.
    set: AtomicBool,
    waiting: Mutex<Waiting>,
}

struct Waiting {
    line: WaitList<(), Rouser>,
    watchers: Envoys,
}

impl Event {
    /// One that is not set.
    pub const fn new() -> Event {
        let waiting = Waiting { line: WaitList::new(), watchers: Envoys::new() };
        Event { set: AtomicBool::new(false), waiting: Mutex::new(waiting) }
    }

    /// Sets it and wakes all who wait.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn set(&self) {
        let mut all = Vec::new();
        let mut waiting = lock(&self.waiting);
        self.set.store(true, Ordering::Release);
        while let Some((who, _)) = waiting.line.grant(|()| ()) {
            all.push(who);
        }
        let watchers = waiting.watchers.all();
        drop(waiting);
        for who in all {
            who.rouse();
        }
        for watcher in watchers {
            watcher.notify();
        }
    }

    /// Clears it.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn clear(&self) {
        let _waiting = lock(&self.waiting);
        self.set.store(false, Ordering::Release);
    }

    /// Whether it is set.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline]
    pub fn is_set(&self) -> bool {
        self.set.load(Ordering::Acquire)
    }

    /// Waits until it is set.
    ///
    /// False only in a task that unwinds: that one may not wait.
    ///
    /// # Blocking
    /// Switches tasks, unless it is set. Outside of a task it stops the OS thread.
    ///
    /// # Panics
    /// When it has to wait inside of [`no_switch`](crate::no_switch).
    pub fn wait(&self) -> bool {
        self.wait_until(None)
    }

    /// Waits that long until it is set; whether it was.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.is_set() || self.wait_until(clock::deadline(limit))
    }

    /// Waits until it is set or that moment comes; whether it was set.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        self.wait_until(Some(deadline))
    }

    fn wait_until(&self, deadline: Option<Instant>) -> bool {
        let reason = Reason::new("waiting for an event between threads");
        self.is_set() || wait(self, (), reason, deadline).is_ok()
    }
}

impl Desk for Event {
    type Want = ();
    type Got = ();

    fn enter(&self, (): (), who: impl FnOnce() -> Rouser) -> Result<(), Ticket> {
        let mut waiting = lock(&self.waiting);
        if self.is_set() { Ok(()) } else { Err(waiting.line.enter(who(), ())) }
    }

    fn settle(&self, ticket: Ticket, again: Option<&Blocker>) -> Settled<(), ()> {
        settle(&mut lock(&self.waiting).line, ticket, again)
    }

    fn give_back(&self, (): ()) {}
}

impl Sealed for Event {}

/// A wait for it is never taken for a deadlock: another thread may set it.
impl Waitable for Event {
    fn is_ready(&self) -> bool {
        self.is_set()
    }

    fn watch(&self, watcher: Watcher) {
        let told = lock(&self.waiting).watchers.enter(&watcher, self.is_set());
        told.map(|envoy| envoy.notify());
    }

    fn unwatch(&self, watcher: &Watcher) {
        lock(&self.waiting).watchers.leave(watcher);
    }
}

impl Default for Event {
    fn default() -> Event {
        Event::new()
    }
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = lock(&self.waiting);
        f.debug_struct("Event")
            .field("set", &self.is_set())
            .field("waiting", &waiting.line.len())
            .field("watchers", &waiting.watchers.len())
            .finish()
    }
}
