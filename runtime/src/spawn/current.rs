//! Tasks as such.

use std::any::Any;
use std::fmt;
use std::rc::Rc;

use crate::cancel::kill;
use crate::hub::{expect_hub, hub};
use crate::stack::Stack;
use crate::task::{JoinError, TaskId, TaskRef};

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

    /// A small number that no other live task of its hub has; none when it has ended.
    ///
    /// It is given again when the task has ended. None outside of [`run`](crate::run), too.
    pub fn slot(&self) -> Option<u32> {
        hub(|hub| Some(hub.filter(|_| !self.is_finished())?.ticket(&self.0).slot))
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

    /// Why there is no result, if the task has ended without one.
    ///
    /// None also after a [`join`](crate::JoinHandle::join) that took it, or when the handle has gone.
    pub fn error(&self) -> Option<JoinError> {
        let error = self.0.error()?;
        self.0.mark_seen();
        Some(error)
    }

    /// Whether the task has ended.
    pub fn is_finished(&self) -> bool {
        self.0.is_done()
    }

    /// Asks the task to end, see [`JoinHandle::kill`](crate::JoinHandle::kill).
    pub fn kill(&self) {
        kill(&self.0, None);
    }

    /// Asks the task to end by unwinding with this payload, see [`JoinHandle::kill_with`](crate::JoinHandle::kill_with).
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

pub(crate) fn debug(what: &str, task: &TaskRef, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.debug_struct(what)
        .field("name", &task.name())
        .field("id", &task.id)
        .field("state", &task.state())
        .finish()
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
