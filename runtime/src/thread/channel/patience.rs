//! Whether it pays to spin for a moment before a wait.
//!
//! To put an OS thread to sleep and to wake it takes many times as long as to hand over an item. If
//! the other end is at work on another thread, what one waits for comes sooner than that. So who has to
//! wait looks again and again for a few microseconds, but only where that has paid: after a wait
//! that another thread ended soon, until spinning was in vain a few times; and only if no other task of
//! this hub is ready. An end that is quiet does not spin, nor do two ends on one hub.
//!
//! An end that is the quicker one would meet the other at every item. So it learns to look less
//! often, as long as there is something each time: then items come in batches, and the two ends
//! are not in each other's cache lines all the time.

use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use crate::blocker::{Rouser, may_spin};
use crate::clock;

/// How long one spins at least: the time of a sleep and a wake, about, where they are fast.
const SHORTEST: Duration = Duration::from_micros(10);
/// Looks between two looks at the clock.
const LOOKS: u32 = 16;
/// A wait that was over so soon would have been better spun through.
const SOON: Duration = Duration::from_micros(200);
/// Pauses before the first look, at most: one to three microseconds.
const WIDEST: u32 = 63;
/// How often it may be in vain until it stops.
const TRIES: u32 = 4;

/// Looks and looks for a moment.
fn look_on(limit: Duration, ready: impl Fn() -> bool) -> bool {
    let began = clock::now();
    while began.elapsed() < limit {
        for _ in 0..LOOKS {
            spin_loop();
            if ready() {
                return true;
            }
        }
    }
    false
}

/// What is known of the waits of one end.
#[derive(Debug, Default)]
pub(super) struct Patience {
    /// How often it may still be in vain.
    tries: AtomicU32,
    /// For how many nanoseconds: twice as long as the last short wait was. Who spins for less than the other end takes to
    /// wake goes to sleep just before it comes, and then the other does so, and so on.
    limit: AtomicU32,
    /// Pauses before the first look: more where that is always early enough.
    gap: AtomicU32,
    /// Whether the last wake came from another thread.
    away: AtomicBool,
}

impl Patience {
    /// Spins until it seems to be `ready`, for a moment, if that has paid lately; whether it is.
    pub(super) fn spin(&self, ready: impl Fn() -> bool) -> bool {
        let tries = self.tries.load(Ordering::Relaxed);
        if tries == 0 || !may_spin() {
            return false;
        }
        let gap = self.gap.load(Ordering::Relaxed);
        (0..gap).for_each(|_| spin_loop());
        if ready() {
            self.gap.store(WIDEST.min(gap * 2 + 1), Ordering::Relaxed);
            return true;
        }
        self.gap.store(gap / 2, Ordering::Relaxed);
        let limit = Duration::from_nanos(self.limit.load(Ordering::Relaxed).into());
        let found = look_on(limit, ready);
        self.tries.store(if found { TRIES } else { tries - 1 }, Ordering::Relaxed);
        found
    }

    /// Watches a wait, to know better next time.
    pub(super) fn watch<R>(&self, wait: impl FnOnce() -> R) -> R {
        let began = clock::now();
        let result = wait();
        let took = began.elapsed();
        if self.away.load(Ordering::Relaxed) && took < SOON {
            let limit = (took * 2).max(SHORTEST).as_nanos() as u32; // SOON fits twice
            self.limit.store(limit, Ordering::Relaxed);
            self.tries.store(TRIES, Ordering::Relaxed);
        }
        result
    }

    /// Wakes somebody who waited; false if it will never run again.
    pub(super) fn rouse(&self, who: Rouser) -> bool {
        self.away.store(!who.is_here(), Ordering::Relaxed);
        who.rouse()
    }
}
