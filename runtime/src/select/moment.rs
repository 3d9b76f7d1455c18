//! A branch that is a moment.

use std::time::{Duration, Instant};

use super::branch::Steps;
use super::desk::Desk;
use crate::clock;

/// A branch that is done when that time is over.
///
/// It counts from when the select begins to wait: one that need not wait does not look at the clock. Used
/// again, by `&mut`, it goes on with what is left, and anew once it was taken.
///
/// ```
/// use std::time::Duration;
/// use osier::queue::Queue;
/// use osier::select::{after, get};
///
/// osier::run(|| {
///     let queue: Queue<u32> = Queue::unbounded();
///     let in_time = osier::select! {
///         _ = get(&queue) => true,
///         () = after(Duration::from_millis(1)) => false,
///     };
///     assert!(!in_time);
/// });
/// ```
pub fn after(limit: Duration) -> Moment {
    Moment { limit: Some(limit), at: None, done: false }
}

/// A branch that is done from that moment on.
///
/// ```
/// use std::time::{Duration, Instant};
/// use osier::queue::Queue;
/// use osier::select::{at, get};
///
/// osier::run(|| {
///     let queue: Queue<u32> = (0..).take(1_000_000).collect();
///     let end = Instant::now() + Duration::from_millis(1);
///     let mut count = 0;
///     loop {
///         osier::select! {
///             _ = get(&queue) => count += 1,
///             () = at(end) => break, // chosen though there is something to get
///         }
///     }
///     assert!(count < 1_000_000);
/// });
/// ```
pub fn at(moment: Instant) -> Moment {
    Moment { limit: None, at: Some(moment), done: false }
}

/// A branch that is a moment, made by [`after`] or [`at`].
#[derive(Debug, Clone)]
pub struct Moment {
    /// How long to wait, if it was made of that.
    limit: Option<Duration>,
    /// Until when, once that is known; a length that no clock reaches has none.
    at: Option<Instant>,
    done: bool,
}

impl Moment {
    /// Whether it was the one that was done.
    #[inline]
    pub fn take(&mut self) -> Option<()> {
        if self.done && self.limit.is_some() {
            self.at = None;
        }
        std::mem::take(&mut self.done).then_some(())
    }
}

impl Steps for Moment {
    #[inline]
    fn is_ready(&mut self) -> bool {
        self.at.is_some_and(|at| clock::now() >= at)
    }

    fn finish(&mut self) -> bool {
        self.done = true;
        true
    }

    fn enter(&mut self, _: &Desk, _: u32) -> bool {
        true
    }

    fn leave(&mut self, _: bool) {}

    fn deadline(&mut self) -> Option<Instant> {
        self.at = self.at.or_else(|| self.limit.and_then(clock::deadline));
        self.at
    }

    fn give_up(&mut self) {
        self.done = true;
    }
}
