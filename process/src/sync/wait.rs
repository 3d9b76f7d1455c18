//! Waiting in a line that several processes share: what the state machines leave out.
//!
//! A task waits at its bell, and looks by itself now and then: whoever should have rung may have ended before it did.

use std::io::ErrorKind;
use std::thread::panicking;
use std::time::{Duration, Instant};

use osier_runtime::{Reason, clock, who};
use rustix::time::{ClockId, clock_gettime};

use super::bell::{self, Bell, Rang};
use super::line::{Line, Place, Standing};
use super::permits::World;
use crate::stamp::{self, Stamp};

/// How soon one who waits looks by itself: the first times, and from then on.
const LOOKS: [Duration; 3] =
    [Duration::from_millis(2), Duration::from_millis(10), Duration::from_millis(50)];
/// How long one without a bell sleeps.
const NAP: Duration = Duration::from_millis(1);
/// One further behind need not look as often: those before it do.
const BEHIND: u32 = 20;

/// Waiting is refused: the task unwinds, or none runs; or there is no place in the line.
pub(super) struct NoWaiting;

/// The kernel's clock, bells and processes.
pub(super) struct Kernel;

impl World for Kernel {
    fn now(&self) -> u64 {
        let now = clock_gettime(ClockId::Monotonic);
        now.tv_sec.unsigned_abs() * 1_000_000_000 + now.tv_nsec.unsigned_abs()
    }

    fn ring(&self, bell: u64) -> bool {
        bell::ring(bell) == Rang::Perhaps
    }

    fn is_dead(&self, who: Stamp) -> bool {
        stamp::is_dead(who)
    }
}

/// Somebody of this process in a line.
pub(super) struct Waiter<'a> {
    line: Line<'a>,
    place: Place,
    /// None if there were no descriptors for it.
    bell: Option<Bell>,
    /// How often it has looked by itself.
    looks: usize,
}

/// How a wait ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Woken {
    /// By a ring.
    Rung,
    /// It is time to look at who has ended.
    Look,
    /// The deadline has come.
    TimedOut,
}

impl<'a> Waiter<'a> {
    /// Enters the running task as the last.
    pub(super) fn enter(line: Line<'a>) -> Result<Waiter<'a>, NoWaiting> {
        if !who::may_wait() {
            return Err(NoWaiting);
        }
        let bell = Bell::take().ok();
        let name = bell.as_ref().map_or(0, Bell::name);
        let enter = || line.enter(stamp::me(), name);
        let place = enter().or_else(|| {
            line.bury(stamp::is_dead);
            enter()
        });
        let place = place.ok_or(NoWaiting)?;
        Ok(Waiter { line, place, bell, looks: 0 })
    }

    pub(super) fn place(&self) -> Place {
        self.place
    }

    pub(super) fn standing(&self) -> Standing {
        self.line.standing(self.place)
    }

    /// Has it rung again by the next one who may.
    pub(super) fn renew(&self) {
        self.line.renew(self.place);
    }

    /// Waits to be rung.
    pub(super) fn wait(&mut self, reason: Reason, deadline: Option<Instant>) -> Woken {
        let ahead = self.line.all().filter(|other| other.place.number < self.place.number);
        let ahead = u32::try_from(ahead.count()).unwrap_or(BEHIND).min(BEHIND);
        let often = match self.bell {
            Some(_) => LOOKS[self.looks.min(LOOKS.len() - 1)] * (ahead + 1),
            None => NAP,
        };
        let look = clock::now() + often;
        let until = deadline.map_or(look, |deadline| deadline.min(look));
        if self.pause(reason, until) {
            return Woken::Rung;
        }
        if deadline.is_some_and(|deadline| deadline <= clock::now()) {
            return Woken::TimedOut;
        }
        self.looks += 1;
        Woken::Look
    }

    /// Waits until then at most; whether it was rung.
    pub(super) fn pause(&self, reason: Reason, until: Instant) -> bool {
        let waited = self.bell.as_ref().map(|bell| bell.wait(reason, until));
        match waited {
            Some(Ok(())) => true,
            Some(Err(error)) if error.kind() == ErrorKind::TimedOut => false,
            _ => {
                osier_runtime::sleep_until(until.min(clock::now() + NAP));
                false
            }
        }
    }

    /// Leaves the line; how it stood.
    pub(super) fn leave(&mut self) -> Standing {
        if let Some(bell) = self.bell.take().filter(|_| !panicking()) {
            bell.keep();
        }
        self.line.leave(self.place)
    }
}

/// That a lock is waited for, and who has it.
pub(super) fn reason(what: &'static str, holder: Option<Stamp>) -> Reason {
    let reason = Reason::new(what);
    holder.map_or(reason, |holder| reason.on_process(stamp::pid_of(holder)))
}
