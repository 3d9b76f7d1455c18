//! Names of tasks, and tickets for their waits.

use std::fmt;
use std::num::NonZeroU64;

/// Tells tasks apart; never given twice in one process.
///
/// Printed as the number of the task in its hub, from 1 (the main task) on; tasks of hubs after
/// the first as `HUB.NUMBER`.
///
/// ```
/// osier::run(|| {
///     let task = osier::spawn(|| osier::current().id());
///     let id = task.id();
///     assert_eq!(task.join().unwrap(), id);
/// });
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(NonZeroU64);

/// So many tasks a hub can number: 30,000 a second for a year; and hubs, one a second for 24 days.
const COUNT_BITS: u32 = 40;

impl TaskId {
    /// The `count`-th task (from 1) of a hub (from 1).
    pub(crate) fn new(hub: u32, count: u64) -> TaskId {
        let bits = u64::from(hub) << COUNT_BITS | (count & ((1 << COUNT_BITS) - 1));
        TaskId(NonZeroU64::new(bits).expect("hubs count from 1"))
    }

    /// The hub that it belongs to.
    pub(crate) fn hub(self) -> u32 {
        (self.0.get() >> COUNT_BITS) as u32
    }

    /// The whole number, unique in the process.
    pub fn get(self) -> u64 {
        self.0.get()
    }

    pub(super) const fn bits(self) -> u64 {
        self.0.get()
    }

    pub(super) fn from_bits(bits: u64) -> Option<TaskId> {
        NonZeroU64::new(bits).map(TaskId)
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.0.get() & ((1 << COUNT_BITS) - 1);
        match self.hub() {
            1 => write!(f, "{count}"),
            hub => write!(f, "{hub}.{count}"),
        }
    }
}

impl fmt::Debug for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TaskId({self})")
    }
}

/// One wait of one task: whoever holds it can end that wait, and no later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Waiter {
    /// Whose wait it is; compared with what is found at `slot`.
    pub(crate) id: TaskId,
    /// Where the hub keeps that task.
    pub(crate) slot: u32,
    /// The number of the wait.
    pub(crate) wait: u32,
}
