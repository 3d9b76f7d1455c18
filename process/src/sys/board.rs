//! Numbers in memory that this process and all that are forked from it share.

use std::io;
use std::mem::size_of;
use std::ptr::{self, NonNull};
use std::sync::atomic::AtomicU64;

use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};

/// Numbers that are the same ones in forked children; all 0 at first.
pub(crate) struct Board {
    /// A mapping of its own, of `len` numbers, until this goes.
    at: NonNull<AtomicU64>,
    len: usize,
}

// SAFETY: it is memory that only atomic operations touch, and that goes with its owner.
unsafe impl Send for Board {}
// SAFETY: as above.
unsafe impl Sync for Board {}

impl Board {
    /// One of that many numbers.
    ///
    /// # Errors
    ///
    /// When there is no memory left.
    pub(crate) fn new(len: usize) -> io::Result<Board> {
        let len = len.max(1);
        let access = ProtFlags::READ | ProtFlags::WRITE;
        let bytes = len * size_of::<AtomicU64>();
        // SAFETY: a new mapping, where the kernel finds room, overlaps nothing.
        let at = unsafe { mmap_anonymous(ptr::null_mut(), bytes, access, MapFlags::SHARED) }?;
        let at = NonNull::new(at.cast()).ok_or_else(|| io::Error::other("mapped at zero"))?;
        Ok(Board { at, len })
    }

    /// All of its numbers.
    pub(crate) fn cells(&self) -> &[AtomicU64] {
        // SAFETY: the mapping has so many, zeros are valid ones, it is aligned to a page, and it lives as long as `self`.
        unsafe { std::slice::from_raw_parts(self.at.as_ptr(), self.len) }
    }
}

impl Drop for Board {
    fn drop(&mut self) {
        // SAFETY: it is ours, and nobody borrows from it. Other processes keep theirs.
        let _ = unsafe { munmap(self.at.as_ptr().cast(), self.len * size_of::<AtomicU64>()) };
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering::Relaxed;

    use super::*;

    #[test]
    fn numbers_are_zero_at_first_and_keep_apart() {
        let board = Board::new(1000).unwrap();
        assert!(board.cells().iter().all(|cell| cell.load(Relaxed) == 0));
        board.cells().iter().zip(0..).for_each(|(cell, n)| cell.store(n, Relaxed));
        assert!(board.cells().iter().zip(0..).all(|(cell, n)| cell.load(Relaxed) == n));
    }
}
