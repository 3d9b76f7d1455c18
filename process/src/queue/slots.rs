//! The places of a queue with a size: numbers in shared memory, and no waiting.
//!
//! An item has one of them from before it is sent to after it was received, and names it. So nobody keeps count, and nobody's death can make a
//! count wrong:
//!
//! ```text
//! free --take--> held by a process --sent--> under way -----free--> free
//!                  |                                           ^
//!                  +---- free, as the process has ended -------+
//! ```
//!
//! A place that a dead process holds is free. One under way is free if nothing is under way: whoever received its item died
//! before it said so. Whoever wants a place and gets none finds both, and whoever wants an item and gets none finds the second. Each use of a place has a number of its own,
//! and what is said of another use changes nothing; so if a sender died after it had sent and before it noted that, there is an item more than
//! the size allows, and no more harm.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::owner::{self, Owner};

/// States of a place, its lowest bits.
const FREE: u64 = 0;
const HELD: u64 = 1;
const SENT: u64 = 2;
const STATE: u64 = 3;
/// Where the owner begins, and the number of the use behind it.
const OWNER: u32 = 2;
const USE: u32 = OWNER + owner::BITS;

/// One use of one place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Slot {
    pub(super) index: u32,
    /// The number of the use, as many bits as there are.
    pub(super) turn: u32,
}

/// The places.
pub(super) struct Slots<'a> {
    /// Where to look first: behind the last that was taken.
    pub(super) cursor: &'a AtomicU64,
    pub(super) places: &'a [AtomicU64],
}

fn turn(word: u64) -> u32 {
    u32::try_from(word >> USE).expect("24 bits")
}

