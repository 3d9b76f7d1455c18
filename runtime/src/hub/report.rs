//! A hub in words and numbers.

use std::fmt::Write;
use std::time::Duration;

use super::Hub;
use crate::stack;
use crate::task::{State, TaskRef};

impl Hub {
    /// One line a task, in the order they were spawned.
    pub(crate) fn describe_tasks(&self) -> String {
        let mut tasks = self.tasks(|_| true);
        tasks.sort_unstable_by_key(|task| task.id);
        let mut out = String::new();
        for task in &tasks {
            self.describe(task, &mut out);
        }
        out
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

    fn describe(&self, task: &TaskRef, out: &mut String) {
        let daemon = if task.daemon.get() { " (daemon)" } else { "" };
        let _ = write!(out, "  task {}{daemon}: ", **task);
        let _ = match task.state() {
            State::Parked => {
                let since = self.alarms.now().saturating_sub(task.since.get());
                let reason = self.in_words(task.reason.get());
                write!(out, "parked for {:.1?}, {reason}", Duration::from_nanos(since))
            }
            State::New => write!(out, "not started"),
            State::Ready | State::Woken => write!(out, "ready to run"),
            State::Running => write!(out, "running"),
            State::Done => write!(out, "ended"),
        };
        let _ = writeln!(out, "; spawned at {}", task.site);
    }
}
