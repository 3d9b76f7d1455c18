//! Memory for tasks: blocks of one size, kept for the next task.
//!
//! A task that is spawned and joined at once would spend a tenth of its life in `malloc` and
//! `free`. Blocks that fit nearly every task (a control block, a closure of a few words, a result) are
//! kept in a list of their thread instead, up to a number that bounds what is held back. Anything
//! larger goes straight to the allocator.

use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::cell::Cell;
use std::ptr::{self, NonNull};

/// Bytes of a block: the header takes 200. With the allocator's own word it is 224 with glibc.
const SIZE: usize = 216;
/// Blocks are aligned for what is not over-aligned.
const ALIGN: usize = 16;
/// How many blocks a thread keeps: 216 KiB.
const KEPT: usize = 1024;

const BLOCK: Layout = match Layout::from_size_align(SIZE, ALIGN) {
    Ok(layout) => layout,
    Err(_) => panic!("a power of two"),
};

/// A list of blocks, linked through their first word.
struct Kept {
    first: Cell<*mut u8>,
    count: Cell<usize>,
}

thread_local! {
    static KEPT_BLOCKS: Kept = const { Kept { first: Cell::new(ptr::null_mut()), count: Cell::new(0) } };
}

impl Drop for Kept {
    fn drop(&mut self) {
        while let Some(block) = self.pop() {
            // SAFETY: it was allocated with this layout, and the list owned it.
            unsafe { dealloc(block.as_ptr(), BLOCK) };
        }
    }
}

impl Kept {
    #[inline]
    fn pop(&self) -> Option<NonNull<u8>> {
        let block = NonNull::new(self.first.get())?;
        // SAFETY: a block in the list has the next one in its first word.
        self.first.set(unsafe { block.cast::<*mut u8>().read() });
        self.count.set(self.count.get() - 1);
        Some(block)
    }

    /// Keeps a block; false when there are enough.
    ///
    /// # Safety
    /// Nobody else uses the block.
    #[inline]
    unsafe fn push(&self, block: NonNull<u8>) -> bool {
        if self.count.get() == KEPT {
            return false;
        }
        // SAFETY: the block is ours, and large and aligned enough for a pointer.
        unsafe { block.cast::<*mut u8>().write(self.first.get()) };
        self.first.set(block.as_ptr());
        self.count.set(self.count.get() + 1);
        true
    }
}

#[inline]
fn fits(layout: Layout) -> bool {
    layout.size() <= SIZE && layout.align() <= ALIGN
}

/// Gives memory of that layout, uninitialised.
#[inline]
pub(super) fn take(layout: Layout) -> NonNull<u8> {
    let layout = if fits(layout) {
        // A thread that is ending has no list any more.
        if let Ok(Some(block)) = KEPT_BLOCKS.try_with(Kept::pop) {
            return block;
        }
        BLOCK
    } else {
        layout
    };
    // SAFETY: no task is of size 0: it has a header.
    let block = unsafe { alloc(layout) };
    NonNull::new(block).unwrap_or_else(|| handle_alloc_error(layout))
}

/// Takes memory back that [`take`] has given for that layout, on the same thread.
///
/// # Safety
/// Nobody uses it any more.
#[inline]
pub(super) unsafe fn give(block: NonNull<u8>, layout: Layout) {
    if !fits(layout) {
        // SAFETY: it was allocated with this layout.
        unsafe { dealloc(block.as_ptr(), layout) };
        return;
    }
    // SAFETY: the caller's promise.
    let kept = KEPT_BLOCKS.try_with(|kept| unsafe { kept.push(block) });
    if kept != Ok(true) {
        // SAFETY: it was allocated with this layout, and the list did not take it.
        unsafe { dealloc(block.as_ptr(), BLOCK) };
    }
}
