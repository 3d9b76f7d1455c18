//! Waiting, without the lock, until what it guards has changed.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use osier_runtime::clock;
use serde::{Deserialize, Serialize};

use super::event::{tell, waiting};
use super::gate::Gate;
use super::line::{Line, Standing};
use super::wait::{Waiter, Woken, reason};
use super::{Lock, LockError, LockGuard, Locked, RLockGuard};
use crate::stamp;

/// Lets tasks of all processes wait, without the lock, until one says that something has changed.
///
/// Shared as a [`Lock`] is. A wait takes the guard, lets go of the lock, waits to be notified, locks again and gives a guard back. It
/// goes on only when it was notified. Still, what was notified may have been undone by the time the lock is had, so wait in a
/// loop or by [`wait_for`](Self::wait_for). It works with guards of [`Lock`] and [`RLock`](super::RLock), and has a lock of its own:
/// [`lock`](Self::lock). A notification of one who ends, is killed or late before it goes on is the next one's.
///
/// ```
/// use osier::process::{Process, sync::{Condition, Event}};
///
/// osier::run(|| {
///     let (changed, done) = (Condition::new()?, Event::new()?);
///     let (theirs, set) = (changed.clone(), done.clone());
///     let guard = changed.lock().unwrap();
///     let child = Process::fork(move || {
///         let _guard = theirs.lock().unwrap();
///         set.set();
///         theirs.notify_one();
///     });
///     let guard = changed.wait_for(guard, |_| done.is_set()).unwrap();
///     drop(guard);
///     assert!(child.unwrap().join().is_success());
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct Condition {
    /// Where those stand who wait to be notified; its permit is not used.
    gate: Gate,
    own: Lock,
}

/// A guard that a [`Condition`] can put down and take up again.
///
/// For use, not to be implemented.
///
/// ```
/// use osier::process::sync::{Condition, Guard, Locked};
///
/// /// With whatever lock.
/// fn next<G: Guard>(guard: G, changed: &Condition) -> Locked<G> {
///     changed.wait(guard)
/// }
/// ```
pub trait Guard: Sized + sealed::Sealed {}

mod sealed {
    use super::Locked;

    pub trait Sealed: Sized {
        type Down;
        fn put_down(self) -> Self::Down;
        fn take_up(down: Self::Down) -> Locked<Self>;
    }
}

impl Guard for LockGuard<'_> {}

impl<'a> sealed::Sealed for LockGuard<'a> {
    type Down = &'a Lock;

    fn put_down(self) -> &'a Lock {
        self.of()
    }

    fn take_up(down: &'a Lock) -> Locked<LockGuard<'a>> {
        down.lock()
    }
}

impl Guard for RLockGuard<'_> {}

impl<'a> sealed::Sealed for RLockGuard<'a> {
    type Down = (&'a super::RLock, u64);

    fn put_down(self) -> Self::Down {
        RLockGuard::put_down(self)
    }

    fn take_up(down: Self::Down) -> Locked<RLockGuard<'a>> {
        RLockGuard::take_up(down)
    }
}

