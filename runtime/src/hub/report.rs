//! A hub in words and numbers.

use std::backtrace::Backtrace;
use std::fmt;
use std::panic::Location;
use std::sync::Arc;
use std::time::Duration;

use super::Hub;
use crate::settings::Tracking;
use crate::stack;
use crate::stay::stay;
use crate::task::{State, TaskId, TaskRef, Tracked};
use crate::trace::Trace;

/// One task at one moment; see [`tasks`](crate::inspect::tasks).
///
/// Printed, it is a line, and one more for each function it waits in if that is noted.
///
/// ```
/// use osier::inspect::{self, TaskState};
///
/// osier::run(|| {
///     let task = osier::spawn(|| osier::sleep(std::time::Duration::from_millis(1)));
///     osier::yield_now();
///     let seen = inspect::tasks();
///     assert_eq!(seen[1].id, task.id());
///     assert_eq!(seen[1].state, TaskState::Parked);
///     assert_eq!(seen[1].waits_for.as_deref(), Some("sleeping"));
///     assert!(seen[1].stack_used > Some(0));
/// });
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TaskInfo {
    /// Its number.
    pub id: TaskId,
    /// Its name, if it was given one.
    pub name: Option<String>,
    /// Whether `run` ends without waiting for it.
    pub daemon: bool,
    /// Where it was spawned.
    pub spawned_at: &'static Location<'static>,
    /// By which task it was spawned, if that is tracked; that one may have ended.
    pub parent: Option<TaskId>,
    /// How long ago it was spawned, if that is tracked.
    pub age: Option<Duration>,
    /// Where it stands.
    pub state: TaskState,
    /// What it waits for, if it is parked, in words.
    pub waits_for: Option<String>,
    /// For how long it has waited, if it is parked.
    pub waits_since: Option<Duration>,
    /// The bytes of its stack in use; none before it has one.
    pub stack_used: Option<usize>,
    /// Where in the code it waits, if that is tracked.
    wait: Option<Arc<Backtrace>>,
}

/// Where a task stands.
///
/// ```
/// let seen = osier::run(osier::inspect::tasks);
/// assert_eq!(seen[0].state, osier::inspect::TaskState::Running);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum TaskState {
    /// Spawned, and not yet begun.
    New,
    /// It waits for its turn.
    Ready,
    /// It is the one that runs.
    Running,
    /// It waits to be woken.
    Parked,
    /// It has ended.
    Ended,
}

impl TaskInfo {
    fn of(hub: &Hub, task: &TaskRef, now: u64) -> TaskInfo {
        let parked = task.state() == State::Parked;
        let since = |at: u64| Duration::from_nanos(now.saturating_sub(at));
        let tracked = task.with_tracked(|tracked| {
            let wait = tracked.wait.as_ref().filter(|(wait, _)| parked && *wait == task.wait.get());
            (tracked.parent, since(tracked.born), wait.map(|(_, trace)| trace.clone()))
        });
        let (parent, age, wait) = match tracked {
            Some((parent, age, wait)) => (parent, Some(age), wait),
            None => (None, None, None),
        };
        TaskInfo {
            id: task.id,
            name: task.name().map(|name| name.to_string()),
            daemon: task.daemon.get(),
            spawned_at: task.site,
            parent,
            age,
            state: task.state().into(),
            waits_for: parked.then(|| hub.in_words(task.reason.get())),
            waits_since: parked.then(|| since(task.since.get())),
            stack_used: task.stack_used(),
            wait,
        }
    }

    /// Where in the code it waits, if [`Tracking::Waits`] was on when it began to.
    ///
    /// Finding the names takes a while: milliseconds, or more the first time.
    pub fn waits_at(&self) -> Option<Trace> {
        self.wait.as_deref().map(Trace::of)
    }
}

impl From<State> for TaskState {
    fn from(state: State) -> TaskState {
        match state {
            State::New => TaskState::New,
            State::Ready | State::Woken => TaskState::Ready,
            State::Running => TaskState::Running,
            State::Parked => TaskState::Parked,
            State::Done => TaskState::Ended,
        }
    }
}

impl fmt::Display for TaskInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "task {}", self.id)?;
        self.name.iter().try_for_each(|name| write!(f, " '{name}'"))?;
        f.write_str(if self.daemon { " (daemon): " } else { ": " })?;
        match (self.state, &self.waits_for, self.waits_since) {
            (TaskState::Parked, Some(reason), Some(since)) => {
                write!(f, "parked for {since:.1?}, {reason}")?;
            }
            (TaskState::Parked, ..) => f.write_str("parked")?,
            (TaskState::New, ..) => f.write_str("not started")?,
            (TaskState::Ready, ..) => f.write_str("ready to run")?,
            (TaskState::Running, ..) => f.write_str("running")?,
            (TaskState::Ended, ..) => f.write_str("ended")?,
        }
        write!(f, "; spawned at {}", self.spawned_at)?;
        self.parent.iter().try_for_each(|parent| write!(f, " by task {parent}"))?;
        self.age.iter().try_for_each(|age| write!(f, " {age:.1?} ago"))?;
        self.stack_used.iter().try_for_each(|bytes| write!(f, "; {bytes} bytes of stack"))?;
        self.waits_at().iter().try_for_each(|trace| write!(f, "\n{trace}"))
    }
}

impl Hub {
    /// All tasks that have not ended, in the order they were spawned.
    pub(crate) fn look_at_tasks(&self) -> Vec<TaskInfo> {
        let now = self.alarms.now();
        let tasks = self.tasks(|_| true);
        let mut seen: Vec<TaskInfo> =
            tasks.iter().map(|task| TaskInfo::of(self, task, now)).collect();
        seen.sort_unstable_by_key(|task| task.id);
        seen
    }

    /// One line a task, in the order they were spawned.
    pub(crate) fn describe_tasks(&self) -> String {
        self.look_at_tasks().iter().map(|task| format!("  {task}\n")).collect()
    }

    /// Sets what is noted of tasks from now on.
    pub(crate) fn track(&self, tracking: Tracking) {
        self.tracking.set(tracking);
    }

    /// Takes notes on a new task.
    #[cold]
    pub(super) fn note_birth(&self, task: &TaskRef) {
        let parent = self.peek(|me| me.map(|me| me.id));
        task.track(Tracked { parent, born: self.alarms.now(), wait: None });
    }

    /// Notes where in the code a wait begins, if that is asked for.
    #[inline]
    pub(crate) fn note_wait(&self, me: &TaskRef) {
        if self.tracking.get() == Tracking::Waits {
            note_place(me, self.alarms.now());
        }
    }

    pub(crate) fn task_count(&self) -> usize {
        self.live.get()
    }

    pub(crate) fn ready_count(&self) -> usize {
        self.queue.borrow().len()
    }

    pub(crate) fn timer_count(&self) -> usize {
        self.alarms.count().0
    }

    pub(crate) fn stack_stats(&self) -> stack::Stats {
        self.stacks.borrow().stats()
    }
}

#[cold]
fn note_place(me: &TaskRef, now: u64) {
    // std has a lock around it; to wait for that as a task would be a wait within the one that begins.
    let place = stay(|| Some((me.wait.get(), Arc::new(Backtrace::force_capture()))));
    let noted = me.with_tracked(|tracked| tracked.wait = place.clone());
    if noted.is_none() {
        // It is older than the tracking.
        me.track(Tracked { parent: None, born: now, wait: place });
    }
}
