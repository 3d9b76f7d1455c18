//! Links: what is called when a task has ended.
//!
//! A link runs in a task of its own, so it may wait, and one that fails harms nobody; a raw link runs in the
//! hub. What a link is told is cloned while the outcome is there: whoever joins takes it away.
//! Waiting for the end is not here: that is `join`, and `iwait`.

use std::cell::RefCell;
use std::fmt;
use std::mem;
use std::panic::{AssertUnwindSafe, Location, catch_unwind};
use std::rc::Rc;

use super::callback::run_callback;
use crate::channel::Sender;
use crate::complaint::complain;
use crate::hub::{Blueprint, Hub, hub};
use crate::queue::{AnyQueue, Kind};
use crate::spawn::{JoinHandle, Task};
use crate::task::{Hook, JoinError, TaskRef};

/// A call that is to come at the end of a task, and can be taken back.
///
/// Dropped, it lets the call come.
///
/// ```
/// osier::run(|| {
///     let task = osier::spawn(|| 7);
///     let link = task.link(|_| unreachable!("it was taken back"));
///     assert!(link.unlink());
///     task.wait();
///     assert!(!link.unlink());
/// });
/// ```
pub struct Link {
    undo: Box<dyn Fn() -> bool>,
}

impl Link {
    pub(super) fn new(undo: impl Fn() -> bool + 'static) -> Link {
        Link { undo: Box::new(undo) }
    }

    /// Takes the call back; false when it has begun, or was taken back before.
    ///
    /// Good until the call begins, also after the task has ended.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn unlink(&self) -> bool {
        (self.undo)()
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// What a task's outcome can be handed to by [`JoinHandle::link_to`].
///
/// ```
/// use osier::AsyncResult;
///
/// osier::run(|| {
///     let result = AsyncResult::new();
///     osier::spawn(|| 7).link_to(result.clone());
///     assert_eq!(result.get().unwrap(), 7);
/// });
/// ```
pub trait LinkTarget<T>: 'static {
    /// Takes the outcome; may wait.
    fn take_outcome(self, outcome: Result<T, JoinError>);
}

/// Puts it, and waits for room; an item that finds the queue shut down is lost, and the log says so.
impl<T, K> LinkTarget<T> for AnyQueue<K>
where
    T: 'static,
    K: Kind<Item = Result<T, JoinError>> + 'static,
{
    fn take_outcome(self, outcome: Result<T, JoinError>) {
        if let Err(error) = self.put(outcome) {
            complain(format_args!("a link lost the outcome of its task: {error}"));
        }
    }
}

/// Sends it, and waits for room; without a receiver it is lost, and the log says so.
impl<T: 'static> LinkTarget<T> for Sender<Result<T, JoinError>> {
    fn take_outcome(self, outcome: Result<T, JoinError>) {
        if let Err(error) = self.send(outcome) {
            complain(format_args!("a link lost the outcome of its task: {error}"));
        }
    }
}

/// What a link calls in the end, knowing what it is told.
type Call = Box<dyn FnOnce()>;
/// What makes that call of the ended task; none: it is not called.
type Prepare = Box<dyn FnOnce(&TaskRef) -> Option<Call>>;

enum Stage {
    /// The task goes on.
    Linked(Prepare),
    /// It has ended; the call has not begun.
    Due(Call),
    /// Called, taken back, or not for this end.
    Over,
}

/// One link of one task.
struct Linked {
    stage: RefCell<Stage>,
    /// Whether it is called in the hub.
    raw: bool,
    site: &'static Location<'static>,
}

impl Linked {
    fn take(&self) -> Stage {
        mem::replace(&mut *self.stage.borrow_mut(), Stage::Over)
    }

    /// Finds out what to call.
    fn prepare(&self, task: &TaskRef) {
        let Stage::Linked(prepare) = self.take() else { return };
        match catch_unwind(AssertUnwindSafe(|| prepare(task))) {
            Ok(Some(call)) => *self.stage.borrow_mut() = Stage::Due(call),
            Ok(None) => {}
            Err(payload) => failed(task, payload),
        }
    }

    fn call(&self) {
        if let Stage::Due(call) = self.take() {
            call();
        }
    }

    /// Calls it in a task of its own.
    fn spawn(self: Rc<Self>, task: &TaskRef) {
        if !matches!(*self.stage.borrow(), Stage::Due(_)) {
            return;
        }
        let daemon = Some(task.daemon.get());
        let plan = Blueprint { daemon, ..Blueprint::PLAIN };
        let site = self.site;
        hub(|hub| hub.map(|hub: &Hub| drop(hub.spawn(plan, site, move || self.call()))));
    }
}

/// What a task has in its list.
struct AtEnd(Rc<Linked>);

impl Hook for AtEnd {
    fn look(&self, _: usize, task: &TaskRef) {
        self.0.prepare(task);
    }

    fn ended(&self, _: usize, task: &TaskRef) {
        if !self.0.raw {
            self.0.clone().spawn(task);
        } else if let Err(payload) = catch_unwind(AssertUnwindSafe(|| self.0.call())) {
            failed(task, payload);
        }
    }
}

/// Says that a link failed that has no task of its own to fail.
fn failed(task: &TaskRef, payload: Box<dyn std::any::Any + Send>) {
    let error = JoinError::unwound(payload);
    complain(format_args!("a link of green thread {} failed: {error}", **task));
    mem::forget(error); // its destructor may panic as well
}

