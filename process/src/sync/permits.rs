//! Permits in shared memory, each a word that says who has it: a state machine that knows no hub, no clock and no kernel.
//!
//! A lock is one permit. That a permit is had is one change of one word, to the name of the process that has it; so there is no moment in
//! which one is taken and nobody knows by whom, and what a process had when it ended can be given back by any other.

use super::line::{Entry, Line, Place, Standing};
use super::words::Words;
use crate::stamp::Stamp;

/// Somebody may stand in the line: who gives this back is to look.
const WANTED: u64 = 1;
/// Whoever had it last has ended without giving it back, or says that things are amiss.
const MARKED: u64 = 2;
/// What it is: nothing, free, or of the process in the upper bits.
const KIND: u64 = 0b1100;
const FREE: u64 = 0b0100;
const HELD: u64 = 0b1000;
const WHO_BITS: u32 = 4;

/// In the words between head and slots of the line: when the line was last served.
pub(super) const TURN: usize = 2;

/// There as well: how many permits there ever were, for those that have a number of them.
pub(super) const MADE: usize = 3;

/// For so long after one of the line was served others may be quicker than the next, in nanoseconds.
///
/// A lock that went from process to process at every release would cost a switch of processes each time. As long as this is short against the time that
/// a waiter stands, the order of the line is kept all the same: each turn takes so long at most.
pub(super) const TURN_TAKES: u64 = 1_000_000;
/// One who was rung so long ago and has not come is overtaken, in nanoseconds: it is stopped, or its hub is busy.
pub(super) const OVERDUE: u64 = 1_000_000_000;

/// One who was rung that long ago may have come, been overtaken, and sleep; in nanoseconds.
const AGAIN: u64 = 100_000;

/// A permit that was had.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Had {
    /// Which one.
    pub(super) number: usize,
    /// Whether whoever had it last has ended without giving it back, or says that things are amiss.
    pub(super) marked: bool,
}

/// What becomes of the mark of a permit that is given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mark {
    Keep,
    Set,
    Clear,
}

/// What the machine asks of its surroundings.
pub(super) trait World {
    /// The time, the same for all processes, in nanoseconds.
    fn now(&self) -> u64;
    /// Rings a bell; false if there is none of that name any more.
    fn ring(&self, bell: u64) -> bool;
    /// Whether that process has ended.
    fn is_dead(&self, who: Stamp) -> bool;
}

/// Permits, and the line of those who wait for one.
#[derive(Clone, Copy)]
pub(super) struct Permits<'a> {
    words: Words<'a>,
    /// Where they stand, and how many there may be.
    first: usize,
    most: usize,
}

fn held_by(who: Stamp) -> u64 {
    who << WHO_BITS | HELD
}

impl<'a> Permits<'a> {
    #[inline]
    pub(super) fn new(words: Words<'a>, first: usize, most: usize) -> Permits<'a> {
        Permits { words, first, most }
    }

    fn line(self) -> Line<'a> {
        Line(self.words)
    }

    fn every(self) -> std::ops::Range<usize> {
        self.first..self.first + self.most
    }

    /// Takes the permit of a lock, if it is free, nobody waits and nothing is amiss; one access.
    #[inline]
    pub(super) fn take_first(self, me: Stamp) -> bool {
        self.words.change(self.first, FREE, held_by(me)).is_ok()
    }

    /// Gives it back, if nobody waits and nothing is amiss; one access.
    #[inline]
    pub(super) fn give_first(self, me: Stamp) -> bool {
        self.words.change(self.first, held_by(me), FREE).is_ok()
    }

    /// Takes any that is free, from that number on, whoever else waits.
    pub(super) fn take(self, me: Stamp, from: usize) -> Option<Had> {
        let all = (from..self.most).chain(0..from.min(self.most));
        all.map(|number| (number, self.first + number)).find_map(|(number, at)| {
            let mut was = self.words.load(at);
            while was & KIND == FREE {
                match self.words.change(at, was, was & (WANTED | MARKED) | held_by(me)) {
                    Ok(_) => return Some(Had { number, marked: was & MARKED != 0 }),
                    Err(is) => was = is,
                }
            }
            None
        })
    }

    /// Takes one unless that would overtake somebody.
    pub(super) fn take_fairly(self, me: Stamp, from: usize, world: &impl World) -> Option<Had> {
        let may = match self.line().behind(0) {
            None => true,
            Some(_) if world.now().saturating_sub(self.words.load(TURN)) < TURN_TAKES => true,
            Some(_) => self.ahead(u64::MAX, world) < self.free(),
        };
        if may { self.take(me, from) } else { None }
    }

    /// Takes one if it is this one's turn.
    pub(super) fn take_in_turn(self, me: Stamp, place: Place, world: &impl World) -> Option<Had> {
        if self.ahead(place.number, world) >= self.free() {
            return None;
        }
        let had = self.take(me, 0)?;
        self.words.store(TURN, world.now());
        Some(had)
    }

    /// As [`take_in_turn`](Self::take_in_turn); if there is none, who gives one back from now on looks at the line.
    pub(super) fn ask(self, me: Stamp, place: Place, world: &impl World) -> Option<Had> {
        self.want();
        self.take_in_turn(me, place, world)
    }

    /// Gives one back, whosever it is: of that process, or of any.
    ///
    /// Whether somebody may wait for it: then `serve`. None if it was not held, or by another.
    pub(super) fn give(self, number: usize, who: Option<Stamp>, mark: Mark) -> Option<bool> {
        let at = self.first + number;
        let mut was = self.words.load(at);
        loop {
            if was & KIND != HELD || who.is_some_and(|who| was >> WHO_BITS != who) {
                return None;
            }
            let marked = match mark {
                Mark::Keep => was & MARKED,
                Mark::Set => MARKED,
                Mark::Clear => 0,
            };
            match self.words.change(at, was, was & WANTED | marked | FREE) {
                Ok(_) => return Some(was & WANTED != 0),
                Err(is) => was = is,
            }
        }
    }

