//! Words in shared memory, by number.
//!
//! Every load acquires, every store releases, every other access does both: what is read of a word brings along what was written
//! before it. In tests each access is counted, so that one can be the last of its process.

use super::atomic::AtomicU64;
use super::atomic::Ordering::{AcqRel, Acquire, Relaxed, Release};
#[cfg(test)]
use super::mortal;

/// Words in shared memory.
#[derive(Clone, Copy)]
pub(crate) struct Words<'a>(&'a [AtomicU64]);

impl<'a> Words<'a> {
    #[inline]
    pub(crate) fn new(words: &'a [AtomicU64]) -> Words<'a> {
        Words(words)
    }

    /// How many there are.
    #[inline]
    pub(crate) fn len(self) -> usize {
        self.0.len()
    }

    /// So many, from there on.
    #[inline]
    pub(crate) fn part(self, from: usize, count: usize) -> Words<'a> {
        Words(&self.0[from..from + count])
    }

    /// Writes bytes, in no order that others could rely on: they are told by a store that they are there.
    #[inline]
    pub(crate) fn write(self, bytes: &[u8]) {
        #[cfg(test)]
        mortal::step();
        let (whole, rest) = bytes.as_chunks();
        for (word, bytes) in self.0.iter().zip(whole) {
            word.store(u64::from_le_bytes(*bytes), Relaxed);
        }
        if let (Some(word), false) = (self.0.get(whole.len()), rest.is_empty()) {
            let mut bytes = [0; 8];
            bytes[..rest.len()].copy_from_slice(rest);
            word.store(u64::from_le_bytes(bytes), Relaxed);
        }
    }

    /// Reads bytes that somebody has written, as a load has told.
    #[inline]
    pub(crate) fn read(self, bytes: &mut [u8]) {
        #[cfg(test)]
        mortal::step();
        let (whole, rest) = bytes.as_chunks_mut();
        let read = whole.len();
        for (word, bytes) in self.0.iter().zip(whole) {
            *bytes = word.load(Relaxed).to_le_bytes();
        }
        if let Some(word) = self.0.get(read) {
            let word = word.load(Relaxed).to_le_bytes();
            rest.copy_from_slice(&word[..rest.len()]);
        }
    }

    #[inline]
    fn at(self, at: usize) -> &'a AtomicU64 {
        #[cfg(test)]
        mortal::step();
        &self.0[at]
    }

    #[inline]
    pub(crate) fn load(self, at: usize) -> u64 {
        self.at(at).load(Acquire)
    }

    #[inline]
    pub(crate) fn store(self, at: usize, value: u64) {
        self.at(at).store(value, Release);
    }

    #[inline]
    pub(crate) fn swap(self, at: usize, value: u64) -> u64 {
        self.at(at).swap(value, AcqRel)
    }

    /// Puts `new` in the place of `old`; what was there tells whether it was.
    #[inline]
    pub(crate) fn change(self, at: usize, old: u64, new: u64) -> Result<u64, u64> {
        self.at(at).compare_exchange(old, new, AcqRel, Acquire)
    }

    /// Sets bits; what was there before.
    #[inline]
    pub(crate) fn set(self, at: usize, bits: u64) -> u64 {
        self.at(at).fetch_or(bits, AcqRel)
    }

    /// Clears bits; what was there before.
    #[inline]
    pub(crate) fn clear(self, at: usize, bits: u64) -> u64 {
        self.at(at).fetch_and(!bits, AcqRel)
    }

    /// Counts up; what was there before.
    #[inline]
    pub(crate) fn count(self, at: usize) -> u64 {
        self.at(at).fetch_add(1, AcqRel)
    }

    /// Makes it at least that.
    #[inline]
    pub(crate) fn raise(self, at: usize, value: u64) {
        self.at(at).fetch_max(value, AcqRel);
    }
}
