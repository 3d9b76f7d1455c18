//! One guarded stack.

use std::num::NonZeroUsize;

#[cfg(any(test, not(osier_jump)))]
use crate::stack::GUARD_SIZE;
use crate::stack::label::LABEL_SIZE;
use crate::sys::memory;

/// How many tops lie apart before two share a cache line's set again.
const COLOURS: usize = 16;
/// The distance between two colours in bytes: a cache line.
const STEP: usize = 64;
/// The bits of a stack's place that count steps: enough for its colour and a label.
const STEPS: usize = 31;
/// What a leaf function may use below its stack pointer, in bytes (System V on x86-64).
const RED_ZONE: usize = 128;

/// A stack with a guard below it; the right to use that memory.
///
/// A plain value: dropping it frees nothing and only takes the stack out of circulation, as
/// [`Pool::leak`](crate::stack::Pool::leak) does on purpose.
#[must_use = "a stack that is not given back stays mapped for ever"]
#[derive(Debug)]
pub(crate) struct Stack {
    /// The lowest usable address, where the guard ends; in the bits below a page's, how many steps below the end
    /// it starts.
    place: NonZeroUsize,
    /// Bytes from the limit to the end, whole pages.
    size: usize,
}

impl Stack {
    /// The stack of `size` bytes from `limit`, above a guard that stands, in colour `index`.
    pub(super) fn new(limit: usize, size: usize, index: usize) -> Stack {
        let place = NonZeroUsize::new(limit + index % COLOURS).expect("no stack lies at 0");
        Stack { place, size }
    }

    /// A second description of the same stack: to look at, or to write the stack off with.
    ///
    /// It gives no right to the memory: it must not be given back to the pool.
    pub(crate) fn describe(&self) -> Stack {
        Stack { ..*self }
    }

    /// Where a label goes, if it bears one.
    pub(super) fn label_at(&self) -> usize {
        self.end() - LABEL_SIZE
    }

    /// Makes room for a label, or takes that room back.
    pub(super) fn shift_top(&mut self, down: bool) {
        const { assert!(LABEL_SIZE == STEP, "a label takes a step") };
        let place = self.place.get();
        let place = if down { place + 1 } else { place - 1 };
        self.place = NonZeroUsize::new(place).expect("no stack lies at 0");
    }

    /// The address that execution starts at and grows down from, 16-aligned.
    #[inline]
    pub(crate) fn top(&self) -> usize {
        self.end() - (self.place.get() & STEPS) * STEP
    }

    /// The lowest address that may be used; below it lies the guard.
    #[inline]
    pub(crate) fn limit(&self) -> usize {
        self.place.get() & !STEPS
    }

    /// The lowest address of the guard, which is the lowest that belongs to this stack.
    #[cfg(any(test, not(osier_jump)))]
    #[inline]
    pub(crate) fn guard_start(&self) -> usize {
        self.limit() - GUARD_SIZE
    }

    /// The usable size in bytes, of which the colour takes at most 960.
    #[inline]
    pub(crate) fn size(&self) -> usize {
        self.size
    }

    /// The end: one past the highest usable address.
    #[inline]
    pub(super) fn end(&self) -> usize {
        self.limit() + self.size
    }

    /// Has the CPU fetch the lines at the top, where the next to run on it will write.
    #[inline]
    pub(super) fn prefetch(&self) {
        #[cfg(target_arch = "x86_64")]
        for line in 1..=3 {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            // SAFETY: a prefetch has no effect but on caches, whatever the address.
            unsafe { _mm_prefetch::<_MM_HINT_T0>((self.top() - line * 64) as *const i8) };
        }
    }

    /// Whether `address` lies in the usable part.
    #[inline]
    pub(crate) fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.limit()) < self.size
    }

    /// The high-water mark in bytes: how far down from the end memory is resident.
    ///
    /// Counts in whole pages, and whoever had this stack before counts as well, back to the last
    /// trim. One system call for each MiB. What has been swapped out is not seen.
    pub(crate) fn touched(&self) -> usize {
        let page = memory::page_size();
        let mut residency = [0_u8; 256];
        let mut start = self.limit();
        while start < self.end() {
            let pages = ((self.end() - start) / page).min(residency.len());
            let chunk = &mut residency[..pages];
            if memory::residency(start, chunk).is_err() {
                return 0; // only where the system has no such call: all of this is mapped
            }
            if let Some(lowest) = chunk.iter().position(|p| p & 1 != 0) {
                return self.end() - (start + lowest * page);
            }
            start += pages * page;
        }
        0
    }

    /// Gives back what lies below `address`, whole pages only.
    ///
    /// # Safety
    ///
    /// Nobody relies on what the stack contains below `address`.
    pub(super) unsafe fn discard_below(&self, address: usize) {
        let end = address.min(self.end()) & !(memory::page_size() - 1);
        if end > self.limit() {
            // SAFETY: in the usable part of a mapped stack; the rest is the caller's promise. It
            // fails on locked memory, which is then simply not given back.
            let _ = unsafe { memory::discard(self.limit(), end - self.limit()) };
        }
    }
}

/// Gives back what a parked task's stack holds below the task's saved stack pointer.
///
/// Does nothing unless `sp` lies in `stack`: a task may be parked while it stands elsewhere, on a
/// signal stack or on a coroutine of its own, and then all of its own stack may be in use.
///
/// # Safety
///
/// The one context that lives on `stack` is suspended, with `sp` as its stack pointer if that
/// lies in `stack`.
pub(crate) unsafe fn trim_below(stack: &Stack, sp: usize) {
    if stack.contains(sp) {
        // SAFETY: below a suspended context's red zone nothing is in use.
        unsafe { stack.discard_below(sp - RED_ZONE) };
    }
}
