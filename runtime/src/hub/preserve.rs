//! Thread-locals that each task has for itself: saved and restored at every switch.
//!
//! For code that keeps a pointer in a thread-local for the length of a call, as scoped-tls does.
//! While one is registered, every switch goes through the root, which does the exchange.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::ptr;
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
    /// Whether it is this thread-local.
    fn is_at(&self, place: *const ()) -> bool;
    fn load(&self, id: TaskId);
    fn save(&self, id: TaskId);
    fn forget(&self, id: TaskId);
    /// A task has ended, and what it had is still there.
    fn ended(&self, id: TaskId);
    fn restore(&self);
}

struct Saved<T: 'static> {
    key: &'static LocalKey<Cell<T>>,
    /// What a task finds that has not set it.
    fresh: T,
    /// What suspended tasks had in it, where that differs from `fresh`.
    values: RefCell<HashMap<TaskId, T>>,
    /// Who registered it, and so went on with the value that the thread had.
    first: TaskId,
    /// What that one has left: the thread's own value again, outside of the run.
    outside: Cell<T>,
}

fn place<T>(key: &'static LocalKey<Cell<T>>) -> *const () {
    key.with(|cell| ptr::from_ref(cell).cast())
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

    fn ended(&self, id: TaskId) {
        self.forget(id);
        if id == self.first {
            self.outside.set(self.key.get());
        }
    }

    fn restore(&self) {
        self.key.set(self.outside.get());
    }

    fn is_at(&self, place: *const ()) -> bool {
        place == self::place(self.key)
    }
}

impl Preserve {
    /// Registers a thread-local for `first`, which keeps its value; `fresh` is what any other task
    /// finds in it at first. False if it is registered already.
    pub(crate) fn add<T>(&self, key: &'static LocalKey<Cell<T>>, fresh: T, first: TaskId) -> bool
    where
        T: Copy + PartialEq + 'static,
    {
        let mut slots = self.slots.borrow_mut();
        // By its place: a key is a constant, of which there may be copies.
        if slots.iter().any(|slot| slot.is_at(place(key))) {
            return false;
        }
        let (values, outside) = (RefCell::default(), Cell::new(fresh));
        slots.push(Box::new(Saved { key, fresh, values, first, outside }));
        true
    }

    pub(super) fn load(&self, id: TaskId) {
        self.slots.borrow().iter().for_each(|slot| slot.load(id));
    }

    pub(super) fn save(&self, id: TaskId) {
        self.slots.borrow().iter().for_each(|slot| slot.save(id));
    }

    /// Ends all exchange, and gives the thread its own values back.
    pub(super) fn clear(&self) {
        self.slots.borrow_mut().drain(..).for_each(|slot| slot.restore());
    }

    /// Forgets what a task that has ended had.
    pub(super) fn forget(&self, id: TaskId) {
        if let Ok(slots) = self.slots.try_borrow() {
            slots.iter().for_each(|slot| slot.ended(id));
        }
    }
}
