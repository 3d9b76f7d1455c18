//! Standing in a line: the one loop of all waits in this folder.
//!
//! What is granted is one's own from that moment. A wait that is cut short in the same moment, by a
//! kill or a time-out, is then no failure: the caller has what it wanted, and the kill stays in
//! store for its next wait. Who has to unwind nevertheless gives back.

use std::time::Instant;

use crate::blocker::{Blocker, Rouser};
use crate::cancel::deliver;
use crate::task::{Reason, Wake};
use crate::wait::list::{Ticket, WaitList};

/// What has a line to stand in.
pub(super) trait Desk {
    /// What one comes with, and has back when one goes with nothing.
    type Want;
    /// What one goes with.
    type Got;

    /// Takes at once, or enters the line.
    fn enter(&self, want: Self::Want, who: impl FnOnce() -> Rouser) -> Result<Self::Got, Ticket>;

    /// Takes what was granted; or stays in line, to wait again; or leaves.
    fn settle(&self, ticket: Ticket, again: Option<&Blocker>) -> Settled<Self::Got, Self::Want>;

    /// Has back what nobody will use.
    fn give_back(&self, got: Self::Got);
}

/// What came of a look at one's place in the line.
pub(super) enum Settled<G, W> {
    /// It was granted.
    Got(G),
    /// It is still in line.
    Stays,
    /// It has left without.
    Left(W),
}

/// [`Desk::settle`] for a line of people who want to hear of something, and nothing else.
pub(super) fn settle(
    line: &mut WaitList<(), Rouser>,
    ticket: Ticket,
    again: Option<&Blocker>,
) -> Settled<(), ()> {
    match again {
        Some(blocker) if !line.is_granted(ticket) => {
            line.renew(ticket, blocker.rouser());
            Settled::Stays
        }
        _ if line.leave(ticket).1 => Settled::Got(()),
        _ => Settled::Left(()),
    }
}

/// Why a wait ended with nothing.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Vain {
    /// The deadline came first.
    TimedOut,
    /// Whoever asked may not wait.
    Refused,
}

/// Waits until it is granted, or the deadline comes.
pub(super) fn wait<D: Desk>(
    desk: &D,
    mut want: D::Want,
    reason: Reason,
    deadline: Option<Instant>,
) -> Result<D::Got, (Vain, D::Want)> {
    loop {
        let Some(mut blocker) = Blocker::here() else { return Err((Vain::Refused, want)) };
        let ticket = match desk.enter(want, || blocker.rouser()) {
            Ok(got) => return Ok(got),
            Err(ticket) => ticket,
        };
        let (wake, left) = match stand(desk, ticket, &mut blocker, reason, deadline) {
            Ok(got) => return Ok(got),
            Err(cut) => cut,
        };
        want = match wake {
            Wake::TimedOut => return Err((Vain::TimedOut, left)),
            Wake::Refused => return Err((Vain::Refused, left)),
            Wake::Woken | Wake::Killed => left,
        };
        deliver(wake);
    }
}

/// Stands in line until it is granted or the wait is cut short.
fn stand<D: Desk>(
    desk: &D,
    ticket: Ticket,
    blocker: &mut Blocker,
    reason: Reason,
    deadline: Option<Instant>,
) -> Result<D::Got, (Wake, D::Want)> {
    let place = Place { desk, ticket };
    loop {
        let wake = blocker.block(reason, deadline);
        let again = (wake == Wake::Woken).then_some(&*blocker);
        match desk.settle(ticket, again) {
            Settled::Stays => {} // a bell that somebody rang late
            Settled::Got(got) => {
                std::mem::forget(place);
                return Ok(got);
            }
            Settled::Left(want) => {
                std::mem::forget(place);
                return Err((wake, want));
            }
        }
    }
}

/// Leaves the line when the wait itself panics, as it does inside of `no_switch`.
struct Place<'a, D: Desk> {
    desk: &'a D,
    ticket: Ticket,
}

impl<D: Desk> Drop for Place<'_, D> {
    fn drop(&mut self) {
        if let Settled::Got(got) = self.desk.settle(self.ticket, None) {
            self.desk.give_back(got);
        }
    }
}
