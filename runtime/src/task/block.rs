//! Memory for tasks: blocks of a few sizes, from chunks of a thread's own.
//!
//! The memory of a task is a large part of what a task costs: with `malloc`, 100,000 of them spend a third of
//! their time on page faults and a sixth on its books. Blocks come from chunks instead, which are huge pages
//! from the second on. Anything larger goes straight to the allocator.
//!
//! A thread keeps [`KEPT`] empty chunks of a size at most; the others are unmapped when their last
//! block comes back.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{self, NonNull};

use super::chunk::Chunk;

/// Bytes of a block of each class. The header takes 144; the smallest has room for two words, and
/// few closures and results do not fit in the largest.
const CLASSES: [usize; 4] = [160, 224, 320, 512];
/// Blocks are aligned for what is not over-aligned.
const ALIGN: usize = 16;
/// How many empty chunks of a class a thread keeps: memory for 100,000 small tasks.
const KEPT: usize = 8;

/// Chunks of blocks of one size.
struct Bin {
    /// Where blocks are taken from; null before the first.
    current: Cell<*mut Chunk>,
    /// The first of the other chunks that have room, or null.
    roomy: Cell<*mut Chunk>,
    /// How many of those are empty.
    empty: Cell<usize>,
    /// Whether there has been a chunk.
    warm: Cell<bool>,
}

/// The bins of a thread.
struct Bins([Bin; CLASSES.len()]);

thread_local! {
    static BINS: Bins = const {
        Bins([const {
            Bin {
                current: Cell::new(ptr::null_mut()),
                roomy: Cell::new(ptr::null_mut()),
                empty: Cell::new(0),
                warm: Cell::new(false),
            }
        }; CLASSES.len()])
    };
}

impl Drop for Bins {
    /// Unmaps what is empty. Where tasks live on, their last block unmaps the chunk.
    fn drop(&mut self) {
        for bin in &self.0 {
            bin.retire();
            while let Some(chunk) = bin.unlink_first() {
                // SAFETY: the bin's own, and out of the list.
                unsafe { let_go(chunk) };
            }
        }
    }
}

/// Unmaps a chunk that no bin knows any more, if it is empty.
///
/// # Safety
/// It is in no list, and mapped.
unsafe fn let_go(chunk: NonNull<Chunk>) {
    // SAFETY: the caller's promise; an empty one has no users.
    unsafe {
        if (*chunk.as_ptr()).is_empty() {
            Chunk::unmap(chunk);
        } else {
            (*chunk.as_ptr()).known = false;
        }
    }
}

impl Bin {
    /// Takes a block from a chunk with room, or from a new one.
    #[cold]
    #[inline(never)]
    fn refill(&self, class: usize) -> Option<NonNull<u8>> {
        if let Some(full) = NonNull::new(self.current.take()) {
            // SAFETY: a bin's chunks are mapped, and used by this thread alone.
            unsafe { (*full.as_ptr()).known = false };
        }
        let first = !self.warm.replace(true);
        let chunk = self.unlink_first().or_else(|| Chunk::map(CLASSES[class], class, first))?;
        self.current.set(chunk.as_ptr());
        // SAFETY: as above.
        unsafe { (*chunk.as_ptr()).take() }
    }

    /// Sees to a chunk that has just come to have room, or to be empty.
    ///
    /// # Safety
    /// It is a chunk of this bin, mapped, and not the current one.
    #[cold]
    #[inline(never)]
    unsafe fn note(&self, chunk: NonNull<Chunk>) {
        // SAFETY: the caller's promise.
        let (known, is_empty) = unsafe { ((*chunk.as_ptr()).known, (*chunk.as_ptr()).is_empty()) };
        if !known {
            self.link(chunk);
        }
        if !is_empty {
            return;
        }
        if self.empty.get() < KEPT {
            self.empty.set(self.empty.get() + 1);
        } else {
            self.unlink(chunk);
            // SAFETY: it is empty, and no longer in the list.
            unsafe { Chunk::unmap(chunk) };
        }
    }

    /// Gives up the current chunk: it is one of those with room.
    fn retire(&self) {
        if let Some(chunk) = NonNull::new(self.current.take()) {
            self.link(chunk);
            // SAFETY: a bin's chunks are mapped.
            let is_empty = unsafe { (*chunk.as_ptr()).is_empty() };
            self.empty.set(self.empty.get() + usize::from(is_empty));
        }
    }

    /// Puts a chunk at the front of the list.
    fn link(&self, chunk: NonNull<Chunk>) {
        let next = self.roomy.replace(chunk.as_ptr());
        // SAFETY: chunks in the list are mapped, and used by this thread alone.
        unsafe {
            (*chunk.as_ptr()).known = true;
            (*chunk.as_ptr()).prev = ptr::null_mut();
            (*chunk.as_ptr()).next = next;
            if !next.is_null() {
                (*next).prev = chunk.as_ptr();
            }
        }
    }

    /// Takes a chunk out of the list.
    fn unlink(&self, chunk: NonNull<Chunk>) {
        // SAFETY: as above.
        unsafe {
            let (prev, next) = ((*chunk.as_ptr()).prev, (*chunk.as_ptr()).next);
            if prev.is_null() {
                self.roomy.set(next);
            } else {
                (*prev).next = next;
            }
            if !next.is_null() {
                (*next).prev = prev;
            }
        }
    }

