//! Thread-locals that each task has for itself: saved and restored at every switch.
//!
//! For code that keeps a pointer in a thread-local for the length of a call, as scoped-tls does.
//! While one is registered, every switch goes through the root, which does the exchange.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::thread::LocalKey;

use crate::task::TaskId;

/// The registered thread-locals of a hub's thread.
#[derive(Default)]
pub(crate) struct Preserve {
    slots: RefCell<Vec<Box<dyn Swap>>>,
}

impl std::fmt::Debug for Preserve {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Preserve").field("slots", &self.slots.borrow().len()).finish()
    }
}

/// One thread-local of a type that the hub does not know.
trait Swap {
    fn load(&self, id: TaskId);
    fn save(&self, id: TaskId);
    fn forget(&self, id: TaskId);
}

struct Saved<T: 'static> {
    key: &'static LocalKey<Cell<T>>,
    /// What a task finds that has not set it.
    fresh: T,
    /// What suspended tasks had in it, where that differs from `fresh`.
    values: RefCell<HashMap<TaskId, T>>,
}

impl<T: Copy + PartialEq> Swap for Saved<T> {
    fn load(&self, id: TaskId) {
        self.key.set(self.values.borrow().get(&id).copied().unwrap_or(self.fresh));
    }

    fn save(&self, id: TaskId) {
        match self.key.replace(self.fresh) {
            value if value == self.fresh => self.forget(id),
            value => {
                self.values.borrow_mut().insert(id, value);
            }
        }
    }

    fn forget(&self, id: TaskId) {
        self.values.borrow_mut().remove(&id);
    }
}

impl Preserve {
    /// Registers a thread-local; `fresh` is what a task finds in it at first.
    pub(crate) fn add<T>(&self, key: &'static LocalKey<Cell<T>>, fresh: T)
    where
        T: Copy + PartialEq + 'static,
    {
        self.slots.borrow_mut().push(Box::new(Saved { key, fresh, values: RefCell::default() }));
    }

    pub(super) fn load(&self, id: TaskId) {
        self.slots.borrow().iter().for_each(|slot| slot.load(id));
    }

    pub(super) fn save(&self, id: TaskId) {
        self.slots.borrow().iter().for_each(|slot| slot.save(id));
    }

    /// Ends all exchange.
    pub(super) fn clear(&self) {
        self.slots.borrow_mut().clear();
    }

    /// Forgets what a task that has ended had.
    pub(super) fn forget(&self, id: TaskId) {
        if let Ok(slots) = self.slots.try_borrow() {
            slots.iter().for_each(|slot| slot.forget(id));
        }
    }
}
