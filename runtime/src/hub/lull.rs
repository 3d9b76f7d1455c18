//! Tasks that wait until the hub has nothing else to do.
//!
//! Looked at by the loop alone, so they cost a switch nothing.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::time::Duration;

use super::Hub;
use crate::task::{Waiter, Wake};

/// Who waits for others to be done.
#[derive(Debug, Default)]
pub(crate) struct Lull {
    /// Who waits for an empty run queue, first come first served.
    idlers: RefCell<VecDeque<Waiter>>,
    /// The main task, while it waits to be the only one that `run` waits for.
    main: Cell<Option<Waiter>>,
}

impl Lull {
    pub(crate) fn add_idler(&self, waiter: Waiter) {
        self.idlers.borrow_mut().push_back(waiter);
    }

    pub(crate) fn remove_idler(&self, waiter: Waiter) {
        self.idlers.borrow_mut().retain(|other| *other != waiter);
    }

    pub(crate) fn set_main(&self, waiter: Option<Waiter>) {
        self.main.set(waiter);
    }
}

impl Hub {
    /// Whether the main task runs.
    pub(crate) fn is_main(&self) -> bool {
        self.current().is_some_and(|me| Some(me.id) == self.main.get())
    }

    /// Whether `run` waits for one task only.
    pub(crate) fn has_one_left(&self) -> bool {
        self.vital.get() == 1
    }

    /// Wakes the main task if it waits for being the last.
    pub(super) fn look_for_the_last(&self) {
        if self.has_one_left()
            && let Some(main) = self.lull.main.take()
        {
            self.wake(main, Wake::Woken);
        }
    }

    /// Wakes one who waits for an empty run queue, as it is; whether there is something to do now.
    pub(super) fn look_for_idlers(&self) -> bool {
        if self.lull.idlers.borrow().is_empty() {
            return false;
        }
        self.poll(Some(Duration::ZERO));
        if self.queue.borrow().is_empty()
            && let Some(idler) = self.lull.idlers.borrow_mut().pop_front()
        {
            self.wake(idler, Wake::Woken);
        }
        true
    }
}
