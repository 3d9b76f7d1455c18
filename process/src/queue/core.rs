//! What processes share of a queue: a pair of sockets, two bells, and numbers.
//!
//! Items go through the pair in one direction. What processes could not send before their end goes the other way, in
//! one piece: each end of the pair has a buffer of its own, and items are looked for there when none is here.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, Mutex, PoisonError};

use osier_runtime::fork;
use rustix::io::ioctl_fionread;

use super::bell::{Bell, Rope};
use super::here::Here;
use super::ledger::{self, Ledger};
use super::owner::Owner;
use super::slots::Slots;
use crate::sys::shared::Shared;
use crate::wire::{Socket, Stake};

/// How many descriptors a queue has.
pub(super) const DESCRIPTORS: usize = 5;

/// Where what stands: what is written by whom at the same time has a cache line of its own.
const LIMIT: usize = 0;
const SHUT: usize = 1;
const COUNTED: usize = 2;
const PIECES: usize = 3;
const ROOM: usize = LINE;
const CURSOR: usize = 2 * LINE;
const PUT: usize = 2 * LINE + 1;
const HAD: usize = 3 * LINE;
const DONE: usize = 4 * LINE;
const PLACES: usize = 5 * LINE;
/// Words of a cache line.
const LINE: usize = 8;

/// A queue, as far as this process has a part in it.
pub(super) struct Core {
    /// Items are sent here, and pieces received.
    pub(super) inlet: Socket,
    /// Items are received here, and pieces sent.
    pub(super) outlet: Socket,
    /// Rung when there is room.
    pub(super) room: Bell,
    /// Rung when all is done.
    pub(super) done: Bell,
    words: Shared,
    /// What this process has for itself; of the parent's, in a copy that has not used it yet.
    here: Mutex<Arc<Here>>,
}

impl Core {
    /// A new queue with so many places, or without limit if there are none.
    pub(super) fn create(limit: usize, counted: bool) -> io::Result<Core> {
        let count = PLACES + limit + if counted { ledger::WORDS } else { 0 };
        let words = Shared::new(count)?;
        words[LIMIT].store(limit as u64, SeqCst);
        words[COUNTED].store(u64::from(counted), SeqCst);
        let (inlet, outlet) = Socket::pair()?;
        Ok(Core::with(inlet, outlet, Bell::new()?, Bell::new()?, words))
    }

