//! Waiting until something is set, by whatever process.

use std::fmt;
use std::io;
use std::time::{Duration, Instant};

use osier_runtime::clock;
use serde::{Deserialize, Serialize};

use super::gate::{FLAG, Gate};
use super::line::{Line, Standing};
use super::permits::World;
use super::wait::{Kernel, Waiter, Woken, reason};
use super::words::Words;
use crate::stamp::pid_of;

/// It is set.
const SET: u64 = 1;
/// Somebody may wait for it.
const WANTED: u64 = 2;
/// From here on: how often it was set.
const ONCE: u64 = 4;

/// Lets tasks of all processes wait until one of them sets it.
///
/// Shared as a [`Lock`](super::Lock) is. It stays set until it is cleared. Whoever waited when it was set goes on, also if it is cleared at once.
///
/// ```
/// use osier::process::{Process, sync::Event};
///
/// osier::run(|| {
///     let ready = Event::new()?;
///     let theirs = ready.clone();
///     let child = Process::fork(move || theirs.set()).unwrap();
///     ready.wait();
///     assert!(ready.is_set() && child.join().is_success());
///     std::io::Result::Ok(())
/// })?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
pub struct Event {
    /// Where those stand who wait; its permit is not used.
    gate: Gate,
}

impl Event {
    /// An event that is not set.
    ///
    /// # Errors
    /// When there are no descriptors or no memory left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new() -> io::Result<Event> {
        Ok(Event { gate: Gate::of_one()? })
    }

    fn words(&self) -> Words<'_> {
        self.gate.words()
    }

    fn line(&self) -> Line<'_> {
        Line(self.words())
    }

    /// Sets it: all who wait go on, and who comes does not wait.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn set(&self) {
        if self.raise() {
            tell_all(self.line(), Standing::Told);
        }
    }

    /// Sets the flag alone; whether somebody may wait who is to be told.
    fn raise(&self) -> bool {
        let mut was = self.words().load(FLAG);
        loop {
            let next = ((was & !WANTED) | SET).wrapping_add(ONCE);
            match self.words().change(FLAG, was, next) {
                Ok(_) => return was & WANTED != 0,
                Err(is) => was = is,
            }
        }
    }

    /// How often it was set.
    fn times(&self) -> u64 {
        self.words().load(FLAG) / ONCE
    }

    /// Has it be not set.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn clear(&self) {
        self.words().clear(FLAG, SET);
    }

    /// Whether it is set.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_set(&self) -> bool {
        self.words().load(FLAG) & SET != 0
    }

    /// Waits until it is set; false if there is no waiting here.
    ///
    /// # Blocking
    /// Switches tasks, unless it is set. In a task that unwinds never. Outside of a run it stops the OS thread.
    pub fn wait(&self) -> bool {
        self.wait_by(None)
    }

    /// Waits until it is set, for that long at most; whether it was.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.is_set() || self.wait_by(clock::deadline(limit))
    }

    /// Waits until it is set, until then at most; whether it was.
    ///
    /// # Blocking
    /// As [`wait`](Self::wait).
    pub fn wait_deadline(&self, deadline: Instant) -> bool {
        self.wait_by(Some(deadline))
    }

    fn wait_by(&self, deadline: Option<Instant>) -> bool {
        if self.is_set() {
            return true;
        }
        let Ok(waiter) = Waiter::enter(self.line()) else { return false };
        let mut waiter = Left(waiter);
        // A change: whoever sets it afterwards sees who waits, and what was set before is seen here.
        let mut flag = self.words().set(FLAG, WANTED);
        let before = flag / ONCE;
        // That it was told says nothing: one who set it before this wait, and was slow, tells those who stand here now.
        while flag & SET == 0 && flag / ONCE == before {
            let reason = reason("waiting for an event between processes", None);
            if waiter.0.wait(reason, deadline) == Woken::TimedOut {
                return self.is_set() || self.times() != before;
            }
            waiter.0.renew();
            flag = self.words().set(FLAG, WANTED);
        }
        true
    }
}

/// Tells all who wait at present, and rings them.
pub(super) fn tell_all(line: Line<'_>, what: Standing) -> usize {
    tell(line, usize::MAX, line.drawn(), what)
}

/// Tells the first that many of those who came no later than that number was drawn; how many there were.
///
/// Not whoever comes meanwhile: one who was told may be back, and wait for the next time.
pub(super) fn tell(line: Line<'_>, most: usize, latest: u64, what: Standing) -> usize {
    let (mut told, mut last) = (0, 0);
    while told < most {
        let Some(entry) = line.behind(last) else { break };
        last = entry.place.number;
        if last > latest {
            break;
        }
        if !entry.standing.is_open() || !line.tell(entry.place, what) {
            continue;
        }
        if !Kernel.ring(entry.bell) && Kernel.is_dead(entry.who) {
            // What it was told it does not know: it is for the next one.
            told = (told + 1).saturating_sub(line.bury(|who| who == entry.who));
        } else {
            told += 1;
        }
    }
    told
}

/// Leaves the line at the end.
struct Left<'a>(Waiter<'a>);

impl Drop for Left<'_> {
    fn drop(&mut self) {
        self.0.leave();
    }
}

/// The processes that wait for it.
pub(super) fn waiting(line: Line<'_>) -> Vec<u32> {
    let mut all: Vec<_> = line.all().filter(|entry| entry.standing.is_open()).collect();
    all.sort_by_key(|entry| entry.place.number);
    all.iter().map(|entry| pid_of(entry.who)).collect()
}

/// Whether it is set, and the processes that wait.
impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Event")
            .field("set", &self.is_set())
            .field("wanted_by", &waiting(self.line()))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use osier_runtime::{run, spawn};

    const SOON: Duration = Duration::from_millis(20);

    #[test]
    fn one_who_is_slow_to_tell_ends_no_wait_that_began_after_a_clear() {
        run(|| {
            let event = Event::new().unwrap();
            let waits = event.clone();
            let first = spawn(move || waits.wait());
            osier_runtime::yield_now();
            assert!(event.raise(), "it waits");
            assert!(first.join().unwrap(), "it has looked by itself");
            event.clear();
            let waits = event.clone();
            let second = spawn(move || waits.wait_timeout(SOON));
            let waits = event.clone();
            let third = spawn(move || waits.wait());
            osier_runtime::yield_now();
            assert_eq!(tell_all(event.line(), Standing::Told), 2);
            assert!(!second.join().unwrap(), "it was not set meanwhile");
            assert!(!third.is_finished());
            assert_eq!(waiting(event.line()).len(), 1, "it is to be told again");
            event.set();
            event.clear();
            assert!(third.join().unwrap(), "it is told as well, and this time it was");
        });
    }

    #[test]
    fn who_comes_after_all_were_to_be_told_waits_for_the_next_time() {
        run(|| {
            let event = Event::new().unwrap();
            let waiter = || {
                let waits = event.clone();
                spawn(move || waits.wait())
            };
            let first = waiter();
            osier_runtime::yield_now();
            let latest = event.line().drawn();
            let second = waiter();
            osier_runtime::yield_now();
            assert_eq!(tell(event.line(), usize::MAX, latest, Standing::Told), 1);
            assert_eq!(waiting(event.line()).len(), 1, "the second waits on");
            event.set();
            assert!(first.join().unwrap() && second.join().unwrap());
        });
    }
}
