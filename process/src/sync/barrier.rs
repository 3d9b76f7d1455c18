//! Waiting until all are there, of whatever processes.

use std::error::Error;
use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use osier_runtime::clock;
use serde::{Deserialize, Serialize};

use super::event::{tell_all, waiting};
use super::gate::{FLAG, Gate, PARTIES};
use super::line::{Line, Standing};
use super::wait::{Waiter, Woken, reason};
use super::{Lock, LockGuard};
use crate::stamp;

/// Lets so many tasks of all processes wait for each other, again and again.
///
/// Shared as a [`Lock`](super::Lock) is. One who ends, is killed or late while it waits breaks the barrier: the others would wait in vain. It
/// stays broken until it is [reset](Self::reset).
///
/// ```
/// use osier::process::{Process, sync::Barrier};
///
/// osier::run(|| {
///     let both = Barrier::new(2)?;
///     let theirs = both.clone();
///     let child = Process::fork(move || drop(theirs.wait().unwrap())).unwrap();
///     both.wait().unwrap();
///     assert!(child.join().is_success());
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct Barrier {
    /// Where those stand who wait; its permit is not used.
    gate: Gate,
    /// Held by one who arrives, from counting the others to standing there.
    door: Lock,
}

/// The barrier was broken before everybody was there.
///
/// ```
/// let barrier = osier::process::sync::Barrier::new(2)?;
/// barrier.abort();
/// assert_eq!(barrier.wait().unwrap_err().to_string(), "the barrier is broken");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BrokenBarrier;

impl fmt::Display for BrokenBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier is broken")
    }
}

impl Error for BrokenBarrier {}

/// How a round has ended, in the lowest bits of the flag; above them is the number of the next.
const PASSED: u64 = 0;
const BROKEN: u64 = 1;
const RESET: u64 = 2;
const HOW: u64 = 3;
const ROUND: u64 = 4;

impl Barrier {
    /// For so many tasks.
    ///
    /// # Errors
    /// When there are no descriptors or no memory left.
    ///
    /// # Panics
    /// If `parties` is 0.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new(parties: usize) -> io::Result<Barrier> {
        assert!(parties > 0, "a barrier for nobody: say how many tasks are to wait");
        let barrier = Barrier { gate: Gate::of_one()?, door: Lock::new()? };
        barrier.gate.words().store(PARTIES, parties as u64);
        Ok(barrier)
    }

    fn line(&self) -> Line<'_> {
        Line(self.gate.words())
    }

    /// Waits until all are there; how many were there before.
    ///
    /// So 0 for the first, and one less than the parties for the last.
    ///
    /// # Errors
    /// When the barrier is broken. Where there is no waiting, any but the last breaks it.
    ///
    /// # Blocking
    /// Switches tasks, unless this is the last or it is broken. In a task that unwinds never. Outside of a run it stops the OS thread.
    pub fn wait(&self) -> Result<usize, BrokenBarrier> {
        self.wait_by(None)
    }

    /// Waits until all are there, for that long at most: then it breaks the barrier.
    ///
    /// # Errors
    /// When the barrier is broken, or not all are there in time.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&self, limit: Duration) -> Result<usize, BrokenBarrier> {
        self.wait_by(clock::deadline(limit))
    }

    /// Waits until all are there, until then at most: then it breaks the barrier.
    ///
    /// # Errors
    /// As [`wait_timeout`](Self::wait_timeout).
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_deadline(&self, deadline: Instant) -> Result<usize, BrokenBarrier> {
        self.wait_by(Some(deadline))
    }

    fn wait_by(&self, deadline: Option<Instant>) -> Result<usize, BrokenBarrier> {
        let Some(door) = self.at_the_door(deadline) else {
            self.abort();
            return Err(BrokenBarrier);
        };
        let round = self.round();
        if self.is_broken() {
            return Err(BrokenBarrier);
        }
        let before = self.waiting();
        if before + 1 >= self.parties() {
            return self.open(round, before);
        }
        let Ok(waiter) = Waiter::enter(self.line()) else {
            self.abort();
            return Err(BrokenBarrier);
        };
        drop(door);
        Party { barrier: self, waiter, round }.stand(deadline, before)
    }

    /// Nobody else arrives meanwhile. Whoever ended there has left nothing half done: it stood in the line or did not.
    fn at_the_door(&self, deadline: Option<Instant>) -> Option<LockGuard<'_>> {
        self.door
            .lock_by(deadline)
            .or_else(|error| {
                self.door.clear_poison();
                error.into_guard().ok_or(())
            })
            .ok()
    }

    /// The last is there.
    fn open(&self, round: u64, before: usize) -> Result<usize, BrokenBarrier> {
        if self.has_dead() {
            self.end(round, BROKEN);
            return Err(BrokenBarrier);
        }
        if self.end(round, PASSED) { Ok(before) } else { Err(BrokenBarrier) }
    }

    /// Ends the round, unless it has ended; all who wait are told.
    fn end(&self, round: u64, how: u64) -> bool {
        let words = self.gate.words();
        let was = words.load(FLAG);
        let next = ((round + 1) * ROUND) | how;
        let ends = was / ROUND == round && words.change(FLAG, was, next).is_ok();
        if ends {
            let what = if how == PASSED { Standing::Told } else { Standing::Refused };
            tell_all(self.line(), what);
        }
        ends
    }

    fn round(&self) -> u64 {
        self.gate.words().load(FLAG) / ROUND
    }

    fn has_dead(&self) -> bool {
        self.line().all().any(|entry| entry.standing.is_open() && stamp::is_dead(entry.who))
    }

    /// Breaks it: all who wait are told so, and who comes.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn abort(&self) {
        while !self.is_broken() && !self.end(self.round(), BROKEN) {}
    }

    /// Makes it as new: who waits is told that it is broken, who comes waits.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn reset(&self) {
        while !self.end(self.round(), RESET) {}
    }

    /// Whether it is broken.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_broken(&self) -> bool {
        self.gate.words().load(FLAG) & HOW == BROKEN
    }

    /// How many it is for.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn parties(&self) -> usize {
        usize::try_from(self.gate.words().load(PARTIES)).unwrap_or(usize::MAX)
    }

    /// How many wait at present.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn waiting(&self) -> usize {
        self.line().all().filter(|entry| entry.standing.is_open()).count()
    }
}

/// One who waits for the others.
struct Party<'a> {
    barrier: &'a Barrier,
    waiter: Waiter<'a>,
    round: u64,
}

impl Party<'_> {
    fn stand(mut self, deadline: Option<Instant>, before: usize) -> Result<usize, BrokenBarrier> {
        loop {
            match self.verdict() {
                Some(PASSED) => return Ok(before),
                Some(_) => return Err(BrokenBarrier),
                None => {}
            }
            let reason = reason("waiting for other processes at a barrier", None);
            match self.waiter.wait(reason, deadline) {
                Woken::Rung => {}
                Woken::Look if self.barrier.has_dead() => _ = self.barrier.end(self.round, BROKEN),
                Woken::Look => {}
                Woken::TimedOut => _ = self.barrier.end(self.round, BROKEN),
            }
        }
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

/// How many it is for, whether it is broken, and the processes that wait.
impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties())
            .field("broken", &self.is_broken())
            .field("wanted_by", &waiting(self.line()))
            .finish()
    }
}
