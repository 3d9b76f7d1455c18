//! So many holders at a time, of all processes.

use std::fmt;
use std::io;
use std::mem;
use std::time::{Duration, Instant};

use osier_runtime::clock;
use osier_runtime::sync::AcquireError;
use serde::{Deserialize, Serialize};

use super::TooMany;
use super::gate::Gate;
use super::permits::{Had, Mark};
use crate::stamp::me;

/// The most permits of one semaphore.
const MOST: usize = 1 << 16;

/// Lets so many tasks of all processes go on at a time.
///
/// Shared as a [`Lock`](super::Lock) is, and as it in what is said of order and ends; its permits know who has them. If a process
/// ends that has some, they are given back, and who has one of these next can [ask](Permit::is_abandoned).
///
/// ```
/// use osier::process::sync::{AcquireError, Semaphore};
///
/// osier::run(|| {
///     let places = Semaphore::new(2)?;
///     let (one, other) = (places.acquire().unwrap(), places.acquire().unwrap());
///     assert_eq!(places.try_acquire().unwrap_err(), AcquireError::WouldBlock);
///     drop((one, other));
///     assert_eq!(places.available(), 2);
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct Semaphore {
    gate: Gate,
}

impl Semaphore {
    /// One with so many permits.
    ///
    /// # Errors
    /// When there are no descriptors or no memory left, or that is more than 65,536.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new(permits: usize) -> io::Result<Semaphore> {
        Semaphore::with_room(permits, MOST)
    }

    pub(super) fn with_room(permits: usize, room: usize) -> io::Result<Semaphore> {
        if permits > MOST {
            let text = format!("a semaphore of {permits} permits: {MOST} is the most");
            return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
        }
        Ok(Semaphore { gate: Gate::of_many(permits, room.max(1))? })
    }

    /// Has a permit, as soon as there is one.
    ///
    /// # Errors
    /// When there is none and no waiting here.
    ///
    /// # Blocking
    /// Switches tasks, unless there is one. In a task that unwinds never: then it is an error. Outside of a run it stops the OS thread.
    pub fn acquire(&self) -> Result<Permit<'_>, AcquireError> {
        self.acquire_by(None)
    }

    /// Has a permit, if there is one.
    ///
    /// # Errors
    /// When there is none, or it is somebody else's turn.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_acquire(&self) -> Result<Permit<'_>, AcquireError> {
        self.gate.try_acquire().map(|had| self.permit(had)).ok_or(AcquireError::WouldBlock)
    }

    /// Has a permit, waiting for that long at most.
    ///
    /// # Errors
    /// As [`acquire`](Self::acquire), and when there was none in time.
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    pub fn acquire_timeout(&self, limit: Duration) -> Result<Permit<'_>, AcquireError> {
        self.acquire_by(clock::deadline(limit))
    }

    /// Has a permit, waiting until then at most.
    ///
    /// # Errors
    /// As [`acquire_timeout`](Self::acquire_timeout).
    ///
    /// # Blocking
    /// As [`acquire`](Self::acquire).
    pub fn acquire_deadline(&self, deadline: Instant) -> Result<Permit<'_>, AcquireError> {
        self.acquire_by(Some(deadline))
    }

    fn acquire_by(&self, deadline: Option<Instant>) -> Result<Permit<'_>, AcquireError> {
        let had = self.gate.acquire(deadline, "waiting for a permit between processes")?;
        Ok(self.permit(had))
    }

    fn permit(&self, had: Had) -> Permit<'_> {
        Permit { semaphore: self, had, process: me() }
    }

    /// Makes a permit, for whoever waits or comes.
    ///
    /// It need not have been had by anybody: that is how one process tells another that there is something. Permits that were had are given back by themselves.
    ///
    /// # Errors
    /// When there would be more than 65,536.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn release(&self) -> Result<(), TooMany> {
        if self.gate.add() { Ok(()) } else { Err(TooMany) }
    }

    /// How many permits there are to be had; advisory, as others have some meanwhile.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn available(&self) -> usize {
        self.gate.permits().free()
    }
}

/// How many permits there are, free ones, and the processes that have some and wait for some.
impl fmt::Debug for Semaphore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct("Semaphore");
        out.field("permits", &self.gate.permits().count()).field("available", &self.available());
        self.gate.describe(&mut out);
        out.finish()
    }
}

/// A permit of a [`Semaphore`], for as long as this is kept.
///
/// ```
/// let semaphore = osier::process::sync::Semaphore::new(1)?;
/// let permit = semaphore.acquire().unwrap();
/// assert!(!permit.is_abandoned());
/// permit.forget(); // it is used up
/// assert_eq!(semaphore.available(), 0);
/// semaphore.release().unwrap();
/// assert_eq!(semaphore.available(), 1);
/// # Ok::<(), std::io::Error>(())
/// ```
#[must_use = "the permit is given back when it is dropped"]
pub struct Permit<'a> {
    semaphore: &'a Semaphore,
    had: Had,
    /// Which has it: in a forked copy it is not that one's to give back.
    process: u64,
}

impl Permit<'_> {
    /// Whether the process that had it before has ended without giving it back.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_abandoned(&self) -> bool {
        self.had.marked
    }

    /// Uses it up: it is not given back, but by [`release`](Semaphore::release).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn forget(self) {
        self.semaphore.gate.permits().forget(self.had.number, self.process);
        mem::forget(self);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        if self.process == me() {
            self.semaphore.gate.release(self.had.number, Some(self.process), Mark::Clear);
        }
    }
}

impl fmt::Debug for Permit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit")
            .field("abandoned", &self.had.marked)
            .field("semaphore", self.semaphore)
            .finish()
    }
}
