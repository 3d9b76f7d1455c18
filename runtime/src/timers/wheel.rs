//! The wheel: which timer is due when, found in O(1).
//!
//! Time is cut into ticks of 2^16 ns (65.5 us). Eight levels of 64 slots each look at six bits of
//! a tick number, so together they see all 48 of them (584 years), and nothing ever wraps round:
//!
//! ```text
//! level 7      level 6          level 1      level 0
//! slot 0..63   slot 0..63  ...  slot 0..63   slot 0..63    of the tick in which it is due
//! 9.1 years    52 days          4.2 ms       65.5 us       is one slot's width
//! ```
//!
//! A timer stands on the level of the *highest* six-bit digit in which its tick differs from the
//! present one. Three things follow, and the rest of this file is built on them:
//!
//! 1. Whatever stands on a lower level is due earlier; on one level, the lower slot is earlier.
//!    So the earliest slot is the first bit of the first bitmap that is not zero.
//! 2. Moving the present up to the start of the earliest slot changes no other timer's place, and
//!    those in that slot move down (*cascade*), each at most seven times in its life.
//! 3. A timer's place follows from its tick and the present: no node remembers it.
//!
//! The scheme is that of Varghese and Lauck's hierarchical wheels (1987), without the ticking:
//! time jumps from one occupied slot to the next, so a day asleep costs what an instant does.

use std::fmt;
use std::mem;

use super::nodes::{Key, List, Nodes};

/// A tick is 2 to the power of this, in nanoseconds.
const TICK_BITS: u32 = 16;
/// Bits of a tick number that one level looks at.
const LEVEL_BITS: u32 = 6;
/// Slots on one level.
const SLOTS: usize = 1 << LEVEL_BITS;
/// Enough for every tick number that a `u64` of nanoseconds can hold.
const LEVELS: usize = ((u64::BITS - TICK_BITS) / LEVEL_BITS) as usize;
/// The last tick of all. What is due in it never fires, so that not even `u64::MAX` is early.
const NEVER: u64 = u64::MAX >> TICK_BITS;

/// A set of timers, each with a payload that comes back when its time has come.
///
/// All times are nanoseconds since an origin that the owner chooses, in a `u64`.
pub(crate) struct Wheel<T> {
    /// The present, in ticks: nothing that is due before it is still here. Never goes back.
    now: u64,
    /// Per level, one bit per slot: set exactly while the slot's list is not empty.
    occupied: [u64; LEVELS],
    /// All slots, level by level; in each the timers in the order in which they were set.
    slots: Box<[List; LEVELS * SLOTS]>,
    /// The timers.
    nodes: Nodes<T>,
}

/// Where in the wheel a timer stands.
#[derive(Clone, Copy)]
struct Place {
    /// 0 is the finest.
    level: usize,
    /// Slot within the level.
    slot: usize,
}

impl Place {
    /// The place of what is due in `tick`, seen from `now`, which is not later.
    #[inline]
    fn of(tick: u64, now: u64) -> Place {
        debug_assert!(now <= tick && tick <= NEVER);
        // The lowest digit is taken as differing, so that "due now" is on level 0 too.
        let differing = (tick ^ now) | (SLOTS as u64 - 1);
        let level = differing.ilog2() / LEVEL_BITS;
        let slot = (tick >> (level * LEVEL_BITS)) as usize % SLOTS;
        Place { level: level as usize, slot }
    }

    /// The first tick of this place, if it is the earliest occupied one as seen from `now`.
    #[inline]
    fn start(self, now: u64) -> u64 {
        let shift = self.level as u32 * LEVEL_BITS;
        let above = now >> shift >> LEVEL_BITS;
        (above << LEVEL_BITS | self.slot as u64) << shift
    }

    /// Index into all slots.
    #[inline]
    fn index(self) -> usize {
        self.level * SLOTS + self.slot
    }
}

impl<T> Wheel<T> {
    /// A wheel without timers, at its origin.
    pub(crate) fn new() -> Self {
        Wheel {
            now: 0,
            occupied: [0; LEVELS],
            slots: Box::new([List::EMPTY; LEVELS * SLOTS]),
            nodes: Nodes::new(),
        }
    }

