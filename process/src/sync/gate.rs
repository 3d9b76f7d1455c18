//! Having permits, and waiting for them: locks and semaphores are this with other names.

use std::fmt;
use std::io;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use osier_runtime::clock;
use osier_runtime::sync::AcquireError;
use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, Serializer};

use super::line::{self, Line};
use super::permits::{Had, MADE, Mark, Permits, TURN_TAKES, World};
use super::wait::{Kernel, Waiter, Woken, reason};
use super::words::Words;
use crate::stamp::{self, me, pid_of};
use crate::sys::shared::Shared;
use crate::wire::{Inherited, Passed};

/// Where the one permit of a lock stands: the first line of the cache behind the line's head.
const ONE: usize = 8;
/// Beside it: which task has it, and how often; for locks that ask.
pub(super) const OWNER: usize = 9;
pub(super) const TASK: usize = 10;
pub(super) const DEPTH: usize = 11;
/// There too: what others are who have a line and no use for the permit.
pub(super) const FLAG: usize = 12;
pub(super) const PARTIES: usize = 13;

/// How often who only tries asks the kernel whether a holder has ended, in nanoseconds.
const ASKS: u64 = 10_000_000;
/// How long one who was overtaken waits before it asks to be rung again.
const OVERTAKEN: Duration = Duration::from_nanos(TURN_TAKES / 4);

/// Permits that processes share, and who waits for one; a clone is the same.
#[derive(Clone)]
pub(super) struct Gate(Arc<Inner>);

struct Inner {
    shared: Shared,
    /// Where the permits stand, and how many there can be.
    first: usize,
    room: usize,
    /// The one that this process has given back last: it is likely to be free.
    near: AtomicUsize,
    /// When the kernel was asked last, by one who only tries.
    asked: AtomicU64,
}

impl Gate {
    /// With one permit, which is free.
    pub(super) fn of_one() -> io::Result<Gate> {
        let gate = Gate::over(Shared::new(line::WORDS)?, ONE, 1);
        gate.permits().found(1);
        Ok(gate)
    }

    /// With so many, all free, and room for more.
    pub(super) fn of_many(permits: usize, room: usize) -> io::Result<Gate> {
        let gate = Gate::over(Shared::new(line::WORDS + room)?, line::WORDS, room);
        gate.permits().found(permits);
        Ok(gate)
    }

    /// That of another process.
    pub(super) fn open(shared: Shared) -> io::Result<Gate> {
        match shared.len().checked_sub(line::WORDS) {
            Some(0) => Ok(Gate::over(shared, ONE, 1)),
            Some(room) => Ok(Gate::over(shared, line::WORDS, room)),
            None => Err(io::Error::new(io::ErrorKind::InvalidData, "this is no lock")),
        }
    }

    fn over(shared: Shared, first: usize, room: usize) -> Gate {
        let (near, asked) = (AtomicUsize::new(0), AtomicU64::new(0));
        Gate(Arc::new(Inner { shared, first, room, near, asked }))
    }

