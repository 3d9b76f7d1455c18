//! An event made of nothing but `park`: tasks wait at it, one call lets all of them through.

use std::cell::RefCell;

use osier::{Reason, Unparker, Wake, deliver, park};

/// Closed until it is opened, then open for those who wait.
#[derive(Debug, Default)]
pub(crate) struct Gate {
    /// In the order in which they came.
    waiting: RefCell<Vec<Unparker>>,
}

impl Gate {
    /// Waits until the gate is opened.
    pub(crate) fn wait(&self) {
        self.waiting.borrow_mut().push(Unparker::current());
        let wake = deliver(park(Reason::new("waiting at the gate"), None, || {}));
        assert_eq!(wake, Wake::Woken, "nobody kills or times a task of a bench");
    }

    /// How many wait.
    pub(crate) fn waiting(&self) -> usize {
        self.waiting.borrow().len()
    }

    /// Lets everybody through, in this order of their coming.
    pub(crate) fn open(&self, order: impl IntoIterator<Item = usize>) {
        let waiting = self.waiting.take();
        order.into_iter().for_each(|i| waiting[i].unpark());
    }
}

/// Gives way until so many wait.
pub(crate) fn gather(gate: &Gate, n: usize) {
    while gate.waiting() < n {
        osier::yield_now();
    }
}
