//! Something that happens, and whoever waits for it.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::time::{Duration, Instant};

use crate::cancel::deliver;
use crate::clock;
use crate::hub::is_in_task;
use crate::task::Reason;
use crate::wait::{WaitList, Waitable, Watcher, Watchers, sealed, stand};

/// Lets tasks wait until something has happened.
///
/// Who waits when it is set goes on, in the order they came, even if it is cleared before they run.
/// [`Waitable`] is ready while it is set.
///
/// ```
/// use std::rc::Rc;
/// use osier::sync::Event;
///
/// osier::run(|| {
///     let start = Rc::new(Event::new());
///     let workers: Vec<_> = (0..3)
///         .map(|_| {
///             let start = start.clone();
///             osier::spawn(move || start.wait())
///         })
///         .collect();
///     osier::yield_now();
///     assert!(workers.iter().all(|worker| !worker.is_finished()));
///     start.set();
///     assert!(osier::join_all(workers).into_iter().all(Result::unwrap));
/// });
/// ```
pub struct Event {
    is_set: Cell<bool>,
    /// Who waits for it.
    line: RefCell<WaitList<()>>,
    watchers: Watchers,
}

impl Event {
    /// One that is not set.
    pub const fn new() -> Event {
        let line = RefCell::new(WaitList::new());
        Event { is_set: Cell::new(false), line, watchers: Watchers::new() }
    }

    /// Sets it: whoever waits goes on, and nobody has to wait until it is cleared.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn set(&self) {
        self.is_set.set(true);
        // Nobody enters meanwhile: waking does not run anybody.
        while let Some(who) = self.next() {
            who.unpark();
        }
        self.watchers.notify_all();
    }

    fn next(&self) -> Option<crate::park::Unparker> {
        self.line.borrow_mut().grant(|()| ()).map(|(who, ())| who)
    }

    /// Clears it: who comes from now on waits for the next time.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn clear(&self) {
        self.is_set.set(false);
    }

    /// Whether it is set.
    pub fn is_set(&self) -> bool {
        self.is_set.get()
    }

    /// Waits until it is set.
    ///
    /// True, but in a task that unwinds and outside of any: there it does not wait, and tells whether it is
    /// set.
    ///
    /// # Blocking
    /// Switches tasks, unless it is set. In a task that unwinds never.
    pub fn wait(&self) -> bool {
        self.wait_by(None)
    }

    /// Waits until it is set, for that long at most; whether it was.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    ///
    /// ```
    /// use std::time::Duration;
    /// use osier::sync::Event;
    ///
    /// let never = Event::new();
    /// assert!(!osier::run(|| never_set(never).wait_timeout(Duration::from_millis(1))));
    /// # fn never_set(event: Event) -> Event { event }
    /// ```
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.is_set() || self.wait_by(clock::deadline(limit))
    }

    /// Waits until it is set, until then at most; whether it was.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        self.wait_by(Some(deadline))
    }

    fn wait_by(&self, deadline: Option<Instant>) -> bool {
        if self.is_set() || !is_in_task() {
            return self.is_set();
        }
        let reason = Reason::new("waiting for an event");
        match stand(&self.line, |line| line, (), reason, deadline) {
            Ok(()) => true,
            Err(wake) => {
                deliver(wake);
                false
            }
        }
    }
}

impl Default for Event {
    fn default() -> Self {
        Event::new()
    }
}

impl sealed::Sealed for Event {}

impl Waitable for Event {
    fn is_ready(&self) -> bool {
        self.is_set()
    }

    fn watch(&self, watcher: Watcher) {
        self.watchers.watch(watcher, self.is_ready());
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.watchers.unwatch(watcher, self.is_ready());
    }
}

/// Whether it is set, and waiters.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("is_set", &self.is_set())
            .field("waiters", &self.line.borrow())
            .field("watchers", &self.watchers)
            .finish()
    }
}
