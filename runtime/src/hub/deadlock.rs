//! The verdict when nothing can go on, and its report.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;

use super::{Hub, holders};
use crate::sys::alone::is_alone;
use crate::task::{State, TaskId};

/// How often in a row the main task may catch the verdict and wait again.
const PATIENCE: u32 = 16;

/// No task that `run` waits for can ever go on.
///
/// All of them are parked, and nothing is left that could wake one. The main task's wait ends with a panic that carries this; when the main task has ended, `run`
/// itself panics with it. Printed, it lists every task: name, where it was spawned, what it
/// waits for and since when, and who holds the lock that it waits for.
///
/// Not taken for a deadlock: a wait for a descriptor, a timer of a task that is no daemon or that
/// such a task joins or whose lock it waits for, and a wait whose [`Reason`](crate::Reason) says that its wake comes from
/// outside.
///
/// A main task that catches it may go on: kill who is stuck, wake them, give up. One that
/// does nothing of the kind but waits again is told again, 16 times in a row; then the process is
/// aborted with the report, as that would go on for ever, and `run` cannot return while a task that may
/// borrow from its caller lives.
///
/// ```
/// use std::panic::{AssertUnwindSafe, catch_unwind};
/// use osier::{Deadlock, Reason};
///
/// osier::run(|| {
///     let wait = || osier::park(Reason::new("waiting for nobody"), None, || {});
///     let wait = || osier::deliver(wait());
///     let payload = catch_unwind(AssertUnwindSafe(wait)).unwrap_err();
///     let report = payload.downcast::<Deadlock>().unwrap().to_string();
///     assert!(report.contains("waiting for nobody"));
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Deadlock {
    /// The tasks at the time of the verdict.
    report: String,
}

impl fmt::Display for Deadlock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "deadlock: no green thread can ever go on\n{}", self.report)
    }
}

impl Error for Deadlock {}

impl Hub {
    /// Whether nothing can wake any task that `run` waits for; asked when the run queue is empty.
    pub(super) fn is_deadlocked(&self) -> bool {
        let (alarms, vital) = self.alarms.count();
        self.vital.get() > 0
            && vital == 0
            && self.owed.get() == 0
            && self.reactor.borrow().waiting() == 0
            && (alarms == 0 || !self.waits_for_a_daemon())
            // A system call, so it is made after a sleep in which nothing was heard. Where it cannot be told there may be others.
            && (self.unsure.get() == 0 || (self.doubt.take() && is_alone().unwrap_or(false)))
    }

    /// Whether a task that `run` waits for joins a daemon, or wants what one holds: then its timers count.
    fn waits_for_a_daemon(&self) -> bool {
        let tasks = self.tasks(|_| true);
        let daemons: HashSet<TaskId> =
            tasks.iter().filter(|task| task.daemon.get()).map(|task| task.id).collect();
        tasks
            .iter()
            .filter(|task| !task.daemon.get() && task.state() == State::Parked)
            .map(|task| task.reason.get())
            .any(|reason| {
                reason.is_on_some_daemon()
                    || reason.task().is_some_and(|id| daemons.contains(&id))
                    || holders::holders(reason).iter().flatten().any(|id| daemons.contains(id))
            })
    }

    /// The verdict, with a report of all tasks.
    pub(super) fn deadlock(&self) -> Deadlock {
        Deadlock { report: self.describe_tasks() }
    }
}

/// Counts verdicts in a row between which nothing has happened.
#[derive(Debug, Default)]
pub(super) struct Patience {
    told: u32,
    /// What there will be at the next verdict if nothing happens.
    expected: Option<Mark>,
}

/// What changes whenever a task begins, waits or ends.
#[derive(Debug, PartialEq, Eq)]
struct Mark {
    /// How many tasks there have been, and are.
    tasks: (u64, usize),
    /// The sum of all their waits.
    waits: u32,
}

impl Patience {
    /// Counts one more; whether that was too much.
    pub(super) fn is_over(&mut self, hub: &Hub) -> bool {
        let tasks = (hub.count.get(), hub.live.get());
        let waits = hub.tasks(|_| true).into_iter().map(|task| task.waiter().wait);
        let waits = waits.fold(0, u32::wrapping_add);
        let again = self.expected.as_ref() == Some(&Mark { tasks, waits });
        self.told = if again { self.told + 1 } else { 1 };
        // The main task's own wait is over then, and no other.
        self.expected = Some(Mark { tasks, waits: waits.wrapping_add(1) });
        self.told > PATIENCE
    }
}
