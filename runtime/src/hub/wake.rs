//! Ending waits.

use super::Hub;
use super::alarm::Alarm;
use crate::task::{Interrupts, TaskRef, Waiter, Wake};

impl Hub {
    /// Ends a wait, if it is not over yet, for one task that is done with it.
    #[inline]
    pub(crate) fn wake(&self, waiter: Waiter, how: Wake) {
        if let Some(task) = self.end_park(waiter, how) {
            self.queue.borrow_mut().push(task);
        }
    }

    /// The same; false when nobody waits there any more, as the task was leaked or its hub has ended.
    #[inline]
    pub(crate) fn wake_live(&self, waiter: Waiter) -> bool {
        let tasks = self.tasks.borrow();
        let Some(task) = tasks.waiting(waiter) else { return tasks.wake_above(waiter) };
        if task.end_park(Wake::Woken) {
            self.queue.borrow_mut().push(task.clone());
        }
        true
    }

    /// Whether somebody is in that wait, or about to be.
    pub(crate) fn is_waiting(&self, waiter: Waiter) -> bool {
        let tasks = self.tasks.borrow();
        tasks.waiting(waiter).is_some() || tasks.is_above(waiter)
    }

    /// Ends a wait, if it is not over yet, for something from outside: time, a descriptor, a thread.
    #[inline]
    pub(crate) fn wake_promptly(&self, waiter: Waiter, how: Wake) {
        if let Some(task) = self.end_park(waiter, how) {
            self.queue.borrow_mut().push_prompt(task);
        }
    }

    /// The task, if it has to be put in the run queue now.
    #[inline]
    fn end_park(&self, waiter: Waiter, how: Wake) -> Option<TaskRef> {
        let tasks = self.tasks.borrow();
        let Some(task) = tasks.waiting(waiter) else {
            if how == Wake::Woken {
                tasks.wake_above(waiter);
            }
            return None;
        };
        task.end_park(how).then(|| task.clone())
    }

    /// Ends the wait of a task that hears of nothing, as what it is to be told must not wait.
    pub(super) fn shout(&self, task: &TaskRef) {
        if task.is_deaf() && task.end_park(Wake::Killed) {
            self.queue.borrow_mut().push(task.clone());
        }
    }

    /// Changes what is in store for a task, and ends its wait if that makes it due.
    pub(crate) fn interrupt<R>(
        &self,
        task: &TaskRef,
        change: impl FnOnce(&mut Interrupts) -> R,
    ) -> Option<R> {
        if task.is_done() {
            return None;
        }
        let result = task.interrupts(change);
        if task.due.get() && !task.is_deaf() && task.end_park(Wake::Killed) {
            self.queue.borrow_mut().push(task.clone());
        }
        Some(result)
    }

    /// Does what an alarm was set for.
    pub(super) fn ring(&self, alarm: Alarm) {
        match alarm {
            Alarm::Wait(waiter) => self.wake_promptly(waiter, Wake::TimedOut),
            Alarm::Future(place) => self.timed.ring(place),
            Alarm::Scope(Waiter { id, slot, .. }, scope) => {
                if let Some(task) = self.find(slot, id) {
                    self.interrupt(&task, |store| {
                        store.expire(scope);
                    });
                }
            }
        }
    }
}
