//! One wait of one select: what its branches register with.

use std::cell::OnceCell;
use std::time::Instant;

use crate::park::{Unparker, park};
use crate::queue::Claim;
use crate::task::{Reason, Wake};
use crate::wait::{Lookout, Watcher};

const SELECTING: Reason = Reason::new("waiting for one of several things");

/// Made for one wait. Whoever serves a branch claims it; whoever only notifies does so by the lookout.
#[derive(Debug)]
pub struct Desk {
    /// Whom to wake.
    who: Unparker,
    /// Which branch was served.
    claim: Claim,
    /// Made when the first branch wants to be notified.
    lookout: OnceCell<Lookout>,
}

impl Desk {
    pub(super) fn new(who: Unparker) -> Desk {
        Desk { who, claim: Claim::default(), lookout: OnceCell::new() }
    }

    pub(super) fn who(&self) -> Unparker {
        self.who.clone()
    }

    pub(super) fn claim(&self) -> &Claim {
        &self.claim
    }

    /// Notifies this select of something that goes by that branch.
    pub(super) fn watcher(&self, branch: u32) -> Watcher {
        self.lookout.get_or_init(Lookout::new).watcher(branch as usize)
    }

    /// Parks until a branch is served or one of the things is notified.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> Wake {
        match self.lookout.get() {
            Some(lookout) => lookout.wait(SELECTING, deadline),
            None => park(SELECTING, deadline, || {}),
        }
    }
}
