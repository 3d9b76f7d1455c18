//! One of those who wait at a barrier, from its place in the line to the end of the round.

use std::time::Instant;

use super::barrier::{BROKEN, Barrier, BrokenBarrier, HOW, PASSED, ROUND};
use super::gate::FLAG;
use super::line::Standing;
use super::wait::{Waiter, Woken, reason};

/// One who waits for the others.
pub(super) struct Party<'a> {
    barrier: &'a Barrier,
    waiter: Waiter<'a>,
    round: u64,
}

impl<'a> Party<'a> {
    pub(super) fn new(barrier: &'a Barrier, waiter: Waiter<'a>, round: u64) -> Party<'a> {
        Party { barrier, waiter, round }
    }

    /// Waits for the end of the round; `before` is what it gives.
    pub(super) fn stand(
        mut self,
        deadline: Option<Instant>,
        before: usize,
    ) -> Result<usize, BrokenBarrier> {
        loop {
            match self.verdict() {
                Some(PASSED) => return Ok(before),
                Some(_) => return Err(BrokenBarrier),
                None => {}
            }
            let reason = reason("waiting for other processes at a barrier", None);
            match self.waiter.wait(reason, deadline) {
                Woken::Rung => {}
                Woken::Look if self.is_in_vain() => _ = self.barrier.end(self.round, BROKEN),
                Woken::Look => {}
                Woken::TimedOut => _ = self.barrier.end(self.round, BROKEN),
            }
        }
    }

    /// Whether somebody has ended for whom all wait.
    fn is_in_vain(&self) -> bool {
        self.barrier.has_dead() || self.barrier.actor().is_dead(self.round)
    }

    /// How the round has ended, if it has; the flag tells if whoever ended it was not able to.
    fn verdict(&self) -> Option<u64> {
        match self.waiter.standing() {
            Standing::Told => return Some(PASSED),
            Standing::Refused => return Some(BROKEN),
            _ => {}
        }
        let flag = self.barrier.gate.words().load(FLAG);
        let is_next = flag / ROUND == self.round + 1;
        (flag / ROUND != self.round).then_some(if is_next { flag & HOW } else { BROKEN })
    }
}

/// One who leaves before the round has ended breaks it.
impl Drop for Party<'_> {
    fn drop(&mut self) {
        if self.verdict().is_none() {
            self.barrier.end(self.round, BROKEN);
        }
        self.waiter.leave();
    }
}
