//! Several tasks that go on together.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;
use std::time::{Duration, Instant};

use super::rounds::{Arrival, Place, Rounds};
use crate::cancel::deliver;
use crate::clock;
use crate::hub::is_in_task;
use crate::task::{Reason, Wake};
use crate::wait::stand;

/// Makes tasks wait for each other, round after round.
///
/// The last to arrive lets all go on, in the order they came. If one that waits gives up, because its time is up or as it is
/// killed, the barrier is *broken*: it would make the others wait in vain. Then they, and all who come, get
/// [`BrokenBarrier`], until somebody [`reset`](Self::reset)s it.
///
/// ```
/// use std::rc::Rc;
/// use osier::sync::Barrier;
///
/// osier::run(|| {
///     let barrier = Rc::new(Barrier::new(3));
///     let tasks = (0..3).map(|_| {
///         let barrier = barrier.clone();
///         osier::spawn(move || barrier.wait())
///     });
///     let places: Vec<_> = osier::join_all(tasks).into_iter().map(Result::unwrap).collect();
///     assert_eq!(places, [Ok(0), Ok(1), Ok(2)]);
/// });
/// ```
pub struct Barrier {
    rounds: RefCell<Rounds>,
    /// What the last does before all go on.
    action: Option<Box<dyn Fn()>>,
}

/// The barrier was broken before everybody was there.
///
/// ```
/// let barrier = osier::sync::Barrier::new(2);
/// barrier.abort();
/// assert_eq!(barrier.wait().unwrap_err().to_string(), "the barrier is broken");
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BrokenBarrier;

impl fmt::Display for BrokenBarrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the barrier is broken")
    }
}

impl Error for BrokenBarrier {}

impl Barrier {
    /// For so many tasks.
    ///
    /// # Panics
    /// If `parties` is 0.
    pub const fn new(parties: usize) -> Barrier {
        assert!(parties > 0, "a barrier for nobody: it takes at least one task to pass it");
        Barrier { rounds: RefCell::new(Rounds::new(parties)), action: None }
    }

    /// For so many tasks, the last of which calls `action` before all go on.
    ///
    /// It may wait: who arrives meanwhile belongs to the next round. If it panics, or is killed in there, the barrier is broken.
    ///
    /// # Panics
    /// If `parties` is 0.
    ///
    /// ```
    /// use std::{cell::Cell, rc::Rc};
    ///
    /// let rounds = Rc::new(Cell::new(0));
    /// let counts = rounds.clone();
    /// let alone = osier::sync::Barrier::with_action(1, move || counts.set(counts.get() + 1));
    /// alone.wait().unwrap();
    /// alone.wait().unwrap();
    /// assert_eq!(rounds.get(), 2);
    /// ```
    pub fn with_action(parties: usize, action: impl Fn() + 'static) -> Barrier {
        Barrier { action: Some(Box::new(action)), ..Barrier::new(parties) }
    }

    /// Waits until all are there; how many were there before.
    ///
    /// So 0 for the first, and one less than the parties for the last.
    ///
    /// # Errors
    /// When the barrier is broken. Where there is no waiting, any but the last breaks it.
    ///
    /// # Blocking
    /// Switches tasks, unless this is the last or it is broken. In a task that unwinds never.
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
        loop {
            let arrival = self.rounds.borrow_mut().arrive();
            match arrival {
                Arrival::Broken => return Err(BrokenBarrier),
                Arrival::Last(round) => return self.act(round),
                Arrival::Wait(place) => return self.stand(place, deadline),
                Arrival::AtTheDoor => self.stand_at_the_door(deadline)?,
            }
        }
    }

    /// What the last does.
    fn act(&self, round: u32) -> Result<usize, BrokenBarrier> {
        /// Breaks the barrier if the action does not end, unless that is another round's by then.
        struct Break<'a>(&'a Barrier, u32);
        impl Drop for Break<'_> {
            fn drop(&mut self) {
                let is_mine = self.0.rounds.borrow().is_acting(self.1);
                if is_mine {
                    self.0.break_up();
                }
            }
        }
        if let Some(action) = &self.action {
            let guard = Break(self, round);
            action();
            std::mem::forget(guard);
        }
        let mut rounds = self.rounds.borrow_mut();
        if !rounds.end(round) {
            return Err(BrokenBarrier);
        }
        let last = rounds.parties() - 1;
        drop(rounds);
        self.wake_all(false);
        Ok(last)
    }

    fn stand(&self, place: Place, deadline: Option<Instant>) -> Result<usize, BrokenBarrier> {
        if !is_in_task() {
            return Err(self.give_up(Wake::Refused));
        }
        let reason = Reason::new("waiting for others at a barrier");
        match stand(&self.rounds, |rounds| &mut rounds.line, place, reason, deadline) {
            Ok(place) if !place.is_broken => Ok(place.index),
            Ok(_) => Err(BrokenBarrier),
            Err(wake) => Err(self.give_up(wake)),
        }
    }

    fn stand_at_the_door(&self, deadline: Option<Instant>) -> Result<(), BrokenBarrier> {
        if !is_in_task() {
            return Err(self.give_up(Wake::Refused));
        }
        let reason = Reason::new("waiting for a barrier's action to end");
        stand(&self.rounds, |rounds| &mut rounds.door, (), reason, deadline)
            .map_err(|wake| self.give_up(wake))
    }

    /// Breaks it, and unwinds if that is why.
    fn give_up(&self, wake: Wake) -> BrokenBarrier {
        self.break_up();
        deliver(wake);
        BrokenBarrier
    }

    fn break_up(&self) {
        self.rounds.borrow_mut().break_up();
        self.wake_all(true);
    }

    fn wake_all(&self, is_broken: bool) {
        loop {
            let next = self.rounds.borrow_mut().next(is_broken);
            let Some(who) = next else { return };
            who.unpark();
        }
    }

    /// Breaks it: whoever waits, or comes, gets an error.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn abort(&self) {
        self.break_up();
    }

    /// Makes it as good as new; whoever waits gets an error.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// let barrier = osier::sync::Barrier::new(1);
    /// barrier.abort();
    /// assert!(barrier.is_broken());
    /// barrier.reset();
    /// assert_eq!(barrier.wait(), Ok(0));
    /// ```
    pub fn reset(&self) {
        self.rounds.borrow_mut().reset();
        self.wake_all(true);
    }

    /// Whether it is broken.
    pub fn is_broken(&self) -> bool {
        self.rounds.borrow().is_broken()
    }

    /// How many tasks it is for.
    pub fn parties(&self) -> usize {
        self.rounds.borrow().parties()
    }

    /// How many wait.
    pub fn waiting(&self) -> usize {
        self.rounds.borrow().line.len()
    }
}

/// Parties, waiters, and whether it is broken.
impl fmt::Debug for Barrier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rounds = self.rounds.borrow();
        f.debug_struct("Barrier")
            .field("parties", &rounds.parties())
            .field("waiters", &rounds.line)
            .field("is_broken", &rounds.is_broken())
            .finish()
    }
}
