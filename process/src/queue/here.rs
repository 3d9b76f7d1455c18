//! What a process has of a queue for itself: lines of its tasks, and items that wait for room in the lane.

use std::collections::VecDeque;
use std::sync::atomic::{
    AtomicBool, AtomicU32, AtomicUsize,
    Ordering::{Relaxed, SeqCst},
};
use std::sync::{OnceLock, PoisonError};

use osier_runtime::fork;
use osier_runtime::stay::{Mutex, MutexGuard};
use osier_runtime::thread::{Event, Semaphore};

use super::ledger::Ledger;
use super::owner::Owner;
use super::road::Item;

/// One process' part.
pub(super) struct Here {
    /// Which process: a forked copy has another number.
    pub(super) generation: u32,
    /// The same, for other processes.
    pub(super) me: Owner,
    /// Whoever waits for an item, for room, or until all is done: one at a time for the descriptor, the others behind.
    pub(super) getting: Semaphore,
    pub(super) putting: Semaphore,
    pub(super) joining: Semaphore,
    pub(super) feeding: Semaphore,
    /// What was put and not sent, in order.
    buffer: Mutex<Buffer>,
    /// How many those are, to be looked at without the lock.
    pub(super) kept: AtomicUsize,
    /// Set while there are none.
    pub(super) drained: Event,
    /// Whether this process puts and gets no more.
    pub(super) closed: AtomicBool,
    /// Whether its exit need not care.
    pub(super) abandoned: AtomicBool,
    /// Its seat in the ledger.
    seat: OnceLock<Option<usize>>,
    /// How many operations there were that may wait.
    count: AtomicU32,
}

/// One operation in so many gives way to other tasks, though it need not wait.
const GIVES_WAY: u32 = 64;

/// Items that wait for room.
#[derive(Default)]
pub(super) struct Buffer {
    pub(super) items: VecDeque<Item>,
    /// Whether a task sends them on.
    pub(super) fed: bool,
}

impl Here {
    pub(super) fn new() -> Here {
        let drained = Event::new();
        drained.set();
        Here {
            generation: fork::generation(),
            me: Owner::me(),
            getting: Semaphore::new(1),
            putting: Semaphore::new(1),
            joining: Semaphore::new(1),
            feeding: Semaphore::new(1),
            buffer: Mutex::default(),
            kept: AtomicUsize::new(0),
            drained,
            closed: AtomicBool::new(false),
            abandoned: AtomicBool::new(false),
            seat: OnceLock::new(),
            count: AtomicU32::new(0),
        }
    }

    /// Lets others have their turn now and then: a stream of items that never makes its task wait would hold them up, and its own time-out.
    pub(super) fn begin(&self) {
        if self.count.fetch_add(1, Relaxed) % GIVES_WAY == GIVES_WAY - 1 {
            osier_runtime::give_way();
        }
    }

    /// Nothing of the user's runs under the lock, and nobody waits under it.
    pub(super) fn buffer(&self) -> MutexGuard<'_, Buffer> {
        self.buffer.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes how many are kept.
    pub(super) fn note(&self, buffer: &Buffer) {
        let count = buffer.items.len();
        self.kept.store(count, SeqCst);
        match count {
            0 => self.drained.set(),
            _ => self.drained.clear(),
        }
    }

    /// All that is kept, to be sent by nobody.
    pub(super) fn take_all(&self) -> VecDeque<Item> {
        std::mem::take(&mut self.buffer().items)
    }

    /// Whether items are kept here.
    pub(super) fn keeps_some(&self) -> bool {
        self.kept.load(SeqCst) > 0
    }

    /// The seat of this process, if there is one for it.
    pub(super) fn seat(&self, ledger: &Ledger<'_>) -> Option<usize> {
        *self.seat.get_or_init(|| ledger.sit(self.me, Owner::lives))
    }
}