    /// Takes the first chunk out of the list.
    fn unlink_first(&self) -> Option<NonNull<Chunk>> {
        let chunk = NonNull::new(self.roomy.get())?;
        self.unlink(chunk);
        // SAFETY: as above.
        let is_empty = unsafe { (*chunk.as_ptr()).is_empty() };
        self.empty.set(self.empty.get() - usize::from(is_empty));
        Some(chunk)
    }
}

/// The class of blocks that fit; none when none does.
#[inline(always)]
const fn class(layout: Layout) -> Option<usize> {
    let mut class = 0;
    while class < CLASSES.len() {
        if layout.size() <= CLASSES[class] && layout.align() <= ALIGN {
            return Some(class);
        }
        class += 1;
    }
    None
}

/// Gives memory of that layout, uninitialised.
#[inline]
pub(super) fn take(layout: Layout) -> NonNull<u8> {
    // A thread that is ending has no bins any more, but neither does it spawn.
    let block = match class(layout) {
        Some(class) => BINS.try_with(|bins| take_of(&bins.0[class], class)).ok().flatten(),
        // SAFETY: no task is of size 0: it has a header.
        None => NonNull::new(unsafe { alloc(layout) }),
    };
    block.unwrap_or_else(|| handle_alloc_error(layout))
}

#[inline]
fn take_of(bin: &Bin, class: usize) -> Option<NonNull<u8>> {
    if let Some(chunk) = NonNull::new(bin.current.get())
        // SAFETY: a bin's current chunk is mapped, and used by this thread alone.
        && let Some(block) = unsafe { (*chunk.as_ptr()).take() }
    {
        return Some(block);
    }
    bin.refill(class)
}

/// Takes memory back that [`take`] has given for that layout, on the same thread.
///
/// # Safety
/// Nobody uses it any more.
#[inline]
pub(super) unsafe fn give(block: NonNull<u8>, layout: Layout) {
    if class(layout).is_none() {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(block.as_ptr(), layout) };
        return;
    }
    let chunk = Chunk::of(block);
    // SAFETY: the caller's promise; a block that is out keeps its chunk mapped.
    unsafe {
        let is_empty = (*chunk.as_ptr()).give(block);
        if is_empty || !(*chunk.as_ptr()).known {
            see_to(chunk);
        }
    }
}

/// Sees to a chunk that is empty, or of which its bin does not know that it has room.
///
/// # Safety
/// It is mapped, and this thread's.
#[cold]
unsafe fn see_to(chunk: NonNull<Chunk>) {
    // SAFETY: the caller's promise.
    let class = unsafe { (*chunk.as_ptr()).class };
    let seen = BINS.try_with(|bins| {
        let bin = &bins.0[class];
        if bin.current.get() != chunk.as_ptr() {
            // SAFETY: its own bin, and not the current one.
            unsafe { bin.note(chunk) };
        }
    });
    if seen.is_err() {
        // SAFETY: the thread's bins are gone, so it is in no list.
        unsafe { let_go(chunk) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SMALL: Layout = match Layout::from_size_align(150, 8) {
        Ok(layout) => layout,
        Err(_) => panic!("a power of two"),
    };

    fn empty_chunks() -> usize {
        BINS.with(|bins| bins.0[0].empty.get())
    }

    #[test]
    fn blocks_do_not_overlap_and_come_back() {
        let mut blocks: Vec<NonNull<u8>> = (0..200_000).map(|_| take(SMALL)).collect();
        for (i, block) in blocks.iter().enumerate() {
            // SAFETY: 150 bytes are ours.
            unsafe { block.as_ptr().write_bytes(i as u8, 150) };
        }
        for (i, block) in blocks.iter().enumerate() {
            // SAFETY: as above.
            let bytes = unsafe { std::slice::from_raw_parts(block.as_ptr(), 150) };
            assert!(bytes.iter().all(|&byte| byte == i as u8));
        }
        // Every other one first: chunks get room long before they are empty.
        let mut stays = false;
        blocks.retain(|&block| {
            stays = !stays;
            if !stays {
                // SAFETY: it is not used again.
                unsafe { give(block, SMALL) };
            }
            stays
        });
        let more: Vec<_> = (0..100_000).map(|_| take(SMALL)).collect();
        let mut all: Vec<_> = blocks.iter().chain(&more).collect();
        all.sort_unstable();
        assert!(all.windows(2).all(|pair| pair[0].addr().get() + 160 <= pair[1].addr().get()));
        for &block in all {
            // SAFETY: it is not used again.
            unsafe { give(block, SMALL) };
        }
        assert!((1..=KEPT).contains(&empty_chunks()), "{}", empty_chunks());
    }

    #[test]
    fn what_is_large_or_over_aligned_is_the_allocators() {
        let layout = Layout::from_size_align(200, 64).unwrap();
        let block = take(layout);
        assert_eq!(block.addr().get() % 64, 0);
        // SAFETY: it is not used again.
        unsafe { give(block, layout) };
        assert_eq!(class(Layout::new::<[u64; 100]>()), None);
    }

    #[test]
    fn a_block_outlives_its_threads_bins() {
        thread_local! {
            static LATE: Cell<Option<Late>> = const { Cell::new(None) };
        }
        struct Late(NonNull<u8>);
        impl Drop for Late {
            fn drop(&mut self) {
                // SAFETY: it is not used again.
                unsafe { give(self.0, SMALL) };
            }
        }
        std::thread::spawn(|| {
            // Registered first, so that it is dropped last.
            LATE.with(|_| ());
            LATE.set(Some(Late(take(SMALL))));
        })
        .join()
        .unwrap();
    }
}
