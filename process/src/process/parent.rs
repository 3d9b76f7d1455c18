//! What a process knows of its parent.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use osier_runtime::clock;
use osier_runtime::ready::{Ready, Sealed};
use osier_runtime::stay::{Mutex, MutexGuard};
use osier_runtime::{Waitable, Watcher};
use rustix::process::{Pid, Signal, getppid, set_parent_process_death_signal};

use super::lifeline;
use crate::sys::fork::exit_now;
use crate::sys::lifeline::die_with;

/// Whom this process was started by; none in the first one.
static PARENT: Mutex<Option<Arc<Known>>> = Mutex::new(None);

fn known() -> MutexGuard<'static, Option<Arc<Known>>> {
    PARENT.lock().unwrap_or_else(PoisonError::into_inner)
}

struct Known {
    pid: u32,
    name: String,
    line: OwnedFd,
}

/// Where a child comes from.
pub(super) struct Origin {
    pub(super) pid: u32,
    pub(super) name: String,
    /// The reading end of the parent's lifeline.
    pub(super) line: OwnedFd,
    /// Whether the OS thread that has started it lasts as long as the parent.
    pub(super) lasts: bool,
}

impl Origin {
    /// Remembers it; a daemon is tied to its parent's life, and ends at once if that is over.
    ///
    /// # Errors
    ///
    /// When there are no descriptors left.
    pub(super) fn settle(self, daemon: bool) -> io::Result<()> {
        let line = lifeline::own(self.line.as_fd())?;
        if daemon {
            if self.lasts {
                set_parent_process_death_signal(Some(Signal::KILL))?;
            }
            die_with(line.as_fd())?;
            let there = getppid().map(Pid::as_raw_nonzero).map(|pid| pid.get().unsigned_abs());
            if there != Some(self.pid) || lifeline::is_cut(&line) {
                exit_now(1);
            }
        }
        *known() = Some(Arc::new(Known { pid: self.pid, name: self.name, line }));
        Ok(())
    }
}

/// The process that has started this one.
///
/// ```
/// assert!(osier::process::parent().is_none()); // this is the first one
/// ```
pub struct Parent {
    known: Arc<Known>,
    ready: Ready,
}

/// The process that has started this one; none in the first one.
///
/// # Blocking
/// Never switches tasks.
pub fn parent() -> Option<Parent> {
    let known = known().clone()?;
    Some(Parent { known, ready: Ready::new() })
}

impl Parent {
    /// Its number. When it has ended, that may be another process'.
    pub fn pid(&self) -> u32 {
        self.known.pid
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.known.name
    }

    /// Whether it has not ended.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_alive(&self) -> bool {
        !lifeline::is_cut(&self.known.line)
    }

    /// Waits for its end.
    ///
    /// # Blocking
    /// Switches tasks, unless it has ended.
    pub fn join(&self) {
        self.wait(None);
    }

    /// Waits for its end, no longer than that; whether it has ended.
    ///
    /// # Blocking
    /// Switches tasks, unless it has ended.
    pub fn join_timeout(&self, limit: Duration) -> bool {
        self.wait(clock::deadline(limit))
    }

    /// Waits for its end, until then at most; whether it has ended.
    ///
    /// # Blocking
    /// Switches tasks, unless it has ended.
    pub fn join_deadline(&self, deadline: Instant) -> bool {
        self.wait(Some(deadline))
    }

    fn wait(&self, deadline: Option<Instant>) -> bool {
        if self.is_alive() {
            super::child::wait_readable(self.known.line.as_fd(), deadline);
        }
        !self.is_alive()
    }
}

impl AsFd for Parent {
    /// Readable when it has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.known.line.as_fd()
    }
}

impl Sealed for Parent {}

impl Waitable for Parent {
    fn is_ready(&self) -> bool {
        !self.is_alive()
    }

    fn watch(&self, watcher: Watcher) {
        self.ready.watch(self.as_fd(), self.is_ready(), watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.ready.unwatch(watcher);
    }
}

impl fmt::Debug for Parent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parent")
            .field("pid", &self.pid())
            .field("name", &self.name())
            .field("alive", &self.is_alive())
            .finish()
    }
}
