//! Which process something belongs to, in few bits.

use std::fs;
use std::sync::{Mutex, PoisonError};

/// Bits of a process' number: at most 4,194,304 (PID_MAX_LIMIT).
const PID: u32 = 22;
/// Bits of when it was started, which tells it from another of the same number.
const START: u32 = 16;
/// Bits of an owner.
pub(super) const BITS: u32 = PID + START;

/// This process, and its number: a forked copy has another.
static ME: Mutex<Option<(u32, Owner)>> = Mutex::new(None);

/// A process: its number, and something of when it was started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Owner(u64);

impl Owner {
    /// This process.
    pub(super) fn me() -> Owner {
        let pid = std::process::id();
        let mut known = ME.lock().unwrap_or_else(PoisonError::into_inner);
        match *known {
            Some((of, owner)) if of == pid => owner,
            _ => {
                let owner = Owner(u64::from(pid) | start(pid.into()).unwrap_or_default() << PID);
                known.insert((pid, owner)).1
            }
        }
    }

    pub(super) const fn from_bits(bits: u64) -> Owner {
        Owner(bits & ((1 << BITS) - 1))
    }

    pub(super) fn bits(self) -> u64 {
        self.0
    }

    /// The process' number.
    pub(super) fn pid(self) -> u64 {
        self.0 & ((1 << PID) - 1)
    }

    /// Whether it has not ended. One of whom nothing can be learned is taken to live.
    pub(super) fn lives(self) -> bool {
        if self == Owner::me() {
            return true;
        }
        match start(self.pid()) {
            Some(start) => start == self.0 >> PID,
            None => fs::exists(format!("/proc/{}", self.pid())).unwrap_or(true),
        }
    }
}

/// When that process was started, in ticks, as many bits as are kept; none if it has ended, reaped or not.
fn start(pid: u64) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second field is the name, in parentheses, which may have any in it.
    let mut fields = text.rsplit_once(')')?.1.split_ascii_whitespace();
    let ended = matches!(fields.next()?, "Z" | "X");
    let ticks: u64 = fields.nth(18)?.parse().ok()?;
    // Bits that no start has say: ended.
    Some(if ended { 1 << START } else { ticks & ((1 << START) - 1) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_one_of_another_start_does_not() {
        let me = Owner::me();
        assert!(me.lives());
        assert_eq!(me.pid(), u64::from(std::process::id()));
        assert!(!Owner::from_bits(me.bits() ^ 1 << PID).lives());
        assert!(!Owner::from_bits((1 << PID) - 1).lives());
    }

    #[test]
    fn one_that_has_ended_and_is_not_reaped_does_not_live() {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        use std::process::{Command, Stdio};
        let mut child = Command::new("cat").stdin(Stdio::piped()).spawn().unwrap();
        let pid = u64::from(child.id());
        let owner = Owner(pid | start(pid).unwrap() << PID);
        assert!(owner.lives());
        drop(child.stdin.take());
        let id = WaitId::Pid(Pid::from_child(&child));
        waitid(id, WaitIdOptions::EXITED | WaitIdOptions::NOWAIT).unwrap();
        assert!(!owner.lives());
        child.wait().unwrap();
    }
}
