//! A word in shared memory that one process at a time holds while it changes others.
//!
//! It is held for a copy of some bytes, never while anything waits, so whoever finds it held looks again at once, and soon
//! lets others run. A holder that has ended holds it no more: the next one takes it over, and finds the rest as it was left, since every
//! change under it ends in the one store that makes it so. A holder that is stopped is not waited for: that is as if there were no room, or nothing.

use std::hint::spin_loop;
use std::thread;

use rustix::thread::{Timespec, nanosleep};

use crate::stamp::{Stamp, is_dead};
use crate::words::Words;

/// Looks before others are let run: about as long as a copy takes.
const SPINS: u32 = 400;
/// How often others are let run for as long as they want, and then for a moment.
const YIELDS: u32 = 32;
const NAPS: u32 = 40;
const NAP: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000 };
/// Every how many of these the kernel is asked whether the holder lives.
const ASKS: u32 = 16;

/// Holds the word until it is dropped.
pub(super) struct Hold<'a> {
    words: Words<'a>,
    at: usize,
}

impl<'a> Hold<'a> {
    /// Holds it; none if a holder that lives does not let go.
    #[inline]
    pub(super) fn take(words: Words<'a>, at: usize, me: Stamp) -> Option<Hold<'a>> {
        match words.change(at, 0, me) {
            Ok(_) => Some(Hold { words, at }),
            Err(_) => Hold::insist(words, at, me),
        }
    }

    #[cold]
    fn insist(words: Words<'a>, at: usize, me: Stamp) -> Option<Hold<'a>> {
        for _ in 0..SPINS {
            spin_loop();
            if words.load(at) == 0 && words.change(at, 0, me).is_ok() {
                return Some(Hold { words, at });
            }
        }
        for look in 1..=YIELDS + NAPS {
            let holder = words.load(at);
            let free = holder == 0 || look % ASKS == 0 && is_dead(holder);
            if free && words.change(at, holder, me).is_ok() {
                return Some(Hold { words, at });
            }
            // Not as a task: who holds it has no more than a copy to do.
            if look <= YIELDS { thread::yield_now() } else { _ = nanosleep(&NAP) }
        }
        None
    }
}

impl Drop for Hold<'_> {
    #[inline]
    fn drop(&mut self) {
        #[cfg(test)]
        if crate::words::mortal::has_ended() {
            return;
        }
        self.words.store(self.at, 0);
    }
}
