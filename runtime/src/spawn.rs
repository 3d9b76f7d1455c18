//! Spawning tasks and joining them.

use std::any::Any;
use std::fmt;
use std::io;
use std::panic::Location;
use std::rc::Rc;
use std::time::{Duration, Instant};

use crate::cancel::{deliver, kill};
use crate::clock;
use crate::hub::{Blueprint, expect_hub, hub};
use crate::park::park;
use crate::stack::Stack;
use crate::task::{JoinError, Outcome, Reason, TaskId, TaskRef, Wake};

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

/// Waits for a task and has its result.
///
/// Dropped, it lets the task go on by itself. `join`, `join_timeout`, `wait` and `kill_timeout` switch
/// tasks, nothing else here does.
///
/// ```
/// osier::run(|| {
///     let task = osier::spawn(|| 6 * 7);
///     assert_eq!(task.join().unwrap(), 42);
/// });
/// ```
pub struct JoinHandle<T>(pub(crate) Outcome<T>);

impl<T> JoinHandle<T> {
    /// Waits until the task has ended and gives its result.
    ///
    /// # Errors
    /// When the task panicked or was killed; also when the one who joins may not wait, as it is
    /// unwinding.
    ///
    /// # Blocking
    /// Switches tasks, unless the task has ended already.
    ///
    /// # Panics
    /// When a task joins itself, or inside of [`no_switch`](crate::no_switch).
    pub fn join(self) -> Result<T, JoinError> {
        wait_for(&self.0, None);
        self.0.take().unwrap_or_else(|| Err(JoinError::not_waited_for()))
    }

    /// Waits for that long at most; none when the task goes on.
    ///
    /// The handle stays good.
    ///
    /// # Errors
    /// When the task panicked or was killed.
    ///
    /// # Blocking
    /// Switches tasks, unless the task has ended already.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// osier::run(|| {
    ///     let task = osier::spawn(|| osier::sleep(Duration::from_millis(5)));
    ///     assert!(task.join_timeout(Duration::ZERO).is_none());
    ///     assert!(task.join_timeout(Duration::from_secs(5)).is_some());
    ///     assert_eq!(task.value(), Some(&()));
    /// });
    /// ```
    pub fn join_timeout(&self, limit: Duration) -> Option<Result<&T, &JoinError>> {
        wait_for(&self.0, clock::deadline(limit));
        self.0.get().map(|outcome| outcome.as_ref())
    }

    /// Waits until the task has ended; the result stays where it is.
    ///
    /// # Blocking
    /// Switches tasks, unless the task has ended already.
    pub fn wait(&self) {
        wait_for(&self.0, None);
    }

    /// The result, if the task has ended with one.
    pub fn value(&self) -> Option<&T> {
        self.0.get()?.as_ref().ok()
    }

    /// Why there is no result, if the task has ended without.
    pub fn error(&self) -> Option<&JoinError> {
        self.0.get()?.as_ref().err()
    }

    /// Asks the task to end, by unwinding it from its wait.
    ///
    /// All its destructors run. A task that has not started never does. One that has ended is no matter. The running task
    /// itself unwinds at once. A task that catches the unwinding goes on.
    ///
    /// # Blocking
    /// Never switches tasks: the task ends in its next turn.
    ///
    /// # Panics
    /// When the program is built with `panic = "abort"`.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// osier::run(|| {
    ///     let task = osier::spawn(|| osier::sleep(Duration::from_secs(3600)));
    ///     task.kill();
    ///     assert!(!task.is_finished()); // it was asked
    ///     assert!(task.join().unwrap_err().is_killed());
    /// });
    /// ```
    pub fn kill(&self) {
        kill(&self.0, None);
    }

    /// Asks the task to end by unwinding with this payload.
    ///
    /// As [`kill`](Self::kill), but it ends as if it had panicked with the payload.
    ///
    /// # Panics
    /// As [`kill`](Self::kill).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn kill_with(&self, payload: Box<dyn Any + Send>) {
        kill(&self.0, Some(payload));
    }

    /// Asks the task to end and waits that long for it; whether it has ended.
    ///
    /// # Blocking
    /// Switches tasks, unless the task has ended already.
    ///
    /// # Panics
    /// As [`kill`](Self::kill).
    pub fn kill_timeout(&self, limit: Duration) -> bool {
        kill(&self.0, None);
        wait_for(&self.0, clock::deadline(limit));
        self.is_finished()
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.0.is_done()
    }

    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.0.id
    }

    /// The task's name, if it was given one.
    pub fn name(&self) -> Option<String> {
        self.0.name().map(|name| name.to_string())
    }

    /// Names the task.
    pub fn set_name(&self, name: impl AsRef<str>) {
        self.0.set_name(Some(Rc::from(name.as_ref())));
    }

    /// The task without its result; any number of these can be had.
    pub fn task(&self) -> Task {
        Task(self.0.task().clone())
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("JoinHandle", &self.0, f)
    }
}