    #[inline]
    pub(super) fn words(&self) -> Words<'_> {
        Words::new(&self.0.shared)
    }

    fn line(&self) -> Line<'_> {
        Line(self.words())
    }

    #[inline]
    fn one(&self) -> Permits<'_> {
        Permits::new(self.words(), ONE, 1)
    }

    pub(super) fn permits(&self) -> Permits<'_> {
        let made = usize::try_from(self.words().load(MADE)).unwrap_or(self.0.room);
        Permits::new(self.words(), self.0.first, made.min(self.0.room))
    }

    /// Locks what has one permit; whether it is marked.
    #[inline]
    pub(super) fn lock(
        &self,
        deadline: Option<Instant>,
        what: &'static str,
    ) -> Result<bool, AcquireError> {
        if self.one().take_first(me()) {
            return Ok(false);
        }
        self.lock_wanted(deadline, what)
    }

    #[cold]
    #[inline(never)]
    fn lock_wanted(
        &self,
        deadline: Option<Instant>,
        what: &'static str,
    ) -> Result<bool, AcquireError> {
        self.acquire(deadline, what).map(|had| had.marked)
    }

    /// Locks it if it is free; whether it is marked.
    #[inline]
    pub(super) fn try_lock(&self) -> Option<bool> {
        if self.one().take_first(me()) {
            return Some(false);
        }
        self.try_acquire().map(|had| had.marked)
    }

    /// Unlocks what this process has locked.
    #[inline]
    pub(super) fn unlock(&self, mark: Mark) {
        if mark == Mark::Keep && self.one().give_first(me()) {
            return;
        }
        self.unlock_wanted(mark);
    }

    #[cold]
    #[inline(never)]
    fn unlock_wanted(&self, mark: Mark) {
        // A copy of a guard in a forked child has nothing to give back.
        self.release(0, Some(me()), mark);
    }

    #[cold]
    pub(super) fn try_acquire(&self) -> Option<Had> {
        let near = self.0.near.load(Ordering::Relaxed);
        self.permits().take_fairly(me(), near, &Kernel).or_else(|| {
            let now = Kernel.now();
            if now.saturating_sub(self.0.asked.swap(now, Ordering::Relaxed)) < ASKS {
                return None;
            }
            self.bury();
            self.permits().take_fairly(me(), near, &Kernel)
        })
    }

    /// Has a permit, waiting for it if need be.
    pub(super) fn acquire(
        &self,
        deadline: Option<Instant>,
        what: &'static str,
    ) -> Result<Had, AcquireError> {
        let near = self.0.near.load(Ordering::Relaxed);
        if let Some(had) = self.permits().take_fairly(me(), near, &Kernel) {
            return Ok(had);
        }
        let waiter = Waiter::enter(self.line()).map_err(|_| AcquireError::Refused)?;
        Queued { gate: self, waiter }.acquire(deadline, what)
    }

    /// Gives one back: of that process, or of any. False if it was not held so.
    pub(super) fn release(&self, number: usize, who: Option<u64>, mark: Mark) -> bool {
        match self.permits().give(number, who, mark) {
            None => return false,
            Some(true) => self.permits().serve(&Kernel),
            Some(false) => {}
        }
        self.0.near.store(number, Ordering::Relaxed);
        true
    }

    /// Makes one more, if there is room.
    pub(super) fn add(&self) -> bool {
        let made = self.permits().add(self.0.room);
        if made {
            self.permits().serve(&Kernel);
        }
        made
    }

    /// Gives back what dead processes had.
    fn bury(&self) {
        report(self.permits().bury(stamp::is_dead));
        self.permits().make_way(&Kernel);
    }

    /// Describes who holds it and who waits.
    pub(super) fn describe(&self, out: &mut fmt::DebugStruct<'_, '_>) {
        let holders: Vec<u32> = self.permits().holders().map(pid_of).collect();
        let mut waiting: Vec<_> = self.line().all().collect();
        waiting.sort_by_key(|entry| entry.place.number);
        let waiting: Vec<u32> = waiting.iter().map(|entry| pid_of(entry.who)).collect();
        out.field("held_by", &holders).field("wanted_by", &waiting);
    }
}

fn report(dead: Vec<u64>) {
    for who in dead {
        let pid = pid_of(who);
        log::warn!("process {pid} has ended without giving back a lock or a permit");
    }
}

/// Somebody who waits for a permit.
struct Queued<'a> {
    gate: &'a Gate,
    waiter: Waiter<'a>,
}

impl Queued<'_> {
    fn acquire(
        mut self,
        deadline: Option<Instant>,
        what: &'static str,
    ) -> Result<Had, AcquireError> {
        // Whoever holds it may have ended long ago: that is one call to ask.
        report(self.gate.permits().bury(stamp::is_gone));
        loop {
            if let Some(had) = self.look() {
                return Ok(had);
            }
            let reason = reason(what, self.gate.permits().holders().next());
            match self.waiter.wait(reason, deadline) {
                Woken::Rung => {
                    if let Some(had) = self.look() {
                        return Ok(had);
                    }
                    // It was overtaken, and may be again: not to be rung at every release, it comes by itself.
                    let until = clock::now() + OVERTAKEN;
                    let until = deadline.map_or(until, |deadline| deadline.min(until));
                    self.waiter.pause(reason, until);
                }
                Woken::Look => self.gate.bury(),
                Woken::TimedOut => return self.look().ok_or(AcquireError::TimedOut),
            }
            self.waiter.renew();
        }
    }

    /// Takes a permit if one is free and it is this one's turn; if not, who gives one back will look here.
    fn look(&self) -> Option<Had> {
        self.gate.permits().ask(me(), self.waiter.place(), &Kernel)
    }
}

/// Whoever leaves the line makes way: it may have been rung, and be killed or late.
impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.waiter.leave();
        self.gate.permits().make_way(&Kernel);
    }
}

/// For a process that is being started, and for nobody else.
impl Serialize for Gate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Inherited(&self.0.shared).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Gate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Gate, D::Error> {
        let file = Passed::<OwnedFd>::deserialize(deserializer)?.0;
        Shared::open(file).and_then(Gate::open).map_err(D::Error::custom)
    }
}