impl Slots<'_> {
    /// Takes a free one.
    pub(super) fn take(&self, me: Owner) -> Option<Slot> {
        let count = self.places.len();
        let first = usize::try_from(self.cursor.load(SeqCst)).unwrap_or(0) % count;
        for index in (first..count).chain(0..first) {
            let word = self.places[index].load(SeqCst);
            if word & STATE != FREE {
                continue;
            }
            let next = (word >> USE).wrapping_add(1) << USE;
            let held = next | me.bits() << OWNER | HELD;
            if self.places[index].compare_exchange(word, held, SeqCst, SeqCst).is_ok() {
                self.cursor.store(index as u64 + 1, SeqCst);
                let index = u32::try_from(index).expect("there are fewer");
                return Some(Slot { index, turn: turn(held) });
            }
        }
        None
    }

    /// Changes a place, if it is in that use.
    fn change(&self, slot: Slot, to: impl Fn(u64) -> Option<u64>) -> bool {
        let Some(place) = self.places.get(slot.index as usize) else { return false };
        place
            .fetch_update(SeqCst, SeqCst, |word| {
                (turn(word) == slot.turn && word & STATE != FREE).then(|| to(word)).flatten()
            })
            .is_ok()
    }

    /// Its item is under way.
    pub(super) fn sent(&self, slot: Slot) {
        self.change(slot, |word| (word & STATE == HELD).then_some(word & !STATE | SENT));
    }

    /// Its item was had, or is gone; whether it was in use.
    pub(super) fn free(&self, slot: Slot) -> bool {
        self.change(slot, |word| Some(word & !STATE))
    }

    /// Frees the places of processes that have ended; how many there were.
    pub(super) fn free_of_dead(&self, lives: impl Fn(Owner) -> bool) -> usize {
        let mut known = BTreeMap::new();
        let mut any = 0;
        for place in self.places {
            let word = place.load(SeqCst);
            let owner = Owner::from_bits(word >> OWNER);
            if word & STATE == HELD && !*known.entry(owner).or_insert_with(|| lives(owner)) {
                let freed = place.compare_exchange(word, word & !STATE, SeqCst, SeqCst).is_ok();
                any += usize::from(freed);
            }
        }
        any
    }

    /// Frees those whose items are nowhere: were under way, and nothing is. How many there were.
    pub(super) fn free_of_nobody(&self, is_bare: impl Fn() -> bool) -> usize {
        let under_way = |word: &u64| word & STATE == SENT;
        // First what is said to be there, and then whether anything is.
        let said: Vec<_> = self.places.iter().map(|place| place.load(SeqCst)).collect();
        if !said.iter().any(under_way) || !is_bare() {
            return 0;
        }
        let mut any = 0;
        for (place, word) in self.places.iter().zip(said).filter(|(_, word)| under_way(word)) {
            let freed = place.compare_exchange(word, word & !STATE, SeqCst, SeqCst).is_ok();
            any += usize::from(freed);
        }
        any
    }

    /// How many are in use.
    pub(super) fn used(&self) -> usize {
        self.places.iter().filter(|place| place.load(SeqCst) & STATE != FREE).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(count: usize, f: impl FnOnce(Slots<'_>)) {
        let places: Vec<_> = (0..count).map(|_| AtomicU64::new(0)).collect();
        f(Slots { cursor: &AtomicU64::new(0), places: &places });
    }

    const ME: Owner = Owner::from_bits(7);

    #[test]
    fn there_are_as_many_as_there_are() {
        with(3, |slots| {
            let all: Vec<_> = (0..3).map(|_| slots.take(ME).unwrap()).collect();
            assert_eq!((slots.take(ME), slots.used()), (None, 3));
            assert!(slots.free(all[1]));
            assert!(!slots.free(all[1]), "twice");
            assert_eq!(slots.take(ME).unwrap().index, all[1].index);
        });
    }

    #[test]
    fn what_is_said_of_another_use_changes_nothing() {
        with(1, |slots| {
            let first = slots.take(ME).unwrap();
            slots.free(first);
            let second = slots.take(ME).unwrap();
            assert!(!slots.free(first));
            slots.sent(first);
            assert_eq!(slots.free_of_nobody(|| true), 0, "it is not sent");
            slots.sent(second);
            assert!(slots.free(second));
        });
    }

    #[test]
    fn a_receiver_may_be_quicker_than_the_note_that_it_was_sent() {
        with(1, |slots| {
            let slot = slots.take(ME).unwrap();
            assert!(slots.free(slot));
            slots.sent(slot);
            assert_eq!(slots.used(), 0);
        });
    }

    #[test]
    fn the_dead_hold_nothing() {
        with(3, |slots| {
            let dead = Owner::from_bits(8);
            let (held, sent) = (slots.take(dead).unwrap(), slots.take(dead).unwrap());
            slots.sent(sent);
            slots.take(ME).unwrap();
            assert_eq!(slots.free_of_dead(|owner| owner == ME), 1);
            assert_eq!(slots.used(), 2);
            assert!(!slots.free(held), "too late");
            assert_eq!(slots.free_of_dead(|owner| owner == ME), 0, "what is under way is nobody's");
        });
    }

    #[test]
    fn what_is_under_way_where_nothing_is_is_nowhere() {
        with(2, |slots| {
            let sent = slots.take(ME).unwrap();
            slots.sent(sent);
            let held = slots.take(ME).unwrap();
            assert_eq!(slots.free_of_nobody(|| false), 0);
            assert_eq!(slots.free_of_nobody(|| true), 1);
            assert_eq!(slots.used(), 1);
            slots.sent(held);
            assert_eq!(slots.free_of_nobody(|| true), 1);
        });
    }

    #[test]
    fn a_use_after_many_is_still_told() {
        with(1, |slots| {
            for _ in 0..1000 {
                let slot = slots.take(ME).unwrap();
                assert!(slots.free(slot));
            }
            slots.places[0].store(u64::MAX << USE, SeqCst);
            let slot = slots.take(ME).unwrap();
            assert_eq!(slot.turn, 0);
            assert!(slots.free(slot));
        });
    }
}
