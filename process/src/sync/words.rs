//! Words in shared memory, by number.
//!
//! Every load acquires, every store releases, every other access does both: what is read of a word brings along what was written
//! before it. In tests each access is counted, so that one can be the last of its process.

use super::atomic::AtomicU64;
use super::atomic::Ordering::{AcqRel, Acquire, Release};
#[cfg(test)]
use super::mortal;

/// Words in shared memory.
#[derive(Clone, Copy)]
pub(super) struct Words<'a>(&'a [AtomicU64]);

impl<'a> Words<'a> {
    #[inline]
    pub(super) fn new(words: &'a [AtomicU64]) -> Words<'a> {
        Words(words)
    }

    #[inline]
    fn at(self, at: usize) -> &'a AtomicU64 {
        #[cfg(test)]
        mortal::step();
        &self.0[at]
    }

    #[inline]
    pub(super) fn load(self, at: usize) -> u64 {
        self.at(at).load(Acquire)
    }

    #[inline]
    pub(super) fn store(self, at: usize, value: u64) {
        self.at(at).store(value, Release);
    }

    #[inline]
    pub(super) fn swap(self, at: usize, value: u64) -> u64 {
        self.at(at).swap(value, AcqRel)
    }

    /// Puts `new` in the place of `old`; what was there tells whether it was.
    #[inline]
    pub(super) fn change(self, at: usize, old: u64, new: u64) -> Result<u64, u64> {
        self.at(at).compare_exchange(old, new, AcqRel, Acquire)
    }

    /// Sets bits; what was there before.
    #[inline]
    pub(super) fn set(self, at: usize, bits: u64) -> u64 {
        self.at(at).fetch_or(bits, AcqRel)
    }

    /// Clears bits; what was there before.
    #[inline]
    pub(super) fn clear(self, at: usize, bits: u64) -> u64 {
        self.at(at).fetch_and(!bits, AcqRel)
    }

    /// Counts up; what was there before.
    #[inline]
    pub(super) fn count(self, at: usize) -> u64 {
        self.at(at).fetch_add(1, AcqRel)
    }

    /// Makes it at least that.
    #[inline]
    pub(super) fn raise(self, at: usize, value: u64) {
        self.at(at).fetch_max(value, AcqRel);
    }
}
