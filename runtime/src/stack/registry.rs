//! All regions of the process, readable from a signal handler.
//!
//! A fault may strike at any instruction, so the reader takes no lock, allocates nothing and
//! never waits: it walks a list of blocks that only ever grows. Each entry is a sequence lock:
//!
//! ```text
//! state mod 4:   FREE 0 ──claim──> 1 WRITING ──publish──> 2 LIVE ──remove──> FREE 4 ...
//! ```
//!
//! A reader believes what it has read between two looks at the same LIVE state. What it loses by
//! a change in between is nothing: the region whose guard was hit is in use, so it stays.

use std::ptr;
use std::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use std::sync::atomic::{AtomicPtr, AtomicUsize, fence};

use crate::stack::GUARD_SIZE;

const FREE: usize = 0;
const LIVE: usize = 2;
const PHASES: usize = 4;

/// A region's place in the registry.
#[derive(Debug)]
pub(super) struct Entry {
    /// The phase in the low two bits, how often it came round above: changes with every write.
    state: AtomicUsize,
    /// The region's lowest address. Valid while the state is LIVE, as are the next two.
    start: AtomicUsize,
    /// Its length in bytes.
    len: AtomicUsize,
    /// Bytes from slot to slot; each begins with its guard.
    slot: AtomicUsize,
}

/// Some entries and the way to more; never freed, so that readers need no protection.
#[derive(Debug)]
struct Block {
    entries: [Entry; 32],
    /// Null, or a leaked block; once set it never changes.
    next: AtomicPtr<Block>,
}

static FIRST: Block = Block::new();

/// Makes a region known.
pub(super) fn insert(start: usize, len: usize, slot: usize) -> &'static Entry {
    let mut block = &FIRST;
    loop {
        if let Some(entry) = block.entries.iter().find(|entry| entry.claim()) {
            entry.publish(start, len, slot);
            return entry;
        }
        block = block.next_or_new();
    }
}

/// Forgets a region, before its memory is unmapped.
pub(super) fn remove(entry: &'static Entry) {
    // LIVE to FREE of the next round. Release: no earlier read of ours moves behind it.
    entry.state.fetch_add(PHASES - LIVE, Release);
}

/// The usable size of the stack whose guard holds `address`, and its end. Safe in a signal handler.
pub(super) fn stack_guarded_at(address: usize) -> Option<(usize, usize)> {
    let mut block = Some(&FIRST);
    while let Some(present) = block {
        if let Some(found) = present.entries.iter().find_map(|e| e.stack_guarded_at(address)) {
            return Some(found);
        }
        block = present.next();
    }
    None
}

/// The end of the stack whose usable part holds `address`. Safe in a signal handler.
pub(crate) fn end_of_stack_at(address: usize) -> Option<usize> {
    let mut block = Some(&FIRST);
    while let Some(present) = block {
        if let Some(found) = present.entries.iter().find_map(|e| e.end_of_stack_at(address)) {
            return Some(found);
        }
        block = present.next();
    }
    None
}

impl Entry {
    const fn new() -> Entry {
        Entry {
            state: AtomicUsize::new(FREE),
            start: AtomicUsize::new(0),
            len: AtomicUsize::new(0),
            slot: AtomicUsize::new(0),
        }
    }

    fn claim(&self) -> bool {
        let state = self.state.load(Relaxed);
        // Acquire: our writes come after the last owner's, whose region this was.
        state % PHASES == FREE
            && self.state.compare_exchange(state, state + 1, Acquire, Relaxed).is_ok()
    }

    fn publish(&self, start: usize, len: usize, slot: usize) {
        // A reader that sees one of these sees WRITING as well.
        fence(Release);
        self.start.store(start, Relaxed);
        self.len.store(len, Relaxed);
        self.slot.store(slot, Relaxed);
        self.state.fetch_add(1, Release);
    }

    fn stack_guarded_at(&self, address: usize) -> Option<(usize, usize)> {
        let (offset, slot) = self.place_of(address)?;
        (offset < GUARD_SIZE).then(|| (slot - GUARD_SIZE, address - offset + slot))
    }

    fn end_of_stack_at(&self, address: usize) -> Option<usize> {
        let (offset, slot) = self.place_of(address)?;
        (offset >= GUARD_SIZE).then(|| address - offset + slot)
    }

    /// How far `address` is into its slot, and how long that is, if the region holds it.
    fn place_of(&self, address: usize) -> Option<(usize, usize)> {
        let state = self.state.load(Acquire);
        if state % PHASES != LIVE {
            return None;
        }
        let start = self.start.load(Relaxed);
        let len = self.len.load(Relaxed);
        let slot = self.slot.load(Relaxed);
        fence(Acquire);
        let offset = address.wrapping_sub(start);
        let same = self.state.load(Relaxed) == state;
        (same && offset < len).then(|| (offset % slot, slot))
    }
}

impl Block {
    const fn new() -> Block {
        Block { entries: [const { Entry::new() }; 32], next: AtomicPtr::new(ptr::null_mut()) }
    }

    fn next(&self) -> Option<&'static Block> {
        // SAFETY: null or a leaked block, published by the exchange below.
        unsafe { self.next.load(Acquire).as_ref() }
    }

    fn next_or_new(&self) -> &'static Block {
        self.next().unwrap_or_else(|| {
            let new = Box::into_raw(Box::new(Block::new()));
            match self.next.compare_exchange(ptr::null_mut(), new, Release, Acquire) {
                // SAFETY: leaked from here on, never freed.
                Ok(_) => unsafe { &*new },
                Err(first) => {
                    // SAFETY: `new` was never shared; `first` is somebody's leaked block.
                    unsafe {
                        drop(Box::from_raw(new));
                        &*first
                    }
                }
            }
        })
    }
}
