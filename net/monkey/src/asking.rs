//! Waiting for what tells nobody when it has come: asking again, at growing intervals.

use std::os::fd::BorrowedFd;
use std::time::{Duration, Instant};

use osier_runtime::beneath::{Ears, From};
use osier_runtime::{Reason, Wake, clock};

use crate::futex::gate;

/// The first interval.
const FIRST: Duration = Duration::from_micros(100);
/// The longest.
const LAST: Duration = Duration::from_millis(16);

/// How often it was asked already.
#[derive(Debug)]
pub(crate) struct Asking {
    next: Duration,
    ears: Ears,
    reason: Reason,
}

impl Asking {
    pub(crate) fn new(ears: Ears, reason: Reason) -> Asking {
        Asking { next: FIRST, ears, reason: reason.outside() }
    }

    /// Waits until the descriptor says something, or for a while if there is none that can be waited for; none where the OS thread
    /// has to wait, in the call itself.
    pub(crate) fn wait_for(&mut self, fd: Option<BorrowedFd<'_>>) -> Option<Wake> {
        let Some(fd) = fd else { return self.wait() };
        let waited = gate::enter(self.ears)?.readable(fd, self.reason, None);
        waited.ok().or_else(|| self.wait())
    }

    fn wait(&mut self) -> Option<Wake> {
        let deadline: Option<Instant> = clock::now().checked_add(self.next);
        self.next = (self.next * 2).min(LAST);
        Some(gate::enter(self.ears)?.park(self.reason, deadline, From::Told))
    }
}