    /// A queue that another process has sent, in the order of [`descriptors`](Self::descriptors).
    pub(super) fn open(fds: [OwnedFd; DESCRIPTORS]) -> io::Result<Core> {
        let [inlet, outlet, room, done, memory] = fds;
        let words = Shared::open(memory)?;
        let limit = words.first().map(|limit| limit.load(SeqCst));
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let counted = words.get(COUNTED).is_some_and(|counted| counted.load(SeqCst) != 0);
        let more = if counted { ledger::WORDS } else { 0 };
        if limit.checked_add(PLACES + more) != Some(words.len()) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no queue"));
        }
        let (inlet, outlet) = (Socket::new(inlet)?, Socket::new(outlet)?);
        Ok(Core::with(inlet, outlet, Bell::of(room)?, Bell::of(done)?, words))
    }

    fn with(inlet: Socket, outlet: Socket, room: Bell, done: Bell, words: Shared) -> Core {
        let here = Mutex::new(Arc::new(Here::new()));
        Core { inlet, outlet, room, done, words, here }
    }

    pub(super) fn descriptors(&self) -> [BorrowedFd<'_>; DESCRIPTORS] {
        let Core { inlet, outlet, room, done, words, .. } = self;
        [inlet.as_fd(), outlet.as_fd(), room.as_fd(), done.as_fd(), words.as_fd()]
    }

    /// A handle's stakes.
    pub(super) fn stakes(&self) -> [Stake; DESCRIPTORS] {
        self.descriptors().map(Stake::new)
    }

    /// What this process has for itself.
    pub(super) fn here(&self) -> Arc<Here> {
        let mut here = self.here.lock().unwrap_or_else(PoisonError::into_inner);
        if here.generation != fork::generation() {
            let parents = std::mem::replace(&mut *here, Arc::new(Here::new()));
            // What it has in its buffer it sends itself; its tasks stand in its lines.
            drop(parents.take_all());
            std::mem::forget(parents);
        }
        here.clone()
    }

    /// How many it holds; none if there is no limit.
    pub(super) fn limit(&self) -> Option<usize> {
        let limit = self.places().len();
        (limit > 0).then_some(limit)
    }

    fn places(&self) -> &[AtomicU64] {
        let more = if self.is_counted() { ledger::WORDS } else { 0 };
        &self.words[PLACES..self.words.len() - more]
    }

    pub(super) fn is_counted(&self) -> bool {
        self.words[COUNTED].load(SeqCst) != 0
    }

    /// The places, if there is a limit.
    pub(super) fn slots(&self) -> Option<Slots<'_>> {
        let places = self.places();
        (!places.is_empty()).then_some(Slots { cursor: &self.words[CURSOR], places })
    }

    /// What was put and is not done, if that is counted.
    pub(super) fn ledger(&self) -> Option<Ledger<'_>> {
        self.is_counted().then(|| Ledger(&self.words[self.words.len() - ledger::WORDS..]))
    }

    pub(super) fn room_rope(&self) -> Rope<'_> {
        self.rope(ROOM)
    }

    pub(super) fn done_rope(&self) -> Rope<'_> {
        self.rope(DONE)
    }

    fn rope(&self, at: usize) -> Rope<'_> {
        Rope { wanted: &self.words[at], waiting: &self.words[at + 1] }
    }

    /// How many were put and not had; it includes what has died.
    pub(super) fn length(&self) -> u64 {
        let had = self.words[HAD].load(SeqCst);
        self.words[PUT].load(SeqCst).saturating_sub(had)
    }

    /// One more is there.
    pub(super) fn more(&self) {
        self.words[PUT].fetch_add(1, SeqCst);
    }

    /// So many less are there.
    pub(super) fn less(&self, count: u64) {
        self.words[HAD].fetch_add(count, SeqCst);
    }

    /// How many pieces were sent since the queue was made.
    pub(super) fn pieces(&self) -> &AtomicU64 {
        &self.words[PIECES]
    }

    pub(super) fn is_shut(&self) -> bool {
        self.words[SHUT].load(SeqCst) != 0
    }

    /// Lets nobody put any more.
    pub(super) fn shut(&self) {
        self.words[SHUT].store(1, SeqCst);
        self.inlet.end_sending();
        self.room.strike();
    }

    /// Whether no item is in the kernel.
    pub(super) fn kernel_is_empty(&self) -> bool {
        // A message has bytes always.
        let nothing = |fd: BorrowedFd<'_>| ioctl_fionread(fd).is_ok_and(|bytes| bytes == 0);
        nothing(self.outlet.as_fd()) && nothing(self.inlet.as_fd())
    }

    /// Frees places that died with processes; whether there were any.
    pub(super) fn free_lost(&self) -> bool {
        let Some(slots) = self.slots() else { return false };
        let lost =
            slots.free_of_dead(Owner::lives) + slots.free_of_nobody(|| self.kernel_is_empty());
        self.less(lost as u64);
        report(lost);
        lost > 0
    }

    /// The same for who finds nothing to get, if there seems to be something. That is so rarely: while a put goes on.
    pub(super) fn tidy(&self) {
        let seems = self.length();
        let Some(slots) = self.slots() else { return };
        if seems == 0 {
            return;
        }
        let lost = slots.free_of_nobody(|| self.kernel_is_empty());
        self.less(lost as u64);
        report(lost);
        if lost > 0 {
            self.room.ring(self.room_rope());
        } else if slots.used() == 0 {
            // Somebody died between freeing a place and counting it.
            self.less(seems);
        }
    }
}

/// Tells of what has gone with processes. What such a one had sent in its last moment is there all the same.
fn report(lost: usize) {
    if lost > 0 {
        log::warn!(
            "processes have ended in the middle of {lost} puts or gets: those items are lost"
        );
    }
}
