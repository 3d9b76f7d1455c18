//! Where tasks come from.

use std::io;
use std::panic::Location;
use std::rc::Rc;

use super::Hub;
use crate::settings::Tracking;
use crate::stack::DEFAULT_SIZE;
use crate::task::{JoinError, Outcome, Scope, Spec, TaskId, TaskRef};

/// Where a task was spawned.
pub(crate) type Site = &'static Location<'static>;

/// What a new task is to be.
#[derive(Clone, Debug)]
pub(crate) struct Blueprint {
    pub(crate) name: Option<Rc<str>>,
    pub(crate) stack_size: usize,
    /// None: as the task that spawns it.
    pub(crate) daemon: Option<bool>,
}

impl Blueprint {
    pub(crate) const PLAIN: Blueprint =
        Blueprint { name: None, stack_size: DEFAULT_SIZE, daemon: None };
}

impl Hub {
    /// Makes a task and puts it in the run queue.
    pub(crate) fn spawn<F, T>(&self, plan: Blueprint, site: Site, closure: F) -> Outcome<T>
    where
        F: FnOnce() -> T + 'static,
        T: 'static,
    {
        let (task, outcome) = TaskRef::new(self.spec(plan, site), closure);
        self.adopt(task);
        outcome
    }

    /// Makes a task that borrows and puts it in the run queue; a refused one ends here, unrun.
    pub(crate) fn spawn_scoped<'scope, F, T>(
        &self,
        scope: &'scope Scope<'scope, '_>,
        plan: Blueprint,
        site: Site,
        closure: F,
    ) -> Outcome<T>
    where
        F: FnOnce() -> T + 'scope,
        T: 'scope,
    {
        let (task, outcome) = scope.task(self.spec(plan, site), closure);
        if std::thread::panicking() {
            task.discard(JoinError::refused("not started: whoever spawned it is unwinding"));
            task.end();
            let nobody = task.repay();
            debug_assert!(nobody.is_none());
        } else {
            self.adopt(task);
        }
        outcome
    }

    fn spec(&self, plan: Blueprint, site: Site) -> Spec {
        let inherited = || self.peek(|me| me.is_some_and(|me| me.daemon.get()));
        let daemon = self.ending.get() || plan.daemon.unwrap_or_else(inherited);
        let id = self.next_id();
        Spec { id, name: plan.name, stack_size: plan.stack_size, daemon, site }
    }

    fn next_id(&self) -> TaskId {
        self.count.set(self.count.get() + 1);
        TaskId::new(self.number, self.count.get())
    }

    fn adopt(&self, task: TaskRef) {
        if !task.daemon.get() {
            self.vital.set(self.vital.get() + 1);
        }
        self.live.set(self.live.get() + 1);
        if self.tracking.get() != Tracking::Off {
            self.note_birth(&task);
        }
        self.queue.borrow_mut().push(task);
    }

    /// Whether a stack of that size can ever be had.
    pub(crate) fn check_stack_size(&self, size: usize) -> io::Result<()> {
        if size != DEFAULT_SIZE {
            let stack = self.stacks.borrow_mut().take(size)?;
            self.stacks.borrow_mut().give(stack);
        }
        Ok(())
    }
}
