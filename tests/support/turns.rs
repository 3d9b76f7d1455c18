//! A task that shows whether others run.

use std::cell::Cell;
use std::rc::Rc;

use osier::{JoinHandle, spawn, yield_now};

/// Counts its turns; killed when this goes.
pub(crate) struct Turns {
    count: Rc<Cell<usize>>,
    task: JoinHandle<()>,
}

impl Turns {
    pub(crate) fn new() -> Turns {
        let count = Rc::new(Cell::new(0));
        let counts = count.clone();
        let task = spawn(move || {
            loop {
                counts.set(counts.get() + 1);
                yield_now();
            }
        });
        Turns { count, task }
    }

    /// How many it has had.
    pub(crate) fn count(&self) -> usize {
        self.count.get()
    }
}

impl Drop for Turns {
    fn drop(&mut self) {
        self.task.kill();
    }
}
