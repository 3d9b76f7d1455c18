//! Which process somebody is, in one word, and whether it has ended.
//!
//! The number of a process is given again when it has ended; together with the moment of its start it is not. Both fit into
//! 60 bits: 22 for the number, which is all that the kernel gives, 38 for the ticks since boot, which is 87 years.

use std::fs;
use std::sync::Once;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, getpid, pidfd_open, test_kill_process};

use crate::sys::forked;

/// A process, as a word in shared memory; 0 is none.
pub(crate) type Stamp = u64;

/// Bits of the number.
pub(crate) const PID_BITS: u32 = 22;
const START_BITS: u32 = 38;
/// Of a process of which nobody could read when it started: the number alone stands for it then.
const UNKNOWN: u64 = 0;

/// This process; 0 until it is asked for, and again in a copy.
static ME: AtomicU64 = AtomicU64::new(0);

/// This process.
#[inline]
pub(crate) fn me() -> Stamp {
    match ME.load(Ordering::Relaxed) {
        0 => find_out(),
        me => me,
    }
}

#[cold]
fn find_out() -> Stamp {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| forked::in_copies(forget));
    let me = of(getpid());
    ME.store(me, Ordering::Relaxed);
    me
}

extern "C" fn forget() {
    ME.store(0, Ordering::Relaxed);
}

/// The process that has this number now.
pub(crate) fn of(pid: Pid) -> Stamp {
    pack(pid, started(pid).unwrap_or(UNKNOWN))
}

fn pack(pid: Pid, start: u64) -> Stamp {
    let pid = u64::from(pid.as_raw_nonzero().get().unsigned_abs());
    pid | (start & ((1 << START_BITS) - 1)) << PID_BITS
}

/// Its number.
pub(crate) fn pid_of(who: Stamp) -> u32 {
    (who & ((1 << PID_BITS) - 1)) as u32
}

fn pid(who: Stamp) -> Option<Pid> {
    Pid::from_raw(i32::try_from(pid_of(who)).ok()?)
}

/// When the process of that number started, in ticks since boot; none if there is no such process, or nobody says.
fn started(pid: Pid) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{}/stat", pid.as_raw_nonzero())).ok()?;
    // The name, in parentheses, may have anything in it. Behind it: the state, and 18 more.
    text.rsplit_once(") ")?.1.split(' ').nth(19)?.parse().ok()
}

/// Whether it has ended and was reaped; one that has just ended may be missed. One system call.
pub(crate) fn is_gone(who: Stamp) -> bool {
    who != me() && pid(who).is_none_or(|pid| test_kill_process(pid) == Err(Errno::SRCH))
}

/// Whether it has ended, be it reaped or not.
pub(crate) fn is_dead(who: Stamp) -> bool {
    is_dead_in(who, PID_BITS + START_BITS)
}

/// The same, of somebody of whom so many bits are known, from below.
pub(crate) fn is_dead_in(who: Stamp, bits: u32) -> bool {
    let known = |who: Stamp| who & ((1 << bits) - 1);
    if who == known(me()) {
        return false;
    }
    let Some(pid) = pid(who) else { return true };
    // In this order: if the number was given again in between, the start tells.
    let pidfd = match pidfd_open(pid, PidfdFlags::empty()) {
        Ok(pidfd) => Some(pidfd),
        Err(Errno::SRCH) => return true,
        Err(_) => None, // no descriptors left: the start has to do
    };
    let start = started(pid);
    if start.is_some_and(|start| who >> PID_BITS != UNKNOWN && known(pack(pid, start)) != who) {
        return true;
    }
    pidfd.is_some_and(|pidfd| {
        let mut asked = [PollFd::new(&pidfd, PollFlags::IN)];
        poll(&mut asked, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_lives_and_another_of_its_number_does_not() {
        assert_eq!(pid_of(me()), std::process::id());
        assert!(!is_dead(me()) && !is_gone(me()));
        let parent = rustix::process::getppid().expect("a test has one");
        let start = started(parent).expect("/proc");
        assert!(!is_dead(pack(parent, start)) && !is_gone(pack(parent, start)));
        assert!(!is_dead(pack(parent, UNKNOWN)));
        assert!(is_dead(pack(parent, start + 1)));
    }

    #[test]
    fn one_that_has_ended_is_dead_before_it_is_reaped() {
        let mut child = std::process::Command::new("true").spawn().expect("it starts");
        let pid = Pid::from_child(&child);
        let who = pack(pid, started(pid).expect("/proc"));
        while !is_dead(who) {
            std::thread::yield_now();
        }
        assert!(!is_gone(who));
        child.wait().expect("it is ours");
        assert!(is_gone(who) && is_dead(who));
    }
}
