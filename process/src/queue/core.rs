//! What processes share of a queue: a ring, a pair of sockets, four bells, and numbers.
//!
//! Items go through the ring, or through the pair in one direction if the ring does not take them (`lane`). What processes could not send before
//! their end goes the other way, in one piece: each end of the pair has a buffer of its own.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::sync::{Arc, PoisonError};

use osier_runtime::fork;
use osier_runtime::stay::Mutex;

use super::bell::{Bell, Rope};
use super::here::Here;
use super::ledger::{self, Ledger};
use super::owner::Owner;
use super::ring::{HEAD_WORDS, Ring};
use super::slots::Slots;
use crate::stamp::me;
use crate::sys::shared::Shared;
use crate::wire::{Socket, Stake};
use crate::words::Words;

/// How many descriptors a queue has.
pub(super) const DESCRIPTORS: usize = 7;

/// Where what stands: what is written by whom at the same time has a cache line of its own.
const LIMIT: usize = 0;
const SHUT: usize = 1;
const COUNTED: usize = 2;
const ROOM: usize = LINE;
const CURSOR: usize = 2 * LINE;
const PUT: usize = 2 * LINE + 1;
const HAD: usize = 3 * LINE;
const DONE: usize = 4 * LINE;
const SPACE: usize = 5 * LINE;
const SIGN: usize = 6 * LINE;
const PLACES: usize = 7 * LINE;
/// Words of a cache line.
const LINE: usize = 8;
/// Words of the ring: 256 KiB, of which those have memory that were used.
pub(super) const RING: usize = 1 << 17;

/// How many numbers a queue has, to the end of a cache line.
fn numbers(limit: usize, counted: bool) -> Option<usize> {
    let more = if counted { ledger::WORDS } else { 0 };
    limit.checked_add(PLACES + more)?.checked_next_multiple_of(LINE)
}

/// A queue, as far as this process has a part in it.
pub(super) struct Core {
    /// Items are sent here, and pieces received.
    pub(super) inlet: Socket,
    /// Items are received here, and pieces sent.
    pub(super) outlet: Socket,
    /// Rung when there are items.
    pub(super) items: Bell,
    /// Rung when there is space in the ring.
    pub(super) space: Bell,
    /// Rung when a place is free.
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
        let numbers = numbers(limit, counted).ok_or(io::ErrorKind::OutOfMemory)?;
        let words = Shared::with_more(numbers + HEAD_WORDS, RING)?;
        words[LIMIT].store(limit as u64, SeqCst);
        words[COUNTED].store(u64::from(counted), SeqCst);
        let (inlet, outlet) = Socket::pair()?;
        let bells = [Bell::new()?, Bell::new()?, Bell::new()?, Bell::new()?];
        Ok(Core::with(inlet, outlet, bells, words))
    }

    /// A queue that another process has sent, in the order of [`descriptors`](Self::descriptors).
    pub(super) fn open(fds: [OwnedFd; DESCRIPTORS]) -> io::Result<Core> {
        let [inlet, outlet, items, space, room, done, memory] = fds;
        let words = Shared::open(memory)?;
        let limit = words.first().map(|limit| limit.load(SeqCst));
        let limit = limit.and_then(|limit| usize::try_from(limit).ok()).unwrap_or(usize::MAX);
        let counted = words.get(COUNTED).is_some_and(|counted| counted.load(SeqCst) != 0);
        let count = numbers(limit, counted).and_then(|count| count.checked_add(HEAD_WORDS + RING));
        if count != Some(words.len()) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "this is no queue"));
        }
        let (inlet, outlet) = (Socket::new(inlet)?, Socket::new(outlet)?);
        let bells = [Bell::of(items)?, Bell::of(space)?, Bell::of(room)?, Bell::of(done)?];
        Ok(Core::with(inlet, outlet, bells, words))
    }

    fn with(inlet: Socket, outlet: Socket, bells: [Bell; 4], words: Shared) -> Core {
        let here = Mutex::new(Arc::new(Here::new()));
        let [items, space, room, done] = bells;
        Core { inlet, outlet, items, space, room, done, words, here }
    }

    pub(super) fn descriptors(&self) -> [BorrowedFd<'_>; DESCRIPTORS] {
        let Core { inlet, outlet, items, space, room, done, words, .. } = self;
        let bells = [items, space, room, done].map(Bell::as_fd);
        let [items, space, room, done] = bells;
        [inlet.as_fd(), outlet.as_fd(), items, space, room, done, words.as_fd()]
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
            // Its descriptors were given up if this process was not handed it; the memory is still there.
            here.closed.store(!self.words.is_there(), SeqCst);
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
        let limit = usize::try_from(self.words[LIMIT].load(SeqCst)).unwrap_or(0);
        &self.words[PLACES..PLACES + limit]
    }

    /// Where items pass.
    #[inline]
    pub(super) fn ring(&self) -> Ring<'_> {
        let first = self.words.len() - RING - HEAD_WORDS;
        Ring::new(Words::new(&self.words[first..]), me())
    }

    /// Whether the sign is set that there are items.
    pub(super) fn sign(&self) -> &AtomicU64 {
        &self.words[SIGN]
    }

    pub(super) fn space_rope(&self) -> Rope<'_> {
        self.rope(SPACE)
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
        let first = PLACES + self.places().len();
        self.is_counted().then(|| Ledger(&self.words[first..first + ledger::WORDS]))
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

    pub(super) fn is_shut(&self) -> bool {
        self.words[SHUT].load(SeqCst) != 0
    }

    /// Lets nobody put any more.
    pub(super) fn shut(&self) {
        // Nobody is putting meanwhile, unless it takes long: so who is told the end has been told it after the last item.
        let putter = self.ring().putter();
        self.words[SHUT].store(1, SeqCst);
        drop(putter);
        self.items.strike();
        self.room.strike();
        self.space.strike();
    }

    /// Whether no item is between processes.
    pub(super) fn is_bare(&self) -> bool {
        self.ring().is_empty()
    }

    /// Frees places that died with processes; whether there were any.
    pub(super) fn free_lost(&self) -> bool {
        let Some(slots) = self.slots() else { return false };
        let lost = slots.free_of_dead(Owner::lives) + slots.free_of_nobody(|| self.is_bare());
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
        let lost = slots.free_of_nobody(|| self.is_bare());
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
