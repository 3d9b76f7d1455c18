//! The tasks of a hub that have waited and have not ended, by slot.
//!
//! A task is entered when somebody first needs a ticket for it, which is mostly its first wait. Until then
//! the run queue has it, or it is the one that runs. So a task that only computes is never entered.

use slab::Slab;

use crate::task::{NOWHERE, TaskId, TaskRef, Waiter};

/// Keeps tasks alive until they end, and finds them for whoever holds a ticket.
#[derive(Debug)]
pub(super) struct Registry {
    /// A slot is used again once its task has ended, so tickets carry the id as well.
    slots: Slab<TaskRef>,
}

impl Registry {
    pub(super) const fn new() -> Registry {
        Registry { slots: Slab::new() }
    }

    /// Enters a task, if it is not.
    #[inline]
    pub(super) fn enter(&mut self, task: &TaskRef) {
        if task.slot.get() == NOWHERE {
            self.insert(task.clone());
        }
    }

    #[inline(never)]
    fn insert(&mut self, task: TaskRef) {
        let entry = self.slots.vacant_entry();
        let slot = u32::try_from(entry.key()).ok().filter(|&slot| slot != NOWHERE);
        let slot = slot.expect("fewer than 4 billion tasks at once");
        task.slot.set(slot);
        entry.insert(task);
    }

    /// Lets a task go, if it is entered.
    pub(super) fn remove(&mut self, task: &TaskRef) -> Option<TaskRef> {
        let slot = task.slot.replace(NOWHERE);
        (slot != NOWHERE).then(|| self.slots.remove(slot as usize))
    }

    /// The task with that id, if it has not ended.
    pub(super) fn find(&self, slot: u32, id: TaskId) -> Option<&TaskRef> {
        self.slots.get(slot as usize).filter(|task| task.id == id)
    }

    /// The task whose wait a ticket is for, if that wait is not over.
    pub(super) fn waiting(&self, waiter: Waiter) -> Option<&TaskRef> {
        self.find(waiter.slot, waiter.id).filter(|task| task.wait.get() == waiter.wait)
    }

    /// Keeps a wake for a task that waits beneath the wait it is for; false if it is for none.
    #[cold]
    pub(super) fn wake_above(&self, waiter: Waiter) -> bool {
        self.find(waiter.slot, waiter.id).is_some_and(|task| task.wake_above(waiter.wait))
    }

    /// Whether the task waits beneath the wait that the ticket is for.
    #[cold]
    pub(super) fn is_above(&self, waiter: Waiter) -> bool {
        self.find(waiter.slot, waiter.id).is_some_and(|task| task.is_above(waiter.wait))
    }

    /// Those that are entered, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &TaskRef> {
        self.slots.iter().map(|(_, task)| task)
    }

    /// The task in that slot, if there is one, and whether there are slots beyond.
    pub(super) fn at(&self, slot: usize) -> (Option<&TaskRef>, bool) {
        (self.slots.get(slot), slot < self.slots.capacity())
    }
}
