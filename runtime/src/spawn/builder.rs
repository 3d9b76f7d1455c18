//! Spawning tasks.

use std::io;
use std::panic::Location;
use std::rc::Rc;

use super::JoinHandle;
use crate::hub::{Blueprint, expect_hub};

/// Spawns a task on this thread; it runs when this one waits or ends.
///
/// Tasks never leave their thread, so the closure need not be `Send`. What it owes in return is said
/// [below](#the-contract).
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// # The contract
/// Tasks of one thread take turns at waits, and at nothing else. Code that keeps a pointer in a
/// thread-local for the length of a call, and is called around a wait, is left half-way and entered
/// again by another task: with `scoped-tls`'s `set`, and what has its shape (`async-stream`), that
/// reads a dead frame. Do not wait inside of such a call: [`no_switch`](crate::no_switch) makes sure,
/// and [`local::preserve`](crate::local::preserve) gives each task its own value. The same holds for
/// any stackful coroutine in Rust. Harmless, but surprising: a `RefCell` borrowed, or a std `Mutex` locked, across a
/// wait is found borrowed (a panic) or locked (the thread stops) by the next task.
///
/// ```
/// use std::rc::Rc;
///
/// let sum = osier::run(|| {
///     let shared = Rc::new(20);
///     let other = shared.clone();
///     let task = osier::spawn(move || *other + 1);
///     task.join().unwrap() + *shared
/// });
/// assert_eq!(sum, 41);
/// ```
#[track_caller]
pub fn spawn<F, T>(f: F) -> JoinHandle<T>
where
    F: FnOnce() -> T + 'static,
    T: 'static,
{
    let site = Location::caller();
    expect_hub("a task was spawned", |hub| JoinHandle(hub.spawn(Blueprint::PLAIN, site, f)))
}

/// Spawns tasks with a name, a stack size, or as daemons.
///
/// ```
/// osier::run(|| {
///     let builder = osier::Builder::new().name("deep").stack_size(1 << 20);
///     let task = builder.spawn(|| osier::current().name()).unwrap();
///     assert_eq!(task.join().unwrap().as_deref(), Some("deep"));
/// });
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder does nothing until it spawns"]
pub struct Builder {
    plan: Blueprint,
}

impl Builder {
    /// Plans a task like [`spawn`] makes it.
    pub fn new() -> Builder {
        Builder { plan: Blueprint::PLAIN }
    }

    /// Names the task, for reports.
    pub fn name(mut self, name: impl AsRef<str>) -> Builder {
        self.plan.name = Some(Rc::from(name.as_ref()));
        self
    }

    /// Sets the bytes of stack the task can use; 256 KiB otherwise.
    ///
    /// Rounded up to whole pages. Only what is touched takes memory.
    pub fn stack_size(mut self, bytes: usize) -> Builder {
        self.plan.stack_size = bytes;
        self
    }

    /// Makes [`run`](crate::run) end without waiting for the task.
    ///
    /// It is killed then. Without this call a task is a daemon if the task that spawns it is one. What others wait for should not be
    /// a daemon: its timers do not keep a deadlock from being reported.
    pub fn daemon(mut self, daemon: bool) -> Builder {
        self.plan.daemon = Some(daemon);
        self
    }

    /// Spawns the task, see [`spawn`].
    ///
    /// # Errors
    /// When no stack of that size can ever be had; what stands in the way is named. That there is no
    /// memory for one at the time the task first runs comes out of the join.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run).
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn spawn<F, T>(self, f: F) -> io::Result<JoinHandle<T>>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        let site = Location::caller();
        expect_hub("a task was spawned", |hub| {
            hub.check_stack_size(self.plan.stack_size)?;
            Ok(JoinHandle(hub.spawn(self.plan, site, f)))
        })
    }

    pub(crate) fn into_plan(self) -> Blueprint {
        self.plan
    }
}

impl Default for Builder {
    fn default() -> Builder {
        Builder::new()
    }
}
