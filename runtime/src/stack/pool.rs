//! The pool: stacks for one hub, sorted by size.

use std::time::{Duration, Instant};

use crate::stack::class::Class;
use crate::stack::region::Guard;
use crate::stack::trim::SLICE;
use crate::stack::{Stack, StackError};
use crate::sys::memory;

/// The usable size of a stack that nobody has asked to be another, in bytes.
///
/// A debug build that does HTTP over TLS touches about 128 KiB.
pub(crate) const DEFAULT_SIZE: usize = 256 * 1024;

/// The smallest usable size in bytes; smaller requests get this.
///
/// A panic that prints a backtrace, or a formatted write in a debug build, needs about that much.
pub(crate) const MIN_SIZE: usize = 16 * 1024;

/// The stacks of one hub.
///
/// [`take`](Pool::take) and [`give`](Pool::give) of a warm stack are a pop and a push. Dropping
/// the pool unmaps every region whose stacks have all come back and keeps the others for ever.
#[derive(Debug)]
pub(crate) struct Pool {
    /// Stacks of [`DEFAULT_SIZE`], which nearly all are.
    default: Class,
    /// One for each other size that was ever asked for; few, so looked through in order.
    others: Vec<Class>,
    /// When the last tick of trimming was; none before the first call of `trim`.
    ticked: Option<Instant>,
}

/// What a pool holds, over all sizes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Stats {
    /// Regions mapped.
    pub(crate) regions: usize,
    /// Bytes of address space in them, guards included; memory only where touched.
    pub(crate) reserved: usize,
    /// Stacks made so far.
    pub(crate) stacks: usize,
    /// Of these, how many wait to be taken.
    pub(crate) idle: usize,
    /// Of the idle ones, how many hold no memory.
    pub(crate) cold: usize,
    /// Stacks that will never come back.
    pub(crate) leaked: usize,
}

impl Pool {
    /// How often trimming looks at the pool.
    const TICK: Duration = Duration::from_secs(1);

    /// An empty pool; maps nothing yet.
    ///
    /// # Panics
    ///
    /// When the environment has an `OSIER_GUARD` that is neither empty nor `mprotect`.
    pub(crate) fn new() -> Pool {
        Pool::with_guard(Guard::from_env())
    }

    /// An empty pool whose first try at a guard is `guard`.
    pub(super) fn with_guard(guard: Guard) -> Pool {
        Pool { default: Class::new(DEFAULT_SIZE, guard), others: Vec::new(), ticked: None }
    }

    /// Takes a stack of at least `size` usable bytes, rounded up to pages and to 16 KiB.
    ///
    /// The one that came back last, if there is one; its contents are whatever was left in it.
    ///
    /// # Errors
    ///
    /// When a limit stands against a new stack; the error names it. The pool stays usable.
    #[inline]
    pub(crate) fn take(&mut self, size: usize) -> Result<Stack, StackError> {
        if size == DEFAULT_SIZE {
            return self.default.take();
        }
        self.take_other(size)
    }

    #[cold]
    fn take_other(&mut self, size: usize) -> Result<Stack, StackError> {
        let page = memory::page_size();
        let Some(size) = size.max(MIN_SIZE).checked_next_multiple_of(page) else {
            return Err(StackError::too_large(size));
        };
        if size == DEFAULT_SIZE {
            return self.default.take();
        }
        if let Some(class) = self.other(size) {
            return class.take();
        }
        // Only a size that can be had gets a class, or a million wrong requests would fill the
        // list.
        let mut class = Class::new(size, self.default.guard());
        let stack = class.take()?;
        self.others.push(class);
        Ok(stack)
    }

    /// Takes a stack back; never a system call, never an allocation.
    ///
    /// Whoever gives it has no more business with its memory: that is what owning a [`Stack`]
    /// means.
    #[inline]
    pub(crate) fn give(&mut self, stack: Stack) {
        if stack.size() == DEFAULT_SIZE {
            self.default.give(stack);
        } else if let Some(class) = self.other(stack.size()) {
            class.give(stack);
        } else {
            debug_assert!(false, "a stack was given to a pool that has never had its size");
        }
    }

    /// Writes a stack off whose frames can never be unwound.
    ///
    /// It is never reused or trimmed, and its region is never unmapped, not even with the pool.
    pub(crate) fn leak(&mut self, stack: Stack) {
        if stack.size() == DEFAULT_SIZE {
            self.default.leak(stack);
        } else if let Some(class) = self.other(stack.size()) {
            class.leak(stack);
        } else {
            debug_assert!(false, "a stack was leaked to a pool that has never had its size");
        }
    }

    /// Gives memory of idle stacks back to the kernel, at most a millisecond's work.
    ///
    /// The hub calls it whenever it is about to wait. Says when to call again: `now` if there is
    /// more to give back at once (look for events first), later if what is idle now may have to
    /// go then, `None` if nothing more can go until a stack has been used. What goes, and why,
    /// stands in [`trim`](crate::stack::trim).
    pub(crate) fn trim(&mut self, now: Instant) -> Option<Instant> {
        let ticked = *self.ticked.get_or_insert(now);
        let ticks = now.saturating_duration_since(ticked).as_secs();
        if ticks > 0 {
            self.ticked = Some(now);
            self.classes().for_each(|class| class.tick(ticks));
        }
        let mut left = SLICE;
        if !self.classes().all(|class| class.trim(&mut left)) {
            return Some(now);
        }
        let settled = self.classes().all(|class| class.is_settled());
        (!settled).then(|| self.ticked.unwrap_or(now) + Self::TICK)
    }

    /// Counts what the pool holds.
    pub(crate) fn stats(&self) -> Stats {
        let mut stats = Stats::default();
        self.default.count(&mut stats);
        self.others.iter().for_each(|class| class.count(&mut stats));
        stats
    }

    fn other(&mut self, size: usize) -> Option<&mut Class> {
        self.others.iter_mut().find(|class| class.size() == size)
    }

    fn classes(&mut self) -> impl Iterator<Item = &mut Class> {
        std::iter::once(&mut self.default).chain(&mut self.others)
    }

    /// For how many default stacks the idle list has room.
    #[cfg(test)]
    pub(super) fn idle_room(&self) -> usize {
        self.default.idle_room()
    }

    /// Where the default stacks' regions lie.
    #[cfg(test)]
    pub(super) fn ranges(&self) -> Vec<std::ops::Range<usize>> {
        self.default.ranges()
    }
}
