//! All tasks of a hub that have not ended, by slot.

use slab::Slab;

use crate::task::{TaskId, TaskRef, Waiter};

/// Keeps tasks alive until they end, and finds them for whoever holds a ticket.
#[derive(Debug)]
pub(super) struct Registry {
    /// A slot is used again once its task has ended, so tickets carry the id as well.
    slots: Slab<TaskRef>,
    /// The hub's number, the upper part of its tasks' ids.
    hub: u32,
    /// How many tasks there have been.
    count: u64,
}

impl Registry {
    pub(super) fn new(hub: u32) -> Registry {
        Registry { slots: Slab::new(), hub, count: 0 }
    }

    /// The id for the next task.
    pub(super) fn next_id(&mut self) -> TaskId {
        self.count += 1;
        TaskId::new(self.hub, self.count)
    }

    /// Enters a new task.
    pub(super) fn insert(&mut self, task: TaskRef) {
        let entry = self.slots.vacant_entry();
        let slot = u32::try_from(entry.key()).expect("fewer than 4 billion tasks at once");
        task.slot.set(slot);
        entry.insert(task);
    }

    /// Lets a task go that has ended.
    pub(super) fn remove(&mut self, task: &TaskRef) -> TaskRef {
        self.slots.remove(task.slot.get() as usize)
    }

    /// The task with that id, if it has not ended.
    pub(super) fn find(&self, slot: u32, id: TaskId) -> Option<&TaskRef> {
        self.slots.get(slot as usize).filter(|task| task.id == id)
    }

    /// The task whose wait a ticket is for, if that wait is not over.
    pub(super) fn waiting(&self, waiter: Waiter) -> Option<&TaskRef> {
        self.find(waiter.slot, waiter.id).filter(|task| task.wait.get() == waiter.wait)
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &TaskRef> {
        self.slots.iter().map(|(_, task)| task)
    }

    /// The task in that slot, if there is one, and whether there are slots beyond.
    pub(super) fn at(&self, slot: usize) -> (Option<&TaskRef>, bool) {
        (self.slots.get(slot), slot < self.slots.capacity())
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }
}
