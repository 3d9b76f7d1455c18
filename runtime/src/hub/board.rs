//! Where a hub writes up which task runs, for the watch on a blocked loop.

use std::sync::{Arc, PoisonError};
use std::time::Instant;

use super::{Hub, Slices};
use crate::clock;
use crate::stay::{Mutex, MutexGuard};
use crate::sys::shot;
use crate::task::TaskRef;

/// Which task runs and since when; written by the hub, read by the watch's thread.
#[derive(Debug, Default)]
pub(crate) struct Board {
    running: Mutex<Running>,
    /// How long tasks ran, but for the one that runs.
    slices: Mutex<Slices>,
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
    /// The hub's OS thread.
    pub(crate) thread: i32,
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Running> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What is on the board.
    pub(crate) fn read(&self) -> Running {
        self.lock().clone()
    }

    /// How long tasks ran since there is this board.
    pub(crate) fn slices(&self) -> Slices {
        self.slices.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Counts the slice that ends now.
    fn count(&self, began: Instant) {
        let length = clock::system() - began;
        self.slices.lock().unwrap_or_else(PoisonError::into_inner).add(length);
    }

    fn enter(&self, task: &TaskRef) {
        use std::fmt::Write;

        let mut running = self.lock();
        running.task.clear();
        let _ = write!(running.task, "{}, spawned at {}", **task, task.site);
        running.entry += 1;
        running.since = Some(clock::system()); // another thread compares it with its own clock
        let (low, high) = task.stack_bounds();
        shot::stand_on(low, high);
    }

    fn leave(&self) {
        let began = self.lock().since.take();
        began.into_iter().for_each(|began| self.count(began));
        shot::stand_on(0, 0);
    }
}

/// A board, and how many read it.
#[derive(Debug)]
pub(crate) struct Written {
    board: Arc<Board>,
    readers: usize,
}

impl Hub {
    /// The board of this hub, for one more reader.
    ///
    /// Every switch goes through the root while there is one.
    pub(crate) fn write_up(&self) -> Arc<Board> {
        let mut written = self.board.borrow_mut();
        if let Some(written) = &mut *written {
            written.readers += 1;
            return written.board.clone();
        }
        let board = Arc::new(Board::default());
        board.lock().thread = shot::thread();
        self.current().iter().for_each(|me| board.enter(me));
        *written = Some(Written { board: board.clone(), readers: 1 });
        self.turn.slow_down();
        board
    }

    /// Notes that somebody reads this board no more; one of an earlier run is no matter.
    pub(crate) fn stop_writing(&self, board: &Arc<Board>) {
        let mut written = self.board.borrow_mut();
        let Some(own) = written.as_mut().filter(|own| Arc::ptr_eq(&own.board, board)) else {
            return;
        };
        own.readers -= 1;
        if own.readers == 0 {
            *written = None;
            shot::stand_on(0, 0);
            self.turn.speed_up();
        }
    }

    /// Writes up that a task runs now, or that none does.
    pub(super) fn write(&self, task: Option<&TaskRef>) {
        if let Some(Written { board, .. }) = &*self.board.borrow() {
            match task {
                Some(task) => board.enter(task),
                None => board.leave(),
            }
        }
    }
}
