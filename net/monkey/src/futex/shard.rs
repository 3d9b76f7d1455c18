//! A part of the table of who waits: a line, its lock, and how many there are.
//!
//! The lock is a word that is spun for: it is held for some instructions, and no lock of std's or libc's could be had here,
//! as those wait by what this is for. A handler of a signal that finds its own thread holding one must not spin.
//!
//! # Why unsafe
//! The line is in a cell that the lock guards.

use std::cell::{Cell, UnsafeCell};
use std::hint;

use super::atomic::{AtomicU32, Ordering};
use super::node::Line;
use super::tally;
use crate::real::raw;

/// How often a lock is looked at before the CPU is given away.
const SPINS: u32 = 100;

thread_local! {
    /// Whether this thread holds a shard's lock, or is about to.
    static HOLDS: Cell<bool> = const { Cell::new(false) };
}

/// On a cache line of its own.
#[repr(align(64))]
pub(super) struct Shard {
    /// 1 while somebody has the line.
    lock: AtomicU32,
    /// How many are in the line, or about to be.
    count: AtomicU32,
    /// Counts wakes of one, so that the kernel's waiters have their turn.
    turns: AtomicU32,
    /// Who waits; whoever holds the lock has it.
    line: UnsafeCell<Line>,
}

// SAFETY: the line is had by who holds the lock alone; a node in it is another task's, and is looked at with the lock held,
// while that task lets it live. What it holds (a `RemoteUnparker`) is Send.
unsafe impl Sync for Shard {}

impl Shard {
    pub(super) const fn new() -> Shard {
        Shard {
            lock: AtomicU32::new(0),
            count: AtomicU32::new(0),
            turns: AtomicU32::new(0),
            line: UnsafeCell::new(Line::new()),
        }
    }

    /// Whether nobody waits, as far as this thread has seen.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        tally::is_zero(&self.count)
    }

    /// Says that somebody is about to look at the word, and to wait.
    pub(super) fn announce(&self) {
        tally::announce(&self.count);
    }

    /// Says that `fewer` wait no more.
    pub(super) fn retract(&self, fewer: u32) {
        tally::retract(&self.count, fewer);
    }

    /// Says how many wait, in a process without other threads.
    pub(super) fn recount(&self, count: u32) {
        self.count.store(count, Ordering::SeqCst);
    }

    /// Counts a turn.
    pub(super) fn turn(&self) -> u32 {
        self.turns.fetch_add(1, Ordering::Relaxed)
    }

    /// Gives `f` the line; none where this thread has it already, and a signal has come in between.
    pub(super) fn with<R>(&self, f: impl FnOnce(&mut Line) -> R) -> Option<R> {
        if HOLDS.replace(true) {
            return None;
        }
        self.acquire();
        // SAFETY: the lock is held, by this call.
        let result = f(unsafe { &mut *self.line.get() });
        self.release();
        HOLDS.set(false);
        Some(result)
    }

    /// Takes the lock, for as long as it takes.
    pub(super) fn acquire(&self) {
        let mut spins = 0;
        while self.lock.swap(1, Ordering::Acquire) != 0 {
            while self.lock.load(Ordering::Relaxed) != 0 {
                spins += 1;
                match spins % SPINS {
                    // SAFETY: it takes no arguments.
                    0 => _ = unsafe { raw(libc::SYS_sched_yield, [0; 6]) },
                    _ => hint::spin_loop(),
                }
            }
        }
    }

    /// Gives the lock back.
    pub(super) fn release(&self) {
        self.lock.store(0, Ordering::Release);
    }

    /// Whether this thread holds a lock of a shard.
    pub(super) fn is_held_here() -> bool {
        HOLDS.get()
    }

    /// Says that it does, or no longer does, for all of them.
    pub(super) fn hold_all(holds: bool) {
        HOLDS.set(holds);
    }
}
