//! Waiting for what another process does to shared numbers.
//!
//! Whoever is about to wait says so, looks again, and waits for an eventfd; whoever has changed something rings it if
//! anybody has said so. A waiter that was rung for and got what it wanted passes it on, as there may be more to be had and others that
//! were not woken. One that is killed between the two would leave the others asleep, so each looks now and then by itself.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering::SeqCst, fence};
use std::time::{Duration, Instant};

use osier_runtime::io::Source;
use osier_runtime::thread::Semaphore;
use osier_runtime::{clock, sleep_until};
use rustix::event::{EventfdFlags, eventfd};

/// How often a waiter looks by itself.
const NOW_AND_THEN: Duration = Duration::from_millis(50);

/// What is rung.
#[derive(Debug)]
pub(super) struct Bell {
    source: Source<OwnedFd>,
}

/// The numbers that belong to a bell.
#[derive(Clone, Copy)]
pub(super) struct Rope<'a> {
    /// Whether somebody is about to wait.
    pub(super) wanted: &'a AtomicU64,
    /// How many wait; more than do, after one has died. It only says whether passing on is worth it.
    pub(super) waiting: &'a AtomicU64,
}

impl Bell {
    pub(super) fn new() -> io::Result<Bell> {
        Bell::of(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?)
    }

    pub(super) fn of(fd: OwnedFd) -> io::Result<Bell> {
        rustix::io::ioctl_fionbio(&fd, true)?;
        let source = Source::new(fd);
        source.share();
        Ok(Bell { source })
    }

    /// Wakes those who wait, if anybody does.
    pub(super) fn ring(&self, rope: Rope<'_>) {
        // What was changed is seen by whoever says from now on that it waits.
        fence(SeqCst);
        if rope.wanted.load(SeqCst) != 0 && rope.wanted.swap(0, SeqCst) != 0 {
            self.strike();
        }
    }

    /// Wakes those who wait.
    pub(super) fn strike(&self) {
        // If it cannot count any further, it is rung already.
        let _ = rustix::io::write(self.source.get_ref(), &1_u64.to_ne_bytes());
    }

    /// Takes back that it was rung.
    pub(super) fn hush(&self) {
        let _ = rustix::io::read(self.source.get_ref(), &mut [0; 8]);
    }

    /// What is readable while it is rung.
    pub(super) fn source(&self) -> &Source<OwnedFd> {
        &self.source
    }

    /// Waits until `look` has found something; none when the deadline comes first. `line` is this process', and of one.
    ///
    /// `look` is told whether it was not rung for: then it looks also for what nobody rings for.
    pub(super) fn wait<R>(
        &self,
        rope: Rope<'_>,
        line: &Semaphore,
        deadline: Option<Instant>,
        mut look: impl FnMut(bool) -> Option<R>,
    ) -> Option<R> {
        // One at a time waits for a descriptor.
        let _first = match deadline {
            None => line.acquire()?,
            Some(deadline) => line.acquire_deadline(deadline)?,
        };
        let (mut woken, mut rung) = (false, true);
        loop {
            rope.wanted.store(1, SeqCst);
            fence(SeqCst);
            if let Some(found) = look(!rung) {
                if woken && rope.waiting.load(SeqCst) > 0 {
                    self.strike();
                }
                return Some(found);
            }
            if deadline.is_some_and(|deadline| clock::now() >= deadline) {
                return None;
            }
            rung = self.sleep(rope, deadline);
            woken |= rung;
        }
    }

    /// Waits for a ring, until it is time to look again; whether there was one.
    fn sleep(&self, rope: Rope<'_>, deadline: Option<Instant>) -> bool {
        let until = clock::deadline(NOW_AND_THEN).into_iter().chain(deadline).min();
        rope.waiting.fetch_add(1, SeqCst);
        let _waiting = Waiting(rope.waiting);
        let waited = self.source.wait_readable(until);
        match waited {
            Ok(()) => {
                self.hush();
                true
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut => false,
            // There are no descriptors left, or it is not ours any more.
            Err(_) => {
                until.into_iter().for_each(sleep_until);
                false
            }
        }
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.source.get_ref().as_fd()
    }
}

/// Counts a waiter, until it is killed or goes on.
struct Waiting<'a>(&'a AtomicU64);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, SeqCst);
    }
}