pub(crate) fn debug(what: &str, task: &TaskRef, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(what)
        .field("name", &task.name())
        .field("id", &task.id)
        .field("state", &task.state())
        .finish()
}

/// Waits until a task has ended or the deadline has come.
pub(crate) fn wait_for(task: &TaskRef, deadline: Option<Instant>) {
    while !task.is_done() {
        let waiter = hub(|hub| hub?.peek(|me| Some(me?.waiter())));
        let Some(waiter) = waiter else { return };
        assert!(waiter.id != task.id, "green thread {} joins itself", **task);
        task.add_joiner(waiter);
        let reason = Reason::new("joining task").on_task(task.id);
        match deliver(park(reason, deadline, || task.remove_joiner(waiter))) {
            Wake::Woken => {}
            Wake::TimedOut | Wake::Refused | Wake::Killed => return,
        }
    }
}

/// A task as such: to tell it apart, to name it, to kill it.
///
/// Nothing here switches tasks.
///
/// ```
/// osier::run(|| {
///     let me = osier::current();
///     me.set_name("chief");
///     assert_eq!(me.name().as_deref(), Some("chief"));
/// });
/// ```
#[derive(Clone)]
pub struct Task(pub(crate) TaskRef);

impl Task {
    /// The task's number.
    pub fn id(&self) -> TaskId {
        self.0.id
    }

    /// The task's name, if it was given one.
    pub fn name(&self) -> Option<String> {
        self.0.name().map(|name| name.to_string())
    }

    /// Names the task.
    pub fn set_name(&self, name: impl AsRef<str>) {
        self.0.set_name(Some(Rc::from(name.as_ref())));
    }

    /// Whether `run` ends without waiting for it.
    pub fn is_daemon(&self) -> bool {
        self.0.daemon.get()
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.0.is_done()
    }

    /// Asks the task to end, see [`JoinHandle::kill`].
    pub fn kill(&self) {
        kill(&self.0, None);
    }

    /// Asks the task to end by unwinding with this payload, see [`JoinHandle::kill_with`].
    ///
    /// Any task can end the main task, and with it the run, this way.
    pub fn kill_with(&self, payload: Box<dyn Any + Send>) {
        kill(&self.0, Some(payload));
    }

    /// The most bytes of its stack that were ever in use.
    ///
    /// To a page; none before it has a stack. A stack is used again and again: what earlier tasks touched near its top counts too.
    pub fn stack_high_water(&self) -> Option<usize> {
        self.0.with_stack(Stack::touched)
    }
}

impl PartialEq for Task {
    fn eq(&self, other: &Task) -> bool {
        self.0 == other.0
    }
}

impl Eq for Task {}

impl fmt::Debug for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("Task", &self.0, f)
    }
}

/// The task that runs.
///
/// # Panics
/// Outside of a task.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// osier::run(|| println!("hello from {:?}", osier::current()));
/// ```
pub fn current() -> Task {
    let task = expect_hub("the current task was asked for", |hub| hub.current());
    Task(task.expect("no task runs: this is a destructor that the hub runs"))
}

/// Waits for all of these and gives their results, in this order.
///
/// # Blocking
/// Switches tasks, unless all have ended already.
///
/// ```
/// osier::run(|| {
///     let tasks = (1..=3).map(|i| osier::spawn(move || i * i));
///     let squares: Vec<i32> = osier::join_all(tasks).into_iter().map(Result::unwrap).collect();
///     assert_eq!(squares, [1, 4, 9]);
/// });
/// ```
pub fn join_all<T>(tasks: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<Result<T, JoinError>> {
    // All are spawned before the first is waited for, should the iterator be what spawns them.
    let tasks: Vec<JoinHandle<T>> = tasks.into_iter().collect();
    tasks.into_iter().map(JoinHandle::join).collect()
}