/// Links a task that goes on, or calls soon for one that has ended.
#[track_caller]
fn link(task: &TaskRef, raw: bool, prepare: Prepare) -> Link {
    let stage = RefCell::new(Stage::Linked(prepare));
    let linked = Rc::new(Linked { stage, raw, site: Location::caller() });
    if task.is_done() {
        linked.prepare(task);
        if raw {
            let linked = linked.clone();
            run_callback(move || linked.call());
        } else {
            linked.clone().spawn(task);
        }
        return Link::new(move || !matches!(linked.take(), Stage::Over));
    }
    let hook: Rc<dyn Hook> = Rc::new(AtEnd(linked.clone()));
    task.add_hook(hook.clone(), 0);
    let task = task.clone();
    Link::new(move || {
        task.remove_hook(&hook, 0);
        !matches!(linked.take(), Stage::Over)
    })
}

impl<T: 'static> JoinHandle<T> {
    /// Has `f` called with the task's outcome when it has ended.
    ///
    /// In a task of its own, so `f` may wait; soon, if the task has ended already. Links start in the order in
    /// which they were made, after those who join. One that panics is logged, the others still run.
    /// What is told is a clone; [`Task::link`] does without. Links of a task that is left when the run ends are not
    /// called.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run), if the task has ended.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// osier::run(|| {
    ///     let sum = Rc::new(Cell::new(0));
    ///     let total = sum.clone();
    ///     osier::spawn(|| 7).link(move |outcome| total.set(outcome.unwrap()));
    ///     osier::join_rest(None);
    ///     assert_eq!(sum.get(), 7);
    /// });
    /// ```
    #[track_caller]
    pub fn link(&self, f: impl FnOnce(Result<T, JoinError>) + 'static) -> Link
    where
        T: Clone,
    {
        let glance = self.0.glance();
        let prepare = move |task: &TaskRef| {
            let outcome = glance.look(task, Result::clone)?;
            task.mark_seen();
            Some(Box::new(move || f(outcome)) as Call)
        };
        link(self.0.task(), false, Box::new(prepare))
    }

    /// Hands the task's outcome to an [`AsyncResult`](crate::AsyncResult), a queue or a channel.
    ///
    /// Otherwise as [`link`](Self::link).
    ///
    /// # Panics
    /// As [`link`](Self::link).
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn link_to(&self, target: impl LinkTarget<T>) -> Link
    where
        T: Clone,
    {
        self.link(move |outcome| target.take_outcome(outcome))
    }

    /// Has `f` called with the task's result, if it ends with one.
    ///
    /// Otherwise as [`link`](Self::link).
    ///
    /// # Panics
    /// As [`link`](Self::link).
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn link_value(&self, f: impl FnOnce(T) + 'static) -> Link
    where
        T: Clone,
    {
        let glance = self.0.glance();
        let prepare = move |task: &TaskRef| {
            let value = glance.look(task, |outcome| outcome.as_ref().ok().cloned())??;
            Some(Box::new(move || f(value)) as Call)
        };
        link(self.0.task(), false, Box::new(prepare))
    }

    /// Has `f` called with the task's error, if it fails; see [`Task::link_error`].
    ///
    /// # Panics
    /// As [`link`](Self::link).
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn link_error(&self, f: impl FnOnce(JoinError) + 'static) -> Link {
        self.task().link_error(f)
    }

    /// Has `f` called in the hub when the task has ended; see [`Task::rawlink`].
    ///
    /// # Panics
    /// As [`link`](Self::link).
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn rawlink(&self, f: impl FnOnce(&Task) + 'static) -> Link {
        self.task().rawlink(f)
    }
}

impl Task {
    /// Has `f` called when the task has ended, however it has.
    ///
    /// As [`JoinHandle::link`], for results of any type: `f` is given the task, not what came of it.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run), if the task has ended.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn link(&self, f: impl FnOnce(&Task) + 'static) -> Link {
        link(&self.0, false, Box::new(|task| told(task, f)))
    }

    /// Has `f` called with the task's error, if it fails.
    ///
    /// Not if it is killed. Otherwise as [`JoinHandle::link`].
    ///
    /// # Panics
    /// Outside of [`run`](crate::run), if the task has ended.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// osier::run(|| {
    ///     let task = osier::spawn(|| panic!("no tea left"));
    ///     task.link_error(|error| assert_eq!(error.message(), Some("no tea left")));
    /// });
    /// ```
    #[track_caller]
    pub fn link_error(&self, f: impl FnOnce(JoinError) + 'static) -> Link {
        let prepare = |task: &TaskRef| {
            let error = task.error().filter(|error| !error.is_killed())?;
            task.mark_seen();
            Some(Box::new(move || f(error)) as Call)
        };
        link(&self.0, false, Box::new(prepare))
    }

    /// Has `f` called in the hub when the task has ended.
    ///
    /// Cheaper than a [`link`](Self::link), and at once: no other task runs in between. It must not wait: a wait in
    /// it panics, and a panic is logged. For a task that has ended already `f` is called soon.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run), if the task has ended.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// osier::run(|| {
    ///     let left = Rc::new(Cell::new(3));
    ///     for _ in 0..3 {
    ///         let left = left.clone();
    ///         osier::spawn(|| ()).rawlink(move |_| left.set(left.get() - 1));
    ///     }
    ///     osier::join_rest(None);
    ///     assert_eq!(left.get(), 0);
    /// });
    /// ```
    #[track_caller]
    pub fn rawlink(&self, f: impl FnOnce(&Task) + 'static) -> Link {
        link(&self.0, true, Box::new(|task| told(task, f)))
    }
}

/// Calls `f` with the task as such.
fn told(task: &TaskRef, f: impl FnOnce(&Task) + 'static) -> Option<Call> {
    let task = Task(task.clone());
    Some(Box::new(move || f(&task)))
}