impl Condition {
    /// One that nobody waits for.
    ///
    /// # Errors
    /// When there are no descriptors or no memory left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new() -> io::Result<Condition> {
        Ok(Condition { gate: Gate::of_one()?, own: Lock::new()? })
    }

    fn line(&self) -> Line<'_> {
        Line(self.gate.words())
    }

    /// Locks the lock of its own.
    ///
    /// # Errors
    /// As [`Lock::lock`].
    ///
    /// # Blocking
    /// As [`Lock::lock`].
    pub fn lock(&self) -> Locked<LockGuard<'_>> {
        self.own.lock()
    }

    /// Waits to be notified, without the lock, which is locked again then.
    ///
    /// # Errors
    /// When the lock is poisoned: it is held all the same. When there is no waiting here: it is not held any more then.
    ///
    /// # Blocking
    /// Switches tasks. In a task that unwinds never. Outside of a run it stops the OS thread.
    pub fn wait<G: Guard>(&self, guard: G) -> Locked<G> {
        self.wait_by(guard, None).map(|(guard, _)| guard).map_err(|error| error.map(|it| it.0))
    }

    /// Waits to be notified, for that long at most; and whether it was.
    ///
    /// # Errors
    /// As [`wait`](Self::wait); when it was late that is none.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_timeout<G: Guard>(&self, guard: G, limit: Duration) -> Locked<(G, bool)> {
        self.wait_by(guard, clock::deadline(limit))
    }

    /// Waits to be notified, until then at most; and whether it was.
    ///
    /// # Errors
    /// As [`wait_timeout`](Self::wait_timeout).
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_deadline<G: Guard>(&self, guard: G, deadline: Instant) -> Locked<(G, bool)> {
        self.wait_by(guard, Some(deadline))
    }

    /// Waits until that holds: it is asked at first, and whenever this is notified.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Blocking
    /// As [`wait`](Self::wait), unless it holds.
    pub fn wait_for<G: Guard>(&self, guard: G, holds: impl FnMut(&mut G) -> bool) -> Locked<G> {
        self.wait_for_by(guard, None, holds)
            .map(|(guard, _)| guard)
            .map_err(|error| error.map(|it| it.0))
    }

    /// Waits until that holds, for so long at most; and whether it does.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Blocking
    /// As [`wait_for`](Self::wait_for).
    pub fn wait_for_timeout<G: Guard>(
        &self,
        guard: G,
        limit: Duration,
        holds: impl FnMut(&mut G) -> bool,
    ) -> Locked<(G, bool)> {
        self.wait_for_by(guard, clock::deadline(limit), holds)
    }

    /// Waits until that holds, until then at most; and whether it does.
    ///
    /// # Errors
    /// As [`wait`](Self::wait).
    ///
    /// # Blocking
    /// As [`wait_for`](Self::wait_for).
    pub fn wait_for_deadline<G: Guard>(
        &self,
        guard: G,
        deadline: Instant,
        holds: impl FnMut(&mut G) -> bool,
    ) -> Locked<(G, bool)> {
        self.wait_for_by(guard, Some(deadline), holds)
    }

    fn wait_for_by<G: Guard>(
        &self,
        mut guard: G,
        deadline: Option<Instant>,
        mut holds: impl FnMut(&mut G) -> bool,
    ) -> Locked<(G, bool)> {
        loop {
            if holds(&mut guard) {
                return Ok((guard, true));
            }
            let notified;
            (guard, notified) = self.wait_by(guard, deadline)?;
            if !notified {
                let does = holds(&mut guard);
                return Ok((guard, does));
            }
        }
    }

    fn wait_by<G: Guard>(&self, guard: G, deadline: Option<Instant>) -> Locked<(G, bool)> {
        // While the lock is held: whoever has it next, and notifies, finds this one in the line.
        let waiter = Waiter::enter(self.line()).map_err(|_| LockError::Refused)?;
        let mut place = Standee { condition: self, waiter, is_through: false };
        let down = guard.put_down();
        let notified = place.stand(deadline);
        place.is_through = notified;
        drop(place);
        match G::take_up(down) {
            Ok(guard) => Ok((guard, notified)),
            Err(error) => Err(error.map(|guard| (guard, notified))),
        }
    }

    /// Has the first one go on; whether there was any.
    ///
    /// With the lock or without: with it, what was changed and that it was come together.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn notify_one(&self) -> bool {
        self.notify(1) == 1
    }

    /// Has the first `n` go on; how many there were.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn notify(&self, n: usize) -> usize {
        tell(self.line(), n, self.line().drawn(), Standing::Told)
    }

    /// Has all go on who wait; how many there were.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn notify_all(&self) -> usize {
        self.notify(usize::MAX)
    }
}

/// Somebody who waits to be notified.
struct Standee<'a> {
    condition: &'a Condition,
    waiter: Waiter<'a>,
    /// Whether its notification was put to use.
    is_through: bool,
}

impl Standee<'_> {
    /// Whether it was notified before the deadline.
    fn stand(&mut self, deadline: Option<Instant>) -> bool {
        loop {
            if self.waiter.standing() == Standing::Told {
                return true;
            }
            let reason = reason("waiting to be notified by a process", None);
            match self.waiter.wait(reason, deadline) {
                Woken::Rung => {}
                Woken::TimedOut => return self.waiter.standing() == Standing::Told,
                Woken::Look => {
                    let lost = self.condition.line().bury(stamp::is_dead);
                    self.condition.notify(lost);
                }
            }
        }
    }
}

impl Drop for Standee<'_> {
    fn drop(&mut self) {
        let stood = self.waiter.leave();
        if stood == Standing::Told && !self.is_through {
            self.condition.notify_one();
        }
    }
}

/// The processes that wait, and its lock.
impl fmt::Debug for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Condition")
            .field("wanted_by", &waiting(self.line()))
            .field("lock", &self.own)
            .finish()
    }
}
