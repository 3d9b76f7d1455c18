//! The stacks of one size: those that are idle, and the regions they are carved from.

use crate::stack::pool::Stats;
use crate::stack::region::{Guard, Region};
use crate::stack::trim::{Ledger, WARM, Work};
use crate::stack::{GUARD_SIZE, Stack, StackError};

/// The first region of the default size holds 64 stacks, in bytes.
const FIRST_REGION: usize = 64 * (256 * 1024 + GUARD_SIZE);
/// Regions double up to 64 Ki stacks of the default size, in bytes: 20 GiB.
const LARGEST_REGION: usize = FIRST_REGION << 10;

/// All stacks of one size.
///
/// A stack is idle, out, or leaked, and only an idle one is ever touched from here. So nothing is
/// counted on the fast path: what is out is what was carved and is not idle.
#[derive(Debug)]
pub(super) struct Class {
    /// The stacks to be had, the last one back at the end. Has room for every stack carved.
    idle: Vec<Stack>,
    /// The least `idle.len()` since the ledger last looked: below it nothing has moved.
    low: usize,
    /// Usable bytes of each stack, whole pages.
    size: usize,
    /// Stacks made so far, and the next one's colour.
    carved: usize,
    /// Stacks that never come back.
    leaked: usize,
    /// The kind of guard to try first.
    guard: Guard,
    /// The mappings; only the last has room for more stacks.
    regions: Vec<Region>,
    /// What of the idle stacks still holds memory, and what should.
    ledger: Ledger,
}

impl Class {
    pub(super) fn new(size: usize, guard: Guard) -> Class {
        Class {
            idle: Vec::new(),
            low: 0,
            size,
            carved: 0,
            leaked: 0,
            guard,
            regions: Vec::new(),
            ledger: Ledger::default(),
        }
    }

    /// Usable bytes of each stack.
    #[inline]
    pub(super) fn size(&self) -> usize {
        self.size
    }

    /// The kind of guard to try first.
    pub(super) fn guard(&self) -> Guard {
        self.guard
    }

    #[inline]
    pub(super) fn take(&mut self) -> Result<Stack, StackError> {
        match self.idle.pop() {
            Some(stack) => {
                self.low = self.low.min(self.idle.len());
                self.idle.last().into_iter().for_each(Stack::prefetch);
                Ok(stack)
            }
            None => self.carve(),
        }
    }

    #[inline]
    pub(super) fn give(&mut self, stack: Stack) {
        self.idle.push(stack);
    }

    /// Forgets a stack that is out: it is never idle again, so its region is never unmapped.
    pub(super) fn leak(&mut self, stack: Stack) {
        let Stack { .. } = stack;
        self.leaked += 1;
    }

    /// Makes a new stack.
    #[cold]
    #[inline(never)]
    fn carve(&mut self) -> Result<Stack, StackError> {
        if self.regions.last().is_none_or(Region::is_full) {
            let region = self.map()?;
            self.regions.push(region);
        }
        let region = self.regions.last_mut().expect("a region was just mapped");
        let limit = region.carve().map_err(|e| StackError::guard(self.size, e))?;
        let stack = Stack::new(limit, self.size, self.carved);
        self.carved += 1;
        // Room for it now, so that giving it back never allocates.
        self.idle.reserve(self.carved);
        Ok(stack)
    }

    /// Maps a region twice the size of the last, or as large as can be had.
    fn map(&self) -> Result<Region, StackError> {
        let Some(slot) = self.size.checked_add(GUARD_SIZE) else {
            return Err(StackError::too_large(self.size));
        };
        let last = self.regions.last().map_or(FIRST_REGION / 2, Region::len);
        let mut slots = ((last * 2).min(LARGEST_REGION) / slot).max(1);
        loop {
            match Region::map(slot, slots, self.guard) {
                Ok(region) => return Ok(region),
                Err(_) if slots > 1 => slots /= 2,
                Err(e) => return Err(StackError::memory(self.size, e)),
            }
        }
    }

    /// Marks the end of a period of `ticks` ticks.
    pub(super) fn tick(&mut self, ticks: u64) {
        self.look();
        self.ledger.tick(self.idle.len(), self.carved - self.leaked, ticks);
    }

    /// Gives back what the ledger says, at most `left` bytes of stacks; whether that is all.
    pub(super) fn trim(&mut self, left: &mut usize) -> bool {
        self.look();
        while let Some(work) = self.ledger.due() {
            if *left == 0 {
                return false;
            }
            *left = left.saturating_sub(self.size);
            let (stack, end) = match work {
                Work::Whole(i) => (&self.idle[i], self.idle[i].end()),
                Work::Deep(i) => (&self.idle[i], self.idle[i].end() - WARM),
            };
            // SAFETY: an idle stack is the pool's, and whoever takes it next expects nothing
            // of its contents.
            unsafe { stack.discard_below(end) };
            self.ledger.done(work);
        }
        true
    }

    /// Whether no amount of waiting would let more memory go.
    pub(super) fn is_settled(&self) -> bool {
        self.ledger.is_settled(self.idle.len())
    }

    /// Tells the ledger which stacks have not moved since it was told last.
    fn look(&mut self) {
        self.ledger.moved_above(self.low);
        self.low = self.idle.len();
    }

    /// Adds what this class holds to `stats`.
    pub(super) fn count(&self, stats: &mut Stats) {
        stats.regions += self.regions.len();
        stats.reserved += self.regions.iter().map(Region::len).sum::<usize>();
        stats.stacks += self.carved;
        stats.idle += self.idle.len();
        stats.cold += self.ledger.cold().min(self.low);
        stats.leaked += self.leaked;
    }

    #[cfg(test)]
    pub(super) fn idle_room(&self) -> usize {
        self.idle.capacity()
    }

    #[cfg(test)]
    pub(super) fn ranges(&self) -> Vec<std::ops::Range<usize>> {
        self.regions.iter().map(|r| r.start()..r.start() + r.len()).collect()
    }
}

impl Drop for Class {
    /// Unmaps each region of which every stack ever carved is idle; one scan for all.
    fn drop(&mut self) {
        self.regions.sort_unstable_by_key(Region::start);
        let mut back = vec![0; self.regions.len()];
        for stack in &self.idle {
            let above = self.regions.partition_point(|r| r.start() <= stack.limit());
            if above > 0 && self.regions[above - 1].contains(stack.limit()) {
                back[above - 1] += 1;
            }
        }
        for (region, back) in self.regions.drain(..).zip(back) {
            if back == region.carved() {
                // SAFETY: every stack in it is owned by `idle`, which nobody can take from now.
                unsafe { region.unmap() };
            }
        }
    }
}
