//! How many wait in a shard: where nobody does, that is all that who wakes looks at.
//!
//! ```text
//!   who waits: count itself; fence; take the line; look at the word; if it is as said: enter
//!   who wakes: change the word; fence (the kernel's); look at the count; if it is not 0: take the line
//! ```
//!
//! Whichever comes second sees the other. `models/` tries every interleaving. The number is not in here: it is a part of a
//! static, which a model checker's could not be.

use super::atomic::{AtomicU32, Ordering, fence};

/// Counts one who is about to look at the word.
pub(crate) fn announce(count: &AtomicU32) {
    count.fetch_add(1, Ordering::Relaxed);
    fence(Ordering::SeqCst);
}

/// Counts `fewer` less, who have left the line or never entered it.
pub(crate) fn retract(count: &AtomicU32, fewer: u32) {
    count.fetch_sub(fewer, Ordering::Relaxed);
}

/// Whether nobody can have waited when the fence before this was passed.
#[inline(always)]
pub(crate) fn is_zero(count: &AtomicU32) -> bool {
    count.load(Ordering::Relaxed) == 0
}
