//! A chunk: 2 MiB of memory for tasks, cut into blocks of one size.
//!
//! A block finds its chunk by its own address, as a chunk is aligned to its size. Blocks are handed
//! out in their order in memory first, which the CPU fetches ahead, and a chunk that is empty
//! begins anew; what was given back in between is handed out last in, first out.

use std::ptr::{self, NonNull};

use crate::sys::memory;

/// Bytes of a chunk, and what it is aligned to: a huge page of most machines.
const SIZE: usize = 2 << 20;

/// What stands at the start of a chunk.
#[derive(Debug)]
#[repr(C, align(64))]
pub(super) struct Chunk {
    /// The first block that was given back, or null; each has the next one in its first word.
    free: *mut u8,
    /// Where the blocks begin that were never handed out since the chunk was empty.
    fresh: usize,
    /// How many blocks are out.
    live: usize,
    /// Where the blocks end.
    end: usize,
    /// Bytes of a block.
    block: usize,
    /// Its neighbours in its bin's list of chunks with room, while it is in there.
    pub(super) prev: *mut Chunk,
    pub(super) next: *mut Chunk,
    /// Which bin's it is.
    pub(super) class: usize,
    /// Whether its bin knows that it has room: it is the current one, or in the list.
    pub(super) known: bool,
}

impl Chunk {
    /// Maps a chunk of blocks of that size; none when there is no memory.
    ///
    /// A huge page is one fault where small ones are 512, which is half of what it takes to spawn many tasks;
    /// but a few tasks would hold all of it. So a thread's first chunk has small pages, and few blocks.
    pub(super) fn map(block: usize, class: usize, first: bool) -> Option<NonNull<Chunk>> {
        let start = memory::reserve_aligned(SIZE, SIZE).ok()?;
        if !first {
            memory::prefer_huge_pages(start, SIZE);
        }
        let chunk = NonNull::new(ptr::with_exposed_provenance_mut::<Chunk>(start))?;
        let (prev, next) = (ptr::null_mut(), ptr::null_mut());
        let empty = Chunk {
            free: ptr::null_mut(),
            fresh: FIRST,
            end: if first { SIZE / 8 } else { SIZE },
            live: 0,
            block,
            prev,
            next,
            class,
            known: true,
        };
        // SAFETY: new memory, large enough and aligned.
        unsafe { chunk.write(empty) };
        Some(chunk)
    }

    /// Unmaps it.
    ///
    /// # Safety
    /// It is empty, and nobody uses it any more.
    pub(super) unsafe fn unmap(chunk: NonNull<Chunk>) {
        // SAFETY: the caller's promise. If it fails, address space is lost, and no more.
        let _ = unsafe { memory::unmap(chunk.as_ptr().expose_provenance(), SIZE) };
    }

    /// The chunk that a block lies in.
    #[inline]
    pub(super) fn of(block: NonNull<u8>) -> NonNull<Chunk> {
        let start = block.as_ptr().expose_provenance() & !(SIZE - 1);
        NonNull::new(ptr::with_exposed_provenance_mut(start)).expect("no block lies at 0")
    }

    /// Hands out a block, uninitialised; none when all are out.
    #[inline]
    pub(super) fn take(&mut self) -> Option<NonNull<u8>> {
        let block = if let Some(block) = NonNull::new(self.free) {
            // SAFETY: a block in the list has the next one in its first word.
            self.free = unsafe { block.cast::<*mut u8>().read() };
            block
        } else if self.fresh + self.block <= self.end {
            let start = ptr::from_mut(self).expose_provenance();
            let block = ptr::with_exposed_provenance_mut(start + self.fresh);
            self.fresh += self.block;
            NonNull::new(block)?
        } else {
            return None;
        };
        self.live += 1;
        Some(block)
    }

    /// Takes a block back; whether the chunk is empty now.
    ///
    /// # Safety
    /// The block is of this chunk, and nobody uses it any more.
    #[inline]
    pub(super) unsafe fn give(&mut self, block: NonNull<u8>) -> bool {
        // SAFETY: the block is ours, and large and aligned enough for a pointer.
        unsafe { block.cast::<*mut u8>().write(self.free) };
        self.free = block.as_ptr();
        self.live -= 1;
        if self.live == 0 {
            (self.free, self.fresh) = (ptr::null_mut(), FIRST);
        }
        self.live == 0
    }

    pub(super) fn is_empty(&self) -> bool {
        self.live == 0
    }
}

/// Where the first block lies.
const FIRST: usize = size_of::<Chunk>();