    /// Makes so many, all free; before anybody else knows of them.
    pub(super) fn found(self, permits: usize) {
        (self.first..self.first + permits).for_each(|at| self.words.store(at, FREE));
        self.words.store(MADE, permits as u64);
    }

    /// Makes a permit out of nothing, if there is room for one; who does is to `serve`.
    pub(super) fn add(self, room: usize) -> bool {
        let made = (0..room).find(|number| {
            let at = self.first + number;
            let was = self.words.load(at);
            was & KIND == 0 && self.words.change(at, was, was & WANTED | FREE).is_ok()
        });
        if let Some(number) = made {
            self.words.raise(MADE, number as u64 + 1);
        }
        made.is_some()
    }

    /// Has one that is held be nothing.
    pub(super) fn forget(self, number: usize, who: Stamp) {
        let at = self.first + number;
        let mut was = self.words.load(at);
        while was & KIND == HELD && was >> WHO_BITS == who {
            match self.words.change(at, was, was & WANTED) {
                Ok(_) => return,
                Err(is) => was = is,
            }
        }
    }

    /// Marks all.
    pub(super) fn mark(self) {
        self.every().for_each(|at| _ = self.words.set(at, MARKED));
    }

    /// Clears the mark of all.
    pub(super) fn unmark(self) {
        self.every().for_each(|at| _ = self.words.clear(at, MARKED));
    }

    pub(super) fn is_marked(self) -> bool {
        self.every().any(|at| self.words.load(at) & MARKED != 0)
    }

    /// How many are free.
    pub(super) fn free(self) -> usize {
        self.every().filter(|at| self.words.load(*at) & KIND == FREE).count()
    }

    /// How many there are, free or held.
    pub(super) fn count(self) -> usize {
        self.every().filter(|at| self.words.load(*at) & KIND != 0).count()
    }

    /// Who holds any.
    pub(super) fn holders(self) -> impl Iterator<Item = Stamp> {
        let words = self.every().map(move |at| self.words.load(at));
        words.filter(|word| word & KIND == HELD).map(|word| word >> WHO_BITS)
    }

    /// Says that somebody waits.
    ///
    /// The access to each word is a change also if nothing changes: it comes before or after whatever else is done to
    /// the word. Who gives the permit back after it sees the line as it is; what was given back before it is free now.
    pub(super) fn want(self) {
        self.every().for_each(|at| _ = self.words.set(at, WANTED));
    }

    /// How many stand before that number and may still come.
    fn ahead(self, number: u64, world: &impl World) -> usize {
        let before = self.line().all().filter(|entry| entry.place.number < number);
        before.filter(|entry| !is_overdue(entry, world)).count()
    }

    /// Serves if any is free: for who leaves the line, as it may have been rung, or has found permits of dead ones.
    pub(super) fn make_way(self, world: &impl World) {
        if self.free() > 0 {
            self.serve(world);
        }
    }

    /// Rings those whose turn it is, as long as permits are free.
    pub(super) fn serve(self, world: &impl World) {
        let (line, mut free, mut last) = (self.line(), self.free(), 0);
        while free > 0 {
            let Some(entry) = line.behind(last) else {
                if last > 0 || self.is_left() {
                    return;
                }
                free = self.free();
                continue;
            };
            match entry.standing {
                Standing::Waits if !line.ring(&entry, world.now()) => {} // it has changed: look again
                Standing::Waits if !world.ring(entry.bell) && world.is_dead(entry.who) => {
                    line.bury(|who| who == entry.who);
                }
                Standing::Rung if is_overdue(&entry, world) => last = entry.place.number,
                Standing::Rung if self.is_over(&entry, world) => {
                    world.ring(entry.bell);
                    (last, free) = (entry.place.number, free - 1);
                }
                _ => (last, free) = (entry.place.number, free - 1),
            }
        }
    }

    /// Whether nobody may overtake any more one who was rung some time ago: then it is not to sleep.
    fn is_over(self, entry: &Entry, world: &impl World) -> bool {
        let now = world.now();
        now.saturating_sub(self.words.load(TURN)) >= TURN_TAKES
            && now.saturating_sub(entry.rung_at) > AGAIN
    }

    /// Notes that nobody waits; false if somebody does by now.
    fn is_left(self) -> bool {
        self.every().for_each(|at| {
            if self.words.load(at) & WANTED != 0 {
                self.words.clear(at, WANTED);
            }
        });
        let left = self.line().behind(0).is_none();
        if !left {
            self.want();
        }
        left
    }

    /// Takes out of the line whose process has ended, and gives back what such had: they, once for each.
    pub(super) fn bury(self, is_dead: impl Fn(Stamp) -> bool) -> Vec<Stamp> {
        self.line().bury(&is_dead);
        self.every()
            .filter_map(|at| {
                let was = self.words.load(at);
                let who = was >> WHO_BITS;
                let dead = was & KIND == HELD && is_dead(who);
                let given = was & WANTED | MARKED | FREE;
                (dead && self.words.change(at, was, given).is_ok()).then_some(who)
            })
            .collect()
    }
}

fn is_overdue(entry: &Entry, world: &impl World) -> bool {
    entry.standing == Standing::Rung && world.now().saturating_sub(entry.rung_at) > OVERDUE
}
