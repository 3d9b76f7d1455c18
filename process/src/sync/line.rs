//! The line of those who wait, in shared memory: a state machine that knows no hub, no clock and no kernel.
//!
//! A place in the line is a slot that somebody has claimed for a process, and a number that was drawn then: the order is that of the numbers.
//! Both are single words, and every change of the line is a change of one: whoever ends between two leaves
//! a slot that says whose it is, and any other process can clear it. `README.md` has the whole protocol.

use super::words::Words;
use crate::stamp::Stamp;

/// How many can stand in a line.
pub(super) const PLACES: usize = 4095;
/// How many words a line takes.
pub(super) const WORDS: usize = FIRST + PLACES * SLOT;

/// The next number to draw, less one.
const NEXT: usize = 0;
/// No slot from this one on was ever claimed, or is.
const HIGH: usize = 1;
/// Where slots begin; in between there is room for what is waited for.
pub(super) const FIRST: usize = 16;
/// Words of a slot: a line of the cache.
const SLOT: usize = 8;

/// Of a slot: the process that has claimed it, or 0. Everything else is its to write, but for `PLACE`.
const WHO: usize = 0;
/// Its number and how it stands, or 0: it is not in the line.
const PLACE: usize = 1;
/// The bell to ring, or 0.
const BELL: usize = 2;
/// When it was rung.
const RUNG_AT: usize = 3;

/// How somebody stands in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// Not at all.
    Away,
    /// And is to be rung.
    Waits,
    /// And was rung, but has not come yet.
    Rung,
    /// And was told that what it waits for has come.
    Told,
    /// And was told that it will not come.
    Refused,
}

/// The bits of a place that say how.
const HOW: u64 = 0b111;
const HOW_BITS: u32 = 3;

impl Standing {
    fn of(place: u64) -> Standing {
        match place & HOW {
            1 => Standing::Waits,
            2 => Standing::Rung,
            3 => Standing::Told,
            4 => Standing::Refused,
            _ => Standing::Away,
        }
    }

    fn bits(self) -> u64 {
        match self {
            Standing::Away => 0,
            Standing::Waits => 1,
            Standing::Rung => 2,
            Standing::Told => 3,
            Standing::Refused => 4,
        }
    }

    /// Whether it is still to be told.
    pub(super) fn is_open(self) -> bool {
        matches!(self, Standing::Waits | Standing::Rung)
    }
}

/// A place in the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    slot: usize,
    /// From 1 on; none is drawn twice.
    pub(super) number: u64,
}

/// Somebody in the line, as others see it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    pub(super) place: Place,
    pub(super) standing: Standing,
    pub(super) who: Stamp,
    pub(super) bell: u64,
    pub(super) rung_at: u64,
}

/// The line, at the beginning of what it is kept with.
#[derive(Clone, Copy)]
pub(super) struct Line<'a>(pub(super) Words<'a>);

fn word(slot: usize, which: usize) -> usize {
    FIRST + slot * SLOT + which
}

