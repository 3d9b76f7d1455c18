//! What a process knows of one child.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use osier_runtime::io::Source;
use osier_runtime::stay::Mutex;
use osier_runtime::{Builder, clock, fork};
use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitId, WaitIdOptions, WaitOptions, kill_process, pidfd_open,
    pidfd_send_signal, waitid, waitpid,
};

use super::{ExitStatus, family};
use crate::log;
use crate::wire::about_to_wait;

/// How often a child is asked for whose end cannot be waited for, as no descriptors are left.
const BY_AND_BY: Duration = Duration::from_millis(1);

/// A child that was started.
pub(super) struct Child {
    pub(super) pid: Pid,
    pub(super) name: String,
    pub(super) daemon: bool,
    /// Readable when it has ended.
    pub(super) pidfd: OwnedFd,
    /// Whose child it is; in a forked copy of that process it is nobody's.
    pub(super) generation: u32,
    /// How it has ended, once it was reaped.
    status: Mutex<Option<ExitStatus>>,
}

impl Child {
    /// Takes charge of a child that has just been started.
    ///
    /// # Errors
    ///
    /// When there are no descriptors left; then the child is killed, and gone.
    pub(super) fn adopt(pid: Pid, name: String, daemon: bool) -> io::Result<Arc<Child>> {
        // It is not reaped, so the number is its.
        let pidfd = match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(pidfd) => pidfd,
            Err(error) => {
                let _ = kill_process(pid, Signal::KILL);
                while matches!(waitpid(Some(pid), WaitOptions::empty()), Err(Errno::INTR)) {}
                return Err(error.into());
            }
        };
        let (generation, status) = (fork::generation(), Mutex::new(None));
        let child = Arc::new(Child { pid, name, daemon, pidfd, generation, status });
        family::enter(child.clone());
        Ok(child)
    }

    /// Has it reaped as soon as it ends, if a hub is there to see to that; else who starts the next one does, or the exit.
    pub(super) fn look_after(self: &Arc<Self>) {
        let Ok(pidfd) = self.pidfd.try_clone() else { return };
        if !osier_runtime::fork::in_hub() {
            return;
        }
        let child = self.clone();
        let wait = move || {
            let source = Source::new(pidfd);
            while child.reap().is_none() && source.wait_readable(None).is_ok() {}
        };
        let _ = Builder::new().name("osier-reaper").daemon(true).spawn(wait);
    }

    /// How it has ended, if it has.
    pub(super) fn reap(&self) -> Option<ExitStatus> {
        let mut status = self.status.lock().unwrap_or_else(PoisonError::into_inner);
        if status.is_none() {
            let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG;
            *status = match waitid(WaitId::PidFd(self.pidfd.as_fd()), options) {
                Ok(found) => found.as_ref().map(ExitStatus::of),
                Err(Errno::INTR) => None,
                Err(_) => Some(ExitStatus::Lost),
            };
            if status.is_some() {
                family::leave(self);
            }
        }
        *status
    }

    /// Waits for its end.
    pub(super) fn wait(&self, deadline: Option<Instant>) -> Option<ExitStatus> {
        loop {
            if let Some(status) = self.reap() {
                log::catch_up();
                return Some(status);
            }
            log::look_after(family::has_some);
            if !wait_and_read(self.pidfd.as_fd(), deadline) {
                return self.reap();
            }
        }
    }

    /// Sends a signal; none to one that has ended.
    pub(super) fn signal(&self, signal: Signal) -> io::Result<()> {
        match pidfd_send_signal(&self.pidfd, signal) {
            Err(error) if error != Errno::SRCH => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// Waits until the child has ended; what children log is read meanwhile.
fn wait_and_read(pidfd: BorrowedFd<'_>, deadline: Option<Instant>) -> bool {
    about_to_wait();
    log::wait_beside(pidfd, deadline).unwrap_or_else(|| wait_readable(pidfd, deadline))
}

/// Waits until the descriptor is readable; false when the deadline comes first.
///
/// On a duplicate of its own, so that any number of tasks can wait for the same.
pub(super) fn wait_readable(fd: BorrowedFd<'_>, deadline: Option<Instant>) -> bool {
    about_to_wait();
    let waited = fd.try_clone_to_owned().and_then(|own| Source::new(own).wait_readable(deadline));
    match waited {
        Ok(()) => true,
        Err(error) if error.kind() == io::ErrorKind::TimedOut => false,
        Err(_) => {
            let next = clock::deadline(BY_AND_BY);
            osier_runtime::sleep_until(next.into_iter().chain(deadline).min().expect("soon"));
            deadline.is_none_or(|deadline| clock::now() < deadline)
        }
    }
}
