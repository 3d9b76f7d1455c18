//! Counters of a hub.

use crate::greenlet::stack_stats;
use crate::hub::{Hub, expect_hub};

/// What a hub has at one moment; see [`stats`].
///
/// ```
/// let stats = osier::run(osier::stats);
/// assert_eq!((stats.tasks, stats.stacks, stats.timers), (1, 1, 0));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Tasks that have not ended.
    pub tasks: usize,
    /// Those of them that wait for their turn.
    pub ready: usize,
    /// Timers that are set.
    pub timers: usize,
    /// Descriptors that are watched.
    pub descriptors: usize,
    /// Tasks that wait for a descriptor.
    pub waiting: usize,
    /// Stacks made so far.
    pub stacks: usize,
    /// Those of them that wait for a task.
    pub idle_stacks: usize,
    /// Stacks made so far for greenlets and generators, of this OS thread: they are not the hub's, and outlive it.
    pub greenlet_stacks: usize,
    /// Those of them that wait for a greenlet.
    pub idle_greenlet_stacks: usize,
    /// Bytes of address space that all these stacks take; memory only where touched.
    pub reserved: usize,
}

/// Counts what this thread's hub has.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// osier::run(|| {
///     let task = osier::spawn(|| ());
///     assert_eq!(osier::stats().tasks, 2);
///     task.join().unwrap();
///     assert_eq!(osier::stats().tasks, 1);
/// });
/// ```
pub fn stats() -> Stats {
    expect_hub("counters were asked for", Hub::stats)
}

impl Hub {
    fn stats(&self) -> Stats {
        let (stacks, greenlets) = (self.stack_stats(), stack_stats());
        let reactor = self.reactor.borrow();
        Stats {
            tasks: self.task_count(),
            ready: self.ready_count(),
            timers: self.timer_count(),
            descriptors: reactor.sources(),
            waiting: reactor.waiting(),
            stacks: stacks.stacks,
            idle_stacks: stacks.idle,
            greenlet_stacks: greenlets.stacks,
            idle_greenlet_stacks: greenlets.idle,
            reserved: stacks.reserved + greenlets.reserved,
        }
    }
}
