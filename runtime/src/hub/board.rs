//! Where a hub writes up which task runs, for the watch on a blocked loop.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::Hub;
use crate::clock;
use crate::task::TaskRef;

/// Which task runs and since when; written by the hub, read by the watch's thread.
#[derive(Debug, Default)]
pub(crate) struct Board {
    running: Mutex<Running>,
}

/// What is on the board.
#[derive(Clone, Debug, Default)]
pub(crate) struct Running {
    /// Counts entries, to tell one from the next.
    pub(crate) entry: u64,
    /// Since when a task runs; none: none does.
    pub(crate) since: Option<Instant>,
    /// The task, as reports say it. The room is used again and again.
    pub(crate) task: String,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is on the board.
    pub(crate) fn read(&self) -> Running {
        self.lock().clone()
    }

    pub(super) fn enter(&self, task: &TaskRef) {
        use std::fmt::Write;

        let mut running = self.lock();
        running.task.clear();
        let _ = write!(running.task, "{}, spawned at {}", **task, task.site);
        running.entry += 1;
        running.since = Some(clock::now());
    }

    pub(super) fn leave(&self) {
        self.lock().since = None;
    }
}

impl Hub {
    /// Has the hub write to this board; or to none.
    ///
    /// Every switch goes through the root while there is one.
    pub(crate) fn write_to(&self, board: Option<Arc<Board>>) {
        let had = self.board.borrow().is_some();
        match (had, board.is_some()) {
            (false, true) => self.turn.slow_down(),
            (true, false) => self.turn.speed_up(),
            _ => {}
        }
        if let (Some(board), Some(me)) = (&board, self.current()) {
            board.enter(&me);
        }
        *self.board.borrow_mut() = board;
    }
}