    /// How many timers are set.
    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether no timer is set.
    pub(crate) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Sets a timer; one whose deadline has passed comes with the next [`expire`](Self::expire).
    ///
    /// Allocates only when more timers are set than ever before.
    pub(crate) fn insert(&mut self, deadline_ns: u64, payload: T) -> Key {
        // Rounded up: a timer may be a tick late, never early.
        let due = (deadline_ns >> TICK_BITS) + u64::from(deadline_ns << (64 - TICK_BITS) != 0);
        let tick = due.clamp(self.now, NEVER);
        let key = self.nodes.acquire(tick, payload);
        self.link(key.index(), tick);
        key
    }

    /// Takes a timer out before its time; `None` if it has fired or been removed already.
    pub(crate) fn remove(&mut self, key: Key) -> Option<T> {
        let (index, tick) = self.nodes.find(key)?;
        self.unlink(index, Place::of(tick, self.now));
        self.nodes.release(index)
    }

    /// Hands over every timer that is due at `now_ns`, earlier ticks first.
    ///
    /// Within a tick they come in the order in which they were set. Costs what it hands over, and
    /// not the time that has gone by. A time before that of an earlier call fires nothing.
    pub(crate) fn expire(&mut self, now_ns: u64, mut fire: impl FnMut(T)) {
        let target = (now_ns >> TICK_BITS).min(NEVER - 1);
        while let Some((place, start)) = self.earliest()
            && start <= target
        {
            self.now = start;
            match place.level {
                0 => self.fire_slot(place, &mut fire),
                _ => self.cascade(place),
            }
        }
        self.now = self.now.max(target);
    }

    /// When to call [`expire`](Self::expire) next, in nanoseconds; `None` without timers.
    ///
    /// Never later than the tick in which a timer falls due, and often earlier while that is far
    /// off: expiring then moves the far timers to a finer level, and the next answer is nearer.
    pub(crate) fn next_deadline(&self) -> Option<u64> {
        self.earliest().map(|(_, start)| start << TICK_BITS)
    }

    /// The occupied slot that comes first, and the tick with which it begins.
    #[inline]
    fn earliest(&self) -> Option<(Place, u64)> {
        let level = self.occupied.iter().position(|&slots| slots != 0)?;
        let place = Place { level, slot: self.occupied[level].trailing_zeros() as usize };
        Some((place, place.start(self.now)))
    }

    /// Fires one slot of the finest level, all of one tick.
    ///
    /// One by one, so that the wheel is whole whenever `fire` runs, and stays so if it panics.
    fn fire_slot(&mut self, place: Place, fire: &mut impl FnMut(T)) {
        let list = &mut self.slots[place.index()];
        while let Some(payload) = self.nodes.pop_front(list) {
            if list.is_empty() {
                self.occupied[place.level] &= !(1 << place.slot);
            }
            fire(payload);
        }
    }

    /// Moves the timers of a slot that begins now to the finer levels, in their order.
    ///
    /// Neighbours mostly go to the same place (100,000 sleeps that were begun one after another),
    /// so they move as a chain: what is linked stays linked.
    fn cascade(&mut self, from: Place) {
        let mut list = mem::replace(&mut self.slots[from.index()], List::EMPTY);
        self.occupied[from.level] &= !(1 << from.slot);
        while let Some(first) = list.first() {
            let to = Place::of(self.nodes.tick(first), self.now);
            let width = to.level as u32 * LEVEL_BITS;
            let digits = self.nodes.tick(first) >> width;
            let chain = self.nodes.split_front(&mut list, |tick| tick >> width == digits);
            self.nodes.append(&mut self.slots[to.index()], chain);
            self.occupied[to.level] |= 1 << to.slot;
        }
    }

    /// Puts a node where its tick belongs.
    #[inline]
    fn link(&mut self, index: u32, tick: u64) {
        let place = Place::of(tick, self.now);
        self.nodes.push_back(&mut self.slots[place.index()], index);
        self.occupied[place.level] |= 1 << place.slot;
    }

    /// Takes a node out of the place where it stands.
    #[inline]
    fn unlink(&mut self, index: u32, place: Place) {
        let list = &mut self.slots[place.index()];
        self.nodes.unlink(list, index);
        if list.is_empty() {
            self.occupied[place.level] &= !(1 << place.slot);
        }
    }
}

impl<T> fmt::Debug for Wheel<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wheel")
            .field("len", &self.len())
            .field("next_deadline", &self.next_deadline())
            .finish_non_exhaustive()
    }
}
