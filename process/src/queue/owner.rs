//! Which process something belongs to, in as few bits as a place of a queue has for it: the lower ones of its stamp.

use crate::stamp::{self, PID_BITS};

/// Bits of when it was started, which tells it from another of the same number.
const START_BITS: u32 = 16;
/// Bits of an owner.
pub(super) const BITS: u32 = PID_BITS + START_BITS;

/// A process: its number, and something of when it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner(u64);

impl Owner {
    /// This process.
    pub(super) fn me() -> Owner {
        Owner::from_bits(stamp::me())
    }

    pub(super) const fn from_bits(bits: u64) -> Owner {
        Owner(bits & ((1 << BITS) - 1))
    }

    pub(super) fn bits(self) -> u64 {
        self.0
    }

    /// Whether it has not ended. One of whom nothing can be learned is taken to live.
    pub(super) fn lives(self) -> bool {
        !stamp::is_dead_in(self.0, BITS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_one_of_another_start_does_not() {
        let me = Owner::me();
        assert!(me.lives());
        assert_eq!(stamp::pid_of(me.bits()), std::process::id());
        assert!(!Owner::from_bits(me.bits() ^ 1 << PID_BITS).lives());
        assert!(!Owner::from_bits((1 << PID_BITS) - 1).lives());
    }

    #[test]
    fn one_that_has_ended_and_is_not_reaped_does_not_live() {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        use std::process::{Command, Stdio};
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let owner = Owner::from_bits(stamp::of(Pid::from_child(&child)));
        assert!(owner.lives());
        drop(child.stdin.take());
        let id = WaitId::Pid(Pid::from_child(&child));
        waitid(id, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        assert!(!owner.lives());
        child.wait().unwrap();
    }
}
