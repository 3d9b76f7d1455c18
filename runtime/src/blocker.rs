//! Waiting for another OS thread, wherever one is: in a task, on a plain thread, in async code.
//!
//! A [`Blocker`] is the side that waits: a task parks, a plain OS thread stops on a condition
//! variable. Its [`Rouser`] is the other side, which may travel. Whoever may not wait (a task that
//! unwinds, a destructor that the hub runs) gets no blocker, as it would stop all tasks of the hub. What is
//! waited for, and in which order, is not known here.

use std::fmt;
use std::sync::{Arc, PoisonError};
use std::task::Waker;
use std::time::Instant;

use crate::clock;
use crate::hub::{Hub, hub, is_in_task};
use crate::park::{RemoteUnparker, Unparker, park};
use crate::stay::{Condvar, Mutex, MutexGuard};
use crate::task::{Reason, Wake};

/// Whoever waits, for one wait at a time.
pub(crate) enum Blocker {
    /// A task: this is good for its next wait.
    Task(Unparker),
    /// An OS thread on which no hub runs.
    Thread(Arc<Bell>),
}

/// Whether it could spin for a while without holding up a task that is ready.
pub(crate) fn may_spin() -> bool {
    hub(|hub| hub.is_none_or(Hub::is_quiet))
}

/// Ends a wait, from any thread.
pub(crate) enum Rouser {
    /// A task's.
    Task(RemoteUnparker),
    /// An OS thread's.
    Thread(Arc<Bell>),
    /// Not a wait of ours: a future is to be polled.
    Async(Waker),
}

/// What a plain OS thread sleeps by.
pub(crate) struct Bell {
    /// Whether it was rung since it was last waited for.
    rung: Mutex<bool>,
    ring: Condvar,
}

thread_local! {
    /// One is enough: a thread waits for one thing at a time.
    static BELL: Arc<Bell> = Arc::new(Bell::new());
}

impl Blocker {
    /// For whoever calls this; none if it may not wait.
    pub(crate) fn here() -> Option<Blocker> {
        if is_in_task() {
            return Some(Blocker::Task(Unparker::current()));
        }
        if hub(|hub| hub.is_some()) {
            return None;
        }
        Some(Blocker::thread())
    }

    /// One that stops the OS thread, be there a hub or not.
    pub(crate) fn thread() -> Blocker {
        // A thread that is ending may have lost its own already.
        let bell = BELL.try_with(Arc::clone).unwrap_or_else(|_| Arc::new(Bell::new()));
        Blocker::Thread(bell)
    }

    /// What ends the wait that is next.
    pub(crate) fn rouser(&self) -> Rouser {
        match self {
            Blocker::Task(me) => Rouser::Task(me.remote()),
            Blocker::Thread(bell) => Rouser::Thread(bell.clone()),
        }
    }

    /// Waits until it is roused or the deadline comes. A rouser of this wait is good for no other.
    ///
    /// It may end too early, as a bell that somebody rings late is still the thread's.
    pub(crate) fn block(&mut self, reason: Reason, deadline: Option<Instant>) -> Wake {
        match self {
            Blocker::Task(me) => {
                let wake = park(reason.outside(), deadline, || {});
                if wake != Wake::Refused {
                    *me = Unparker::current();
                }
                wake
            }
            Blocker::Thread(bell) => bell.wait(deadline),
        }
    }
}

impl Rouser {
    /// Ends the wait, if it is not over; false if whoever waits will never run again.
    pub(crate) fn rouse(self) -> bool {
        match self {
            Rouser::Task(task) => return task.rouse(),
            Rouser::Thread(bell) => bell.ring(),
            Rouser::Async(waker) => waker.wake(),
        }
        true
    }

    /// Whether it is a task of the hub that runs on this thread.
    pub(crate) fn is_here(&self) -> bool {
        matches!(self, Rouser::Task(task) if task.is_here())
    }
}

impl Bell {
    fn new() -> Bell {
        Bell { rung: Mutex::new(false), ring: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.rung.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn ring(&self) {
        *self.lock() = true;
        self.ring.notify_one();
    }

    fn wait(&self, deadline: Option<Instant>) -> Wake {
        let mut rung = self.lock();
        while !*rung {
            rung = match deadline.map(|at| at.saturating_duration_since(clock::now())) {
                None => self.ring.wait(rung).unwrap_or_else(PoisonError::into_inner),
                Some(left) if left.is_zero() => return Wake::TimedOut,
                Some(left) => {
                    self.ring.wait_timeout(rung, left).unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
        *rung = false;
        Wake::Woken
    }
}

impl fmt::Debug for Rouser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rouser::Task(task) => fmt::Debug::fmt(task, f),
            Rouser::Thread(_) => f.write_str("an OS thread"),
            Rouser::Async(_) => f.write_str("a future"),
        }
    }
}