impl Line<'_> {
    /// Enters somebody as the last; none if all places are taken.
    pub(super) fn enter(self, who: Stamp, bell: u64) -> Option<Place> {
        let claim = |slot: &usize| {
            if self.0.load(word(*slot, WHO)) != 0 {
                return false;
            }
            self.0.raise(HIGH, *slot as u64 + 1); // before: nobody would look for what is claimed beyond it
            self.0.change(word(*slot, WHO), 0, who).is_ok()
        };
        let slot = (0..PLACES).find(claim)?;
        self.0.store(word(slot, BELL), bell);
        self.0.store(word(slot, RUNG_AT), 0);
        let number = self.0.count(NEXT) + 1;
        self.0.store(word(slot, PLACE), number << HOW_BITS | Standing::Waits.bits());
        Some(Place { slot, number })
    }

    /// Takes somebody out; how it stood.
    pub(super) fn leave(self, place: Place) -> Standing {
        let stood = self.0.swap(word(place.slot, PLACE), 0);
        self.0.store(word(place.slot, WHO), 0);
        Standing::of(stood)
    }

    /// How somebody stands.
    pub(super) fn standing(self, place: Place) -> Standing {
        let is = self.0.load(word(place.slot, PLACE));
        if is >> HOW_BITS == place.number { Standing::of(is) } else { Standing::Away }
    }

    /// Has somebody who was rung, or told what was for others, stand there as before, to be rung again.
    pub(super) fn renew(self, place: Place) {
        let _ = self.turn(place, Standing::Rung, Standing::Waits)
            || self.turn(place, Standing::Told, Standing::Waits);
    }

    /// Notes that somebody is rung; false if it does not wait any more, or somebody else rings it.
    pub(super) fn ring(self, entry: &Entry, now: u64) -> bool {
        // Before it can be seen; if somebody else rings it at the same time, that is the same time.
        self.0.store(word(entry.place.slot, RUNG_AT), now);
        self.turn(entry.place, Standing::Waits, Standing::Rung)
    }

    /// Tells somebody; false if it has left, or was told before.
    pub(super) fn tell(self, place: Place, what: Standing) -> bool {
        self.turn(place, Standing::Waits, what) || self.turn(place, Standing::Rung, what)
    }

    fn turn(self, place: Place, from: Standing, to: Standing) -> bool {
        let number = place.number << HOW_BITS;
        let at = word(place.slot, PLACE);
        self.0.change(at, number | from.bits(), number | to.bits()).is_ok()
    }

    /// The last number that was drawn.
    pub(super) fn drawn(self) -> u64 {
        self.0.load(NEXT)
    }

    /// The first in the line behind that number.
    pub(super) fn behind(self, number: u64) -> Option<Entry> {
        let entries = self.slots().filter_map(|slot| self.look(slot));
        entries.filter(|entry| entry.place.number > number).min_by_key(|entry| entry.place.number)
    }

    /// All in the line, in no order.
    pub(super) fn all(self) -> impl Iterator<Item = Entry> {
        self.slots().filter_map(move |slot| self.look(slot))
    }

    fn slots(self) -> std::ops::Range<usize> {
        0..usize::try_from(self.0.load(HIGH)).unwrap_or(PLACES).min(PLACES)
    }

    fn look(self, slot: usize) -> Option<Entry> {
        loop {
            let place = self.0.load(word(slot, PLACE));
            if place == 0 {
                return None;
            }
            let who = self.0.load(word(slot, WHO));
            let bell = self.0.load(word(slot, BELL));
            let rung_at = self.0.load(word(slot, RUNG_AT));
            let again = self.0.load(word(slot, PLACE));
            if again >> HOW_BITS == place >> HOW_BITS {
                let place = Place { slot, number: again >> HOW_BITS };
                return Some(Entry { place, standing: Standing::of(again), who, bell, rung_at });
            }
        }
    }

    /// Takes everybody out whose process has ended; how many of them had been told.
    pub(super) fn bury(self, mut is_dead: impl FnMut(Stamp) -> bool) -> usize {
        let mut told = 0;
        for slot in self.slots() {
            let who = self.0.load(word(slot, WHO));
            if who != 0 && is_dead(who) {
                told += usize::from(self.clear(slot, who) == Standing::Told);
            }
        }
        told
    }

    /// Clears what a dead process has left; only one who does finds it told.
    fn clear(self, slot: usize, who: Stamp) -> Standing {
        loop {
            let place = self.0.load(word(slot, PLACE));
            // Others may have cleared the slot, and somebody else may stand there: `WHO` tells, as the dead claim nothing.
            if self.0.load(word(slot, WHO)) != who {
                return Standing::Away;
            }
            if place == 0 || self.0.change(word(slot, PLACE), place, 0).is_ok() {
                let _ = self.0.change(word(slot, WHO), who, 0);
                return Standing::of(place);
            }
        }
    }
}
