//! What begins after a while: tasks, and timers that can be cancelled.
//!
//! Both are tasks that sleep first. (A task that the hub starts by an alarm would save the stack meanwhile, and needs
//! a state of its own, neither new nor parked.)

use std::cell::Cell;
use std::fmt;
use std::panic::Location;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::cancel::deliver;
use crate::clock;
use crate::hub::{Blueprint, Hub, expect_hub, hub};
use crate::park::{park, yield_now};
use crate::spawn::{JoinHandle, Task};
use crate::task::{Reason, Wake};

/// Spawns a task that begins after that time.
///
/// Killed before, it never begins, and its timer is gone. What `f` took is dropped then.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let task = osier::spawn_later(Duration::from_millis(5), || 42);
///     assert_eq!(task.join().unwrap(), 42);
///     let task = osier::spawn_later(Duration::from_secs(3600), || 42);
///     task.kill();
///     assert!(task.join().unwrap_err().is_killed());
/// });
/// ```
#[track_caller]
pub fn spawn_later<F, T>(delay: Duration, f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    let begin = clock::deadline(delay);
    let task = move || {
        wait_until(begin);
        f()
    };
    let site = Location::caller();
    let spawn = |hub: &Hub| JoinHandle(hub.spawn(Blueprint::PLAIN, site, task));
    expect_hub("a task was spawned", spawn)
}

/// Waits for the time to begin; a kill up to that very turn is heeded.
fn wait_until(begin: Option<Instant>) {
    if begin.is_some_and(|at| at <= clock::now()) {
        return yield_now();
    }
    let reason = Reason::new("waiting for the time to begin");
    while deliver(park(reason, begin, || ())) == Wake::Woken {}
    let is_due = hub(|hub| hub.and_then(Hub::current)).is_some_and(|me| me.due.get());
    if is_due {
        deliver(Wake::Killed);
    }
}

/// Calls something once, after a while, unless it is cancelled.
///
/// Dropped, it fires all the same. What it calls runs in a task of its own. [`run`](crate::run) waits for it, unless the
/// task that makes it is a daemon.
///
/// ```
/// use std::{cell::Cell, rc::Rc, time::Duration};
///
/// osier::run(|| {
///     let fired = Rc::new(Cell::new(false));
///     let flag = fired.clone();
///     let timer = osier::Timer::after(Duration::from_millis(5), move || flag.set(true));
///     timer.join();
///     assert!(fired.get() && !timer.cancel());
///
///     let timer = osier::Timer::after(Duration::from_secs(3600), || unreachable!("cancelled"));
///     assert!(timer.cancel());
/// });
/// ```
pub struct Timer {
    task: Task,
    /// Whether it has fired, or was cancelled.
    over: Rc<Cell<bool>>,
}

impl Timer {
    /// Calls `f` when that time has passed.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run).
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn after(delay: Duration, f: impl FnOnce() + 'static) -> Timer {
        let over = Rc::new(Cell::new(false));
        let begins = over.clone();
        let task = spawn_later(delay, move || {
            begins.set(true);
            f();
        });
        Timer { task: task.task(), over }
    }

    /// Cancels it; false when it has fired, or was cancelled before.
    ///
    /// What has begun goes on.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn cancel(&self) -> bool {
        let cancels = !self.over.replace(true) && !self.task.is_finished();
        if cancels {
            self.task.kill();
        }
        cancels
    }

    /// Whether it has fired and what it called has ended, or it was cancelled.
    pub fn is_finished(&self) -> bool {
        self.task.is_finished()
    }

    /// Waits until what it calls has ended, or it was cancelled.
    ///
    /// # Blocking
    /// Switches tasks, unless that is so already.
    pub fn join(&self) {
        crate::spawn::wait_for(&self.task.0, None);
    }

    /// The task that waits, then calls: to name it, to link to it.
    pub fn task(&self) -> Task {
        self.task.clone()
    }
}

impl fmt::Debug for Timer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timer")
            .field("task", &self.task.id())
            .field("over", &self.over.get())
            .finish()
    }
}
