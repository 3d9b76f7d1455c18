//! Which memory of idle stacks goes back to the kernel, and when.
//!
//! Giving a stack back is a push and nothing more: a system call there would cost twenty times
//! the spawn. So memory piles up in idle stacks, and is let go of when the hub has nothing else
//! to do. Two things go:
//!
//! - **Deep**: what a stack holds more than [`WARM`] bytes below its end. One task in a hundred
//!   recurses deeply, and in a LIFO pool it will be another stack each time; without this, all
//!   would in the end hold what the deepest has used. 16 KiB is what most tasks need, so it stays.
//!   Each stack that has run since costs a call (0.6 us, *measured*) even if it holds nothing, so
//!   only [`DEEP_PER_TICK`] have their turn in one tick: half a percent of a core at most.
//! - **Whole**: all of the stacks that recent use does not justify. Justified is the peak of
//!   stacks out at once: for [`HOLD`] seconds in full, then by half for every second since. Waves
//!   that follow each other find their stacks warm (with no hold, waves of 100,000 sleeps of up
//!   to a second spent a third of their time on faults, *measured*); a million idle ones are down
//!   to a thousand in fourteen seconds. [`KEEP`] always stay, as a server should not fault on
//!   each request that follows a pause.
//!
//! The idle list is a LIFO, so its bottom is what was used longest ago: stacks are let go of from
//! the bottom up, and what holds no memory is always a prefix of the list, and so is what holds
//! no deep memory. Two numbers, and nothing kept for each stack. [`SLICE`] bounds the work of one
//! call.
//!
//! Rejected: asking mincore(2) first (2.3 us a stack, *measured*: dearer than the madvise it would
//! save); MADV_FREE (the memory stays in RSS until there is pressure, and whoever limits RSS
//! counts it); letting go by age (needs a time stamp for each stack, and so the clock in `give`).

/// What an idle stack may keep, in bytes below its end.
pub(super) const WARM: usize = 16 * 1024;

/// How many bytes of stacks one call walks at most, touched or not.
///
/// 64 stacks of the default size. *Measured*, for a slice: 40 us if there is nothing below their
/// warm part, 120 us to give back one page each, a millisecond if all are full to the brim. A
/// single stack that is larger goes in one piece.
pub(super) const SLICE: usize = 16 * 1024 * 1024;

/// How many stacks of a size are looked at below their warm part in one tick.
pub(super) const DEEP_PER_TICK: usize = 8192;

/// For how many ticks a peak justifies as many stacks as it took.
pub(super) const HOLD: u64 = 4;

/// How many idle stacks of a size stay warm without being justified.
const KEEP: usize = 64;

/// What the idle list's stacks hold, and what they should: indices into that list.
///
/// Pure numbers: knows neither the stacks nor the clock.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// The stacks below this index hold no memory. At most `clean`.
    cold: usize,
    /// The stacks below this index hold nothing below their warm part.
    clean: usize,
    /// Where `cold` should get to. At most the list's length.
    cold_goal: usize,
    /// Where `clean` should get to. At most the list's length.
    clean_goal: usize,
    /// The least length of the list since the last tick: the other side of the peak.
    low: usize,
    /// How many stacks recent use justifies, those that are out included.
    justified: usize,
    /// How many ticks ago that many were out.
    age: u64,
}

/// One idle stack to give memory of back, by its index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Work {
    /// All of it.
    Whole(usize),
    /// What lies below its warm part.
    Deep(usize),
}

impl Ledger {
    /// Hears that stacks at `low` and above may have been taken, and others put there.
    pub(super) fn moved_above(&mut self, low: usize) {
        self.cold = self.cold.min(low);
        self.clean = self.clean.min(low);
        self.cold_goal = self.cold_goal.min(low);
        self.clean_goal = self.clean_goal.min(low);
        self.low = self.low.min(low);
    }

    /// Ends a period of `ticks` ticks: `idle` stacks now, of `live` that can be had or are out.
    pub(super) fn tick(&mut self, idle: usize, live: usize, ticks: u64) {
        let peak = live.saturating_sub(self.low);
        self.age = self.age.saturating_add(ticks);
        let fading = self.age.saturating_sub(HOLD).min(ticks);
        let faded = u32::try_from(fading).ok().and_then(|n| self.justified.checked_shr(n));
        self.justified = faded.unwrap_or(0);
        if peak >= self.justified {
            (self.justified, self.age) = (peak, 0);
        }
        self.low = idle;
        let out = live.saturating_sub(idle);
        let keep = self.justified.saturating_sub(out).max(KEEP);
        self.cold_goal = idle.saturating_sub(keep);
        self.clean_goal = idle.min(self.clean + DEEP_PER_TICK);
    }

    /// What to give back next; the whole ones come first.
    pub(super) fn due(&self) -> Option<Work> {
        if self.cold < self.cold_goal {
            Some(Work::Whole(self.cold))
        } else if self.clean < self.clean_goal {
            Some(Work::Deep(self.clean))
        } else {
            None
        }
    }

    /// Hears that what was due has been done.
    pub(super) fn done(&mut self, work: Work) {
        match work {
            Work::Whole(i) => {
                self.cold = i + 1;
                self.clean = self.clean.max(self.cold);
            }
            Work::Deep(i) => self.clean = i + 1,
        }
    }

    /// Whether ticks alone would bring no more work, with `idle` stacks in the list.
    pub(super) fn is_settled(&self, idle: usize) -> bool {
        self.clean >= idle && self.cold >= idle.saturating_sub(KEEP)
    }

    /// How many stacks, from the bottom, hold no memory.
    pub(super) fn cold(&self) -> usize {
        self.cold
    }
}
