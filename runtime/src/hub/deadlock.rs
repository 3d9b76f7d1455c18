//! The verdict when nothing can go on, and its report.

use std::collections::HashSet;
use std::error::Error;
use std::fmt;

use super::{Hub, holders};
use crate::task::{State, TaskId};

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
