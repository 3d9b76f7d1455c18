//! Whether a hub sleeps, and who has to ring for it.
//!
//! A ring is a system call, so it is for a hub that sleeps or is about to:
//!
//! ```text
//!   other thread: put the message; fence; if asleep was set: unset it, ring
//!   the hub:      set asleep; fence; look into the queue; if empty: sleep; unset asleep
//! ```
//!
//! Whichever comes second sees the other, so no message sleeps through. `models/` tries every
//! interleaving. All changes of the flag are swaps, so that they have one order without argument; the
//! hub's are two a sleep.

use super::atomic::{AtomicBool, Ordering, fence};

#[derive(Debug)]
pub(crate) struct Bell {
    /// Whether the hub sleeps, or is about to.
    asleep: AtomicBool,
}

impl Bell {
    pub(crate) fn new() -> Bell {
        Bell { asleep: AtomicBool::new(false) }
    }

    /// Says that the hub is about to sleep; it has to look once more before it does.
    pub(crate) fn fall_asleep(&self) {
        self.asleep.swap(true, Ordering::AcqRel);
        fence(Ordering::SeqCst);
    }

    /// Says that it has slept.
    pub(crate) fn wake_up(&self) {
        self.asleep.swap(false, Ordering::AcqRel);
    }

    /// After a message was put: whether to ring.
    #[inline]
    pub(crate) fn must_ring(&self) -> bool {
        fence(Ordering::SeqCst);
        // The load spares the line of a hub that is awake a write.
        self.asleep.load(Ordering::Relaxed) && self.asleep.swap(false, Ordering::AcqRel)
    }
}
