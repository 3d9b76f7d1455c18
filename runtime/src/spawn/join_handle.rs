//! Joining tasks.

use std::any::Any;
use std::cell::Cell;
use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use super::Task;
use super::current::debug;
use crate::cancel::{deliver, kill};
use crate::clock;
use crate::hub::{hub, is_left_behind, wake_future};
use crate::park::park;
use crate::task::{Hook, JoinError, Outcome, Reason, TaskId, TaskRef, Wake};

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
    /// When a task joins itself, or inside of [`no_switch`](crate::no_switch). In a forked child, if it is a task of the
    /// parent that has not ended: so do all that wait here.
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

    /// The result, or has the waker woken when it is there: the step of a future.
    ///
    /// # Errors
    /// As [`join`](Self::join); and when the result was taken before.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn poll_join(&mut self, cx: &mut Context<'_>) -> Poll<Result<T, JoinError>> {
        refuse_if_left_behind(&self.0);
        if self.is_finished() {
            return Poll::Ready(self.0.take_once().unwrap_or_else(|| Err(JoinError::taken())));
        }
        match self.0.find_hook::<WakeAtEnd>() {
            Some(entered) => entered.renew(cx.waker()),
            None => self.0.add_hook(Rc::new(WakeAtEnd::new(cx.waker())), 0),
        }
        Poll::Pending
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
    /// itself unwinds at once. A task that catches the unwinding goes on. In a forked child nothing happens to tasks of the
    /// parent, and the log says so.
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

/// The future that waits for the end of a task.
struct WakeAtEnd(Cell<Option<Waker>>);

impl WakeAtEnd {
    fn new(waker: &Waker) -> WakeAtEnd {
        WakeAtEnd(Cell::new(Some(waker.clone())))
    }

    fn renew(&self, waker: &Waker) {
        let old = self.0.replace(Some(waker.clone()));
        drop(old);
    }
}

impl Hook for WakeAtEnd {
    fn ended(&self, _key: usize, _task: &TaskRef) {
        self.0.take().into_iter().for_each(wake_future);
    }
}

impl<T> fmt::Debug for JoinHandle<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        debug("JoinHandle", &self.0, f)
    }
}

/// Waits until a task has ended or the deadline has come.
pub(crate) fn wait_for(task: &TaskRef, deadline: Option<Instant>) {
    while !task.is_done() {
        let waiter = hub(|hub| hub?.peek(|me| Some(hub?.ticket(me?))));
        let Some(waiter) = waiter else { return };
        refuse_if_left_behind(task);
        assert!(waiter.id != task.id, "green thread {} joins itself", **task);
        task.add_joiner(waiter);
        let reason = Reason::new("joining task").on_task(task.id);
        match deliver(park(reason, deadline, || task.remove_joiner(waiter))) {
            Wake::Woken => {}
            Wake::TimedOut | Wake::Refused | Wake::Killed => return,
        }
    }
}

/// In a forked child: what goes on in the other process nobody learns here, so a wait would have no end.
fn refuse_if_left_behind(task: &TaskRef) {
    assert!(
        task.is_done() || !is_left_behind(task.id.hub()),
        "green thread {} is not of this process, but of the one that it was forked from: only there it can be joined",
        **task
    );
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
