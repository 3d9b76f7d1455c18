//! Waiting until all are there, of whatever processes.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use osier_runtime::clock;
use serde::{Deserialize, Serialize};

use super::action::{Action, Actor};
use super::event::{tell, waiting};
use super::gate::{FLAG, Gate, PARTIES};
use super::line::{Line, Standing};
use super::party::Party;
use super::wait::Waiter;
use super::{Lock, LockGuard};
use crate::process::{Function, Signature};
use crate::stamp;

/// Lets so many tasks of all processes wait for each other, again and again.
///
/// Shared as a [`Lock`](super::Lock) is. One who ends, is killed or late while it waits breaks the barrier: the others would wait in vain. It
/// stays broken until it is [reset](Self::reset). It may have an action, which the last to come does before all go on.
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
    pub(super) gate: Gate,
    /// Held by one who arrives, from counting the others to standing there; by the last until all may go.
    door: Lock,
    action: Action,
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
pub(super) const PASSED: u64 = 0;
pub(super) const BROKEN: u64 = 1;
const RESET: u64 = 2;
pub(super) const HOW: u64 = 3;
pub(super) const ROUND: u64 = 4;

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
        let barrier = Barrier { gate: Gate::of_one()?, door: Lock::new()?, action: Action::None };
        barrier.gate.words().store(PARTIES, parties as u64);
        Ok(barrier)
    }

    /// For so many tasks, the last of which calls `action` before all go on.
    ///
    /// It may wait: who arrives meanwhile waits for it, and belongs to the next round. If it panics, if its task is killed in there or its process
    /// ends, the barrier is broken. The closure is this process', and forked children have copies: the last to come calls its own
    /// process', so what that has captured and changes is changed there alone. The barrier cannot be an argument of a
    /// function that is spawned; [`with_function`](Self::with_function) can.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// # Panics
    /// If `parties` is 0.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// use osier::process::{Process, sync::{Barrier, Semaphore}};
    ///
    /// osier::run(|| {
    ///     let rounds = Semaphore::new(0)?;
    ///     let counts = rounds.clone();
    ///     let both = Barrier::with_action(2, move || counts.release().unwrap())?;
    ///     let theirs = both.clone();
    ///     let child = Process::fork(move || (0..3).for_each(|_| _ = theirs.wait().unwrap()))?;
    ///     (1..=3).for_each(|round| {
    ///         both.wait().unwrap();
    ///         assert!(rounds.available() >= round);
    ///     });
    ///     assert!(child.join().is_success());
    ///     std::io::Result::Ok(())
    /// })?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn with_action(
        parties: usize,
        action: impl Fn() + Send + Sync + 'static,
    ) -> io::Result<Barrier> {
        Ok(Barrier { action: Action::Closure(Arc::new(action)), ..Barrier::new(parties)? })
    }

    /// For so many tasks, the last of which calls a registered function before all go on.
    ///
    /// As [`with_action`](Self::with_action), and it goes to processes that are spawned as well. A function that gives an error, or a code that is
    /// not 0, breaks the barrier.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// # Panics
    /// If `parties` is 0.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// osier::process::functions! {
    ///     fn settle() { println!("all are here") }
    /// }
    /// let alone = osier::process::sync::Barrier::with_function(1, settle)?;
    /// assert_eq!(alone.wait(), Ok(0));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn with_function<F: Signature<Args = ()>>(
        parties: usize,
        action: Function<F>,
    ) -> io::Result<Barrier> {
        Ok(Barrier { action: Action::function(action), ..Barrier::new(parties)? })
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
    /// Switches tasks, unless this is the last or it is broken. In a task that unwinds never. Outside of a run it stops the OS thread. The last
    /// calls the action, if there is one; a panic in there comes out here.
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
        if self.actor().is_for(round) {
            // Whoever had the door has left it in the midst of the action.
            self.end(round, BROKEN);
        }
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
        Party::new(self, waiter, round).stand(deadline, before)
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

    /// The last is there: it does what is to be done, at the door, and all go.
    fn open(&self, round: u64, before: usize) -> Result<usize, BrokenBarrier> {
        if let Action::None = self.action {
            return if self.pass(round) { Ok(before) } else { Err(BrokenBarrier) };
        }
        if self.has_dead() {
            self.end(round, BROKEN);
            return Err(BrokenBarrier);
        }
        self.actor().begin(round);
        let acts = Acts(self, round);
        let passes = self.action.call() && self.pass(round);
        drop(acts);
        if passes { Ok(before) } else { Err(BrokenBarrier) }
    }

    /// Lets all go, if all are still there.
    fn pass(&self, round: u64) -> bool {
        let how = if self.has_dead() { BROKEN } else { PASSED };
        self.end(round, how) && how == PASSED
    }

    pub(super) fn actor(&self) -> Actor<'_> {
        Actor(self.gate.words())
    }

    /// Ends the round, unless it has ended; all who wait are told.
    pub(super) fn end(&self, round: u64, how: u64) -> bool {
        let words = self.gate.words();
        // Before the round ends: whoever comes later waits for the next one.
        let latest = self.line().drawn();
        let was = words.load(FLAG);
        let next = ((round + 1) * ROUND) | how;
        let ends = was / ROUND == round && words.change(FLAG, was, next).is_ok();
        if ends {
            let what = if how == PASSED { Standing::Told } else { Standing::Refused };
            tell(self.line(), usize::MAX, latest, what);
        }
        ends
    }

    fn round(&self) -> u64 {
        self.gate.words().load(FLAG) / ROUND
    }

    pub(super) fn has_dead(&self) -> bool {
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

/// Somebody acts: when it does no more and has not let all go, the barrier is broken.
struct Acts<'a>(&'a Barrier, u64);

impl Drop for Acts<'_> {
    fn drop(&mut self) {
        self.0.end(self.1, BROKEN); // unless that round has ended
        self.0.actor().end();
    }
}

/// How many it is for, whether it is broken, and the processes that wait.
impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Barrier")
            .field("parties", &self.parties())
            .field("broken", &self.is_broken())
            .field("action", &self.action)
            .field("wanted_by", &waiting(self.line()))
            .finish()
    }
}
