//! Stacks of tasks that stay parked: what lies below the point they wait at is given back.
//!
//! A task that did a TLS handshake and then waits for its peer has 100 KiB of stack in memory that
//! it may never need again. Once it has been parked for a second, the hub, when it is idle, gives
//! that back: once a wait, 64 tasks at a time, and at most 8,192 a second, as each costs a system
//! call of about half a microsecond.

use std::cell::Cell;
use std::time::Duration;

use super::Hub;
use crate::task::State;

/// How long a task is parked before its stack is looked at: nanoseconds.
const PARKED: u64 = 1_000_000_000;
/// How many slots are looked at before the hub looks for events.
const SLICE: usize = 1024;
/// How many stacks are trimmed in one slice.
const TRIMS: usize = 64;
/// How many are trimmed in one second.
const RATION: usize = 8192;

/// How far the hub has come with its parked tasks.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// The slot to go on at.
    slot: Cell<usize>,
    /// When the next pass may begin, or the next ration is given out.
    next: Cell<u64>,
    /// What is left of the ration.
    left: Cell<usize>,
    /// Whether a pass has found tasks that are not parked for long enough yet.
    young: Cell<bool>,
    /// Whether no task has run since a pass that has left nothing to do.
    settled: Cell<bool>,
}

impl Sweep {
    /// Notes that a task runs.
    #[inline]
    pub(super) fn wake_up(&self) {
        self.settled.set(false);
    }
}

impl Hub {
    /// Does a slice of a pass; says after how long to call again, if there is a reason to.
    pub(super) fn sweep_stacks(&self) -> Option<Duration> {
        let (sweep, now) = (&self.sweep, self.alarms.now());
        if sweep.settled.get() {
            return None;
        }
        if now < sweep.next.get() {
            return Some(Duration::from_nanos(sweep.next.get() - now));
        }
        if sweep.left.get() == 0 {
            sweep.left.set(RATION);
        }
        let over = self.sweep_slice(now);
        if over {
            sweep.slot.set(0);
            sweep.settled.set(!sweep.young.replace(false));
        }
        if over || sweep.left.get() == 0 {
            sweep.next.set(now + PARKED);
            return (!sweep.settled.get()).then_some(Duration::from_nanos(PARKED));
        }
        Some(Duration::ZERO)
    }

    /// Looks at the next slots; whether that were the last ones.
    fn sweep_slice(&self, now: u64) -> bool {
        let (sweep, tasks) = (&self.sweep, self.tasks.borrow());
        let mut trims = TRIMS.min(sweep.left.get());
        let end = sweep.slot.get() + SLICE;
        while sweep.slot.get() < end && trims > 0 {
            let (task, more) = tasks.at(sweep.slot.get());
            if !more {
                return true;
            }
            sweep.slot.set(sweep.slot.get() + 1);
            let Some(task) = task else { continue };
            if task.state() != State::Parked || task.trimmed.get() == task.wait.get() {
                continue;
            }
            if now.saturating_sub(task.since.get()) < PARKED {
                sweep.young.set(true);
                continue;
            }
            task.trim_stack();
            task.trimmed.set(task.wait.get());
            trims -= 1;
            sweep.left.set(sweep.left.get() - 1);
        }
        false
    }
}
