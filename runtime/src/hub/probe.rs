//! How long a task runs without letting others run, for assertions about it.

use std::cell::RefCell;
use std::time::{Duration, Instant};

use super::Hub;
use crate::clock;
use crate::task::{TaskId, TaskRef};

/// What is measured at present.
#[derive(Debug, Default)]
pub(crate) struct Probes {
    /// One for each piece of code that is measured, in the order they began.
    list: RefCell<Vec<Probe>>,
}

/// The measure of one piece of code.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Probe {
    /// The task that runs it.
    task: TaskId,
    /// Since when it runs without a switch.
    since: Instant,
    /// The longest that it ran without one.
    pub(crate) longest: Duration,
    /// How often it let others run.
    pub(crate) switches: usize,
}

impl Probe {
    fn stop(&mut self) {
        self.longest = self.longest.max(clock::system() - self.since);
    }
}

impl Hub {
    /// Begins to measure the task that runs; every switch goes through the root meanwhile.
    pub(crate) fn start_probe(&self, task: TaskId) {
        let probe = Probe { task, since: clock::system(), longest: Duration::ZERO, switches: 0 };
        self.probes.list.borrow_mut().push(probe);
        self.turn.slow_down();
    }

    /// Ends what was begun last for that task; none if the run in which it began is over.
    pub(crate) fn stop_probe(&self, task: TaskId) -> Option<Probe> {
        let mut probes = self.probes.list.borrow_mut();
        let last = probes.iter().rposition(|probe| probe.task == task)?;
        let mut probe = probes.remove(last);
        probe.stop();
        self.turn.speed_up();
        Some(probe)
    }

    /// Notes that a task has left to the root.
    pub(super) fn probe_leave(&self, task: Option<&TaskRef>) {
        let mut probes = self.probes.list.borrow_mut();
        let own = probes.iter_mut().filter(|probe| task.is_some_and(|task| task.id == probe.task));
        own.for_each(|probe| {
            probe.stop();
            probe.switches += 1;
        });
    }

    /// Notes that a task goes on.
    pub(super) fn probe_enter(&self, task: &TaskRef) {
        let mut probes = self.probes.list.borrow_mut();
        let own = probes.iter_mut().filter(|probe| task.id == probe.task);
        own.for_each(|probe| probe.since = clock::system());
    }

    /// Ends all of them with the run.
    pub(super) fn forget_probes(&self) {
        self.probes.list.borrow_mut().clear();
    }
}
