//! A region: one mapping, cut into equal slots of guard and stack.
//!
//! Slots are carved from the lowest up, one at a time: the guard is set when a stack is first
//! made, so a region costs a system call to reserve and nothing for what is never used.
//!
//! # Which guard
//!
//! `MADV_GUARD_INSTALL` (Linux 6.13) sets markers in the page table: 0.5 us each, a million in
//! one mapping, at 640 bytes of page table each. Where it is missing or refused (older kernels,
//! locked memory, emulators, some of which answer "done" and do nothing), `mprotect` does it at
//! the price of two mappings a stack. A process may have `vm.max_map_count` of them, 65,530 by
//! default, and one that has used them all dies of its next `malloc` or thread. So this kind stops
//! a thousand short of the limit. The choice is made for each region, as only some of a process's
//! memory may be locked.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use crate::settings::{Guards, settings};
use crate::stack::GUARD_SIZE;
use crate::stack::registry::{self, Entry};
use crate::sys::{limits, memory};

/// How a guard is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Guard {
    /// By markers in the page table, or the other way where that fails.
    Marker,
    /// By access rights, a mapping of its own each.
    Protection,
}

impl Guard {
    /// The kind to try first: `OSIER_GUARD=mprotect` rules markers out.
    ///
    /// # Panics
    ///
    /// When the variable has another value.
    pub(super) fn from_env() -> Guard {
        match settings().guards {
            Guards::Best => Guard::Marker,
            Guards::Mprotect => Guard::Protection,
        }
    }
}

/// One mapping of equal slots; unmapped only by [`Region::unmap`].
#[derive(Debug)]
pub(super) struct Region {
    /// The lowest address: the first slot's guard.
    start: usize,
    /// Bytes from one slot to the next, guard included; whole pages.
    slot: usize,
    /// How many slots there are.
    slots: usize,
    /// How many are stacks, from the lowest on.
    carved: usize,
    /// How many have a guard: the stacks, and some of the slots that come next.
    guarded: usize,
    /// The kind of guard in use here; falls from markers to protection, never back, and only
    /// before the first stack exists or between two stacks.
    guard: Guard,
    /// How many of the guards are mappings of their own, to be counted off in the end.
    protected: usize,
    /// What the fault handler knows of this region.
    entry: &'static Entry,
}

impl Region {
    /// Reserves `slots` slots of `slot` bytes.
    pub(super) fn map(slot: usize, slots: usize, guard: Guard) -> io::Result<Region> {
        let len = slot.checked_mul(slots).ok_or(io::ErrorKind::OutOfMemory)?;
        let start = memory::reserve(len)?;
        let entry = registry::insert(start, len, slot);
        Ok(Region { start, slot, slots, carved: 0, guarded: 0, guard, protected: 0, entry })
    }

    /// Makes the next stack: sets its guard and returns the address above it.
    ///
    /// # Errors
    ///
    /// When no guard can be set; nothing has changed then.
    ///
    /// # Panics
    ///
    /// When the region is full.
    pub(super) fn carve(&mut self) -> io::Result<usize> {
        assert!(!self.is_full(), "a full region was asked for another stack");
        let start = self.start + self.carved * self.slot;
        if self.guarded == self.carved {
            self.guard_next(start)?;
        }
        self.carved += 1;
        Ok(start + GUARD_SIZE)
    }

    /// Sets the guard of the next slot, and perhaps of some that follow.
    fn guard_next(&mut self, start: usize) -> io::Result<()> {
        if self.guard == Guard::Marker {
            let done = self.mark_some(start);
            if done > 0 {
                self.guarded += done;
                return Ok(());
            }
            self.guard = Guard::Protection;
        }
        protect(start)?;
        self.protected += 1;
        self.guarded += 1;
        Ok(())
    }

    /// Sets guards of the marker kind, several at a time once the region is large or has been
    /// used; how many stand.
    ///
    /// *Measured*, for 100,000 stacks: a call each for the guard and a fault for the first page 2.4 us a stack, 64 guards
    /// and 64 pages in a call each 1.6 us.
    fn mark_some(&self, start: usize) -> usize {
        let wanted = (self.carved.max(self.slots / 8) / 4).min(self.slots - self.carved);
        if self.carved > 0 && wanted > 1 {
            // SAFETY: the slots are not carved, so nobody uses them.
            let done = unsafe { memory::install_guards(start, GUARD_SIZE, self.slot, wanted) };
            if done > 0 {
                let page = memory::page_size();
                memory::populate(start + self.slot - page, self.slot, done);
                return done;
            }
        }
        usize::from(self.mark(start))
    }

    /// Sets a guard of the marker kind; whether it stands.
    fn mark(&self, start: usize) -> bool {
        // SAFETY: the slot is not carved, so nobody uses it.
        let done = unsafe { memory::install_guard(start, GUARD_SIZE) }.is_ok();
        // An emulator takes the advice and does nothing. Once a region is proof enough.
        // SAFETY: as above.
        done && (self.carved > 0 || unsafe { memory::is_forbidden(start) })
    }

    /// Unmaps the region.
    ///
    /// # Safety
    ///
    /// No stack of it is in use, or ever will be.
    pub(super) unsafe fn unmap(self) {
        // First out of the registry: another thread may get the address at once.
        registry::remove(self.entry);
        // SAFETY: promised by the caller. If it fails (a hole in a joined mapping needs one
        // mapping more) the address space is lost, but not the memory.
        unsafe {
            if memory::unmap(self.start, self.len()).is_err() {
                let _ = memory::discard(self.start, self.len());
                return;
            }
        }
        PROTECTED.fetch_sub(self.protected, Relaxed);
    }

    pub(super) fn start(&self) -> usize {
        self.start
    }

    /// Bytes in all.
    pub(super) fn len(&self) -> usize {
        self.slot * self.slots
    }

    pub(super) fn carved(&self) -> usize {
        self.carved
    }

    pub(super) fn is_full(&self) -> bool {
        self.carved == self.slots
    }

    pub(super) fn contains(&self, address: usize) -> bool {
        address.wrapping_sub(self.start) < self.len()
    }
}

/// Guards of this process that are mappings of their own.
static PROTECTED: AtomicUsize = AtomicUsize::new(0);
/// How many there may be, as far as was last asked; zero before that.
static ALLOWED: AtomicUsize = AtomicUsize::new(0);
/// Mappings left to the rest of the process, or a quarter of all where there are few.
const SPARE_MAPS: usize = 1024;

/// Sets a guard that is a mapping of its own, within the process's budget of mappings.
fn protect(start: usize) -> io::Result<()> {
    let count = PROTECTED.fetch_add(1, Relaxed) + 1;
    let done = if count <= ALLOWED.load(Relaxed) || count <= allowed() {
        // SAFETY: the caller has the slot, and it is not carved.
        unsafe { memory::forbid(start, GUARD_SIZE) }
    } else {
        Err(io::Error::from_raw_os_error(libc::ENOMEM))
    };
    done.inspect_err(|_| {
        PROTECTED.fetch_sub(1, Relaxed);
    })
}

/// Asks anew how many guards may be mappings: the limit can be raised while we run.
#[cold]
fn allowed() -> usize {
    let allowed =
        limits::max_map_count().map_or(usize::MAX, |max| (max - SPARE_MAPS.min(max / 4)) / 2);
    ALLOWED.store(allowed, Relaxed);
    allowed
}
