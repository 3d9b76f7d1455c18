//! Who makes a call that was handed to a worker: the worker, or somebody else after all.
//!
//! Calls are handed over before a worker has time for them, so that it need not wait for the next. As long as it has not begun
//! with one the parent can take it back, for a worker that has nothing to do, or as this one has died. One shared number
//! decides: the worker claims a call before it begins, the parent revokes all that were not claimed.
//!
//! ```text
//! the number: next (upper half), limit (lower half); what was handed over are tickets below limit
//! worker      claims ticket t if next <= t < limit: next = t + 1
//! parent      hands over up to ticket n: limit = n
//! parent      revokes: next = limit; what was next is the first that was not claimed
//! ```
//!
//! A worker that dies leaves the number behind: tickets below `next` are those that it had begun with.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::Ordering::{AcqRel, Acquire};

use crate::sys::shared::Shared;

/// The number that a worker and its parent share.
#[derive(Debug)]
pub(super) struct Claims(Shared);

fn split(word: u64) -> (u32, u32) {
    ((word >> 32) as u32, word as u32)
}

fn join(next: u32, limit: u32) -> u64 {
    u64::from(next) << 32 | u64::from(limit)
}

impl Claims {
    pub(super) fn new() -> io::Result<Claims> {
        Shared::new(1).map(Claims)
    }

    pub(super) fn of(file: OwnedFd) -> io::Result<Claims> {
        Shared::open(file).map(Claims)
    }

    /// Changes the number; what it was.
    fn change(&self, mut f: impl FnMut(u32, u32) -> Option<(u32, u32)>) -> Option<(u32, u32)> {
        let changed = self.0[0].fetch_update(AcqRel, Acquire, |word| {
            let (next, limit) = split(word);
            f(next, limit).map(|(next, limit)| join(next, limit))
        });
        changed.ok().map(split)
    }

    /// In the worker: whether it is to make the call.
    pub(super) fn claim(&self, ticket: u32) -> bool {
        let of = |next, limit| (next <= ticket && ticket < limit).then_some((ticket + 1, limit));
        self.change(of).is_some()
    }

    /// In the parent: everything below that ticket is handed over.
    pub(super) fn hand_over(&self, up_to: u32) {
        self.change(|next, _| Some((next, up_to)));
    }

    /// In the parent: takes back what was not claimed; the first ticket of that.
    pub(super) fn revoke(&self) -> u32 {
        self.change(|_, limit| Some((limit, limit))).map_or(0, |(next, _)| next)
    }
}

impl AsFd for Claims {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_handed_over_is_claimed_once() {
        let claims = Claims::new().unwrap();
        assert!(!claims.claim(0));
        claims.hand_over(2);
        assert!(claims.claim(0) && !claims.claim(0) && claims.claim(1) && !claims.claim(2));
    }

    #[test]
    fn what_was_revoked_is_claimed_by_nobody() {
        let claims = Claims::new().unwrap();
        claims.hand_over(5);
        assert!(claims.claim(0) && claims.claim(1));
        assert_eq!(claims.revoke(), 2);
        claims.hand_over(7);
        assert!(!claims.claim(2) && !claims.claim(4) && claims.claim(5));
        assert_eq!(claims.revoke(), 6);
        assert_eq!(claims.revoke(), 7);
    }

    #[test]
    fn each_is_claimed_or_revoked_and_never_both() {
        let claims = Claims::new().unwrap();
        claims.hand_over(10_000);
        let file = claims.as_fd().try_clone_to_owned().unwrap();
        let claim_all = move || {
            let other = Claims::of(file).unwrap();
            (0..10_000).take_while(|ticket| other.claim(*ticket)).count()
        };
        let claimed = std::thread::spawn(claim_all);
        std::thread::yield_now();
        let first = claims.revoke();
        assert_eq!(claimed.join().unwrap(), first as usize);
    }
}
