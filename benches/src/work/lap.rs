//! Times the middle of a run: from the moment every task runs to the moment the last is through.

use std::cell::Cell;

use crate::measure::{Mark, Span};

/// Shared by the tasks of one run.
#[derive(Debug)]
pub(crate) struct Lap {
    tasks: usize,
    /// How many operations each task makes.
    pub(crate) per: usize,
    entered: Cell<usize>,
    left: Cell<usize>,
    /// When the last task entered.
    begin: Cell<Option<Mark>>,
    /// Set when the last task leaves.
    end: Cell<Option<Span>>,
}

impl Lap {
    pub(crate) fn new(tasks: usize, per: usize) -> Lap {
        let zero = || Cell::new(0);
        let (begin, end) = (Cell::new(None), Cell::new(None));
        Lap { tasks, per, entered: zero(), left: zero(), begin, end }
    }

    /// Called by each task when it runs.
    pub(crate) fn enter(&self) {
        self.entered.set(self.entered.get() + 1);
        if self.entered.get() == self.tasks {
            self.begin.set(Some(Mark::now()));
        }
    }

    /// Whether every task runs.
    pub(crate) fn ready(&self) -> bool {
        self.entered.get() == self.tasks
    }

    /// Called by each task when it is through.
    pub(crate) fn leave(&self) {
        self.left.set(self.left.get() + 1);
        if self.left.get() == self.tasks {
            self.end.set(self.begin.get().map(|begin| begin.span()));
        }
    }

    /// All operations and how long they took; `None` until the last task has left.
    pub(crate) fn result(&self) -> Option<(usize, Span)> {
        Some((self.tasks * self.per, self.end.get()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lap_is_over_when_the_last_has_left() {
        let lap = Lap::new(2, 3);
        lap.enter();
        lap.enter();
        assert!(lap.ready());
        lap.leave();
        assert!(lap.result().is_none());
        lap.leave();
        assert_eq!(lap.result().unwrap().0, 6);
    }
}
