//! How long tasks follow each other before the hub looks after timers and descriptors.
//!
//! A turn is a number of switches, so that a switch costs a decrement and no look at the clock.
//! The number follows the tasks: after a turn that took too long it shrinks in proportion, after a
//! short one it doubles, so that a turn lasts about half a millisecond, be its tasks long or short.
//! (Go does it by 61 switches, gevent by 5 ms looked up at each callback.)

use std::cell::Cell;

/// A turn that takes longer than this is made shorter: nanoseconds.
const LONG: u64 = 500_000;
/// One that takes less than this may grow.
const SHORT: u64 = 100_000;
/// The most switches in a turn.
const MOST: u32 = 128;

/// The switches that are left in this turn.
#[derive(Debug)]
pub(crate) struct Turn {
    /// How many more tasks may follow in this turn.
    left: Cell<u32>,
    /// How many of them may be gone straight on to: as many, or none while every switch has to go
    /// through the root.
    hops: Cell<u32>,
    /// How many this turn began with.
    size: Cell<u32>,
    /// Whether every switch has to go through the root; counts who wants it so.
    slow: Cell<u32>,
}

impl Turn {
    pub(crate) const fn new() -> Turn {
        Turn { left: Cell::new(0), hops: Cell::new(0), size: Cell::new(MOST), slow: Cell::new(0) }
    }

    /// Begins a turn, given how long the last one took.
    pub(crate) fn begin(&self, last: u64) {
        let size = self.size.get();
        let size = match last {
            LONG.. => (u64::from(size) * LONG / last).max(1) as u32,
            ..SHORT => (size * 2).min(MOST),
            _ => size,
        };
        self.size.set(size);
        self.left.set(size);
        self.hops.set(if self.is_fast() { size } else { 0 });
    }

    /// Spends one switch from the root; false when the turn is over.
    #[inline]
    pub(crate) fn spend(&self) -> bool {
        if self.is_fast() {
            return self.hop();
        }
        let left = self.left.get();
        self.left.set(left.saturating_sub(1));
        left != 0
    }

    /// Spends one switch straight to another task; false when the root is to choose.
    #[inline]
    pub(crate) fn hop(&self) -> bool {
        let hops = self.hops.get();
        if hops == 0 {
            return false;
        }
        self.hops.set(hops - 1);
        true
    }

    /// Whether a task may go straight on to another.
    #[inline]
    pub(crate) fn is_fast(&self) -> bool {
        self.slow.get() == 0
    }

    /// Makes every switch go through the root, until `speed_up` is called as often.
    pub(crate) fn slow_down(&self) {
        self.slow.set(self.slow.get() + 1);
        self.left.set(self.left.get().min(self.hops.replace(0).max(1)));
    }

    /// Takes every `slow_down` back.
    pub(crate) fn reset(&self) {
        self.slow.set(0);
    }

    /// Takes one `slow_down` back.
    pub(crate) fn speed_up(&self) {
        self.slow.set(self.slow.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn size(turn: &Turn) -> u32 {
        (0..).take_while(|_| turn.spend()).count() as u32
    }

    #[test]
    fn a_turn_follows_the_length_of_its_tasks() {
        let turn = Turn::new();
        turn.begin(0);
        assert_eq!(size(&turn), MOST);
        turn.begin(2 * LONG);
        assert_eq!(size(&turn), MOST / 2);
        turn.begin(SHORT);
        assert_eq!(size(&turn), MOST / 2);
        turn.begin(1000 * LONG);
        assert_eq!(size(&turn), 1);
        turn.begin(0);
        assert_eq!(size(&turn), 2);
    }
}
