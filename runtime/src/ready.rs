//! A descriptor's readiness as one of several things to wait for: what a [`Waitable`] of another package keeps.
//!
//! The reactor has one waiter a direction, and that is whoever reads. So here a task of its own waits, for an epoll
//! instance that holds the descriptor: no duplicate of it, which would keep its file open. There is such a task
//! from the first watch of what is not ready to the moment it is.

use std::fmt;
use std::io;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::{Arc, PoisonError};

use rustix::event::epoll;

use crate::fork;
use crate::handle::RemoteKiller;
use crate::io::Source;
use crate::spawn::Builder;
use crate::stay::{Mutex, MutexGuard};
use crate::thread::Event;
use crate::wait::{Waitable, Watcher};

pub use crate::wait::sealed::Sealed;

/// What a thing with a descriptor keeps so that it can be [`Waitable`].
#[derive(Default)]
pub struct Ready {
    /// Set when it was ready; a hint, as everything that is watched.
    event: Arc<Event>,
    /// Ends the task that waits for it, if there is one; cleared by that task.
    guard: Arc<Mutex<Option<Guard>>>,
}

/// A task that waits.
struct Guard {
    killer: RemoteKiller,
    /// Of which process it is a task; in a forked child it is none.
    process: u32,
}

impl Ready {
    /// For a descriptor that nobody watches yet.
    pub fn new() -> Ready {
        Ready::default()
    }

    /// As [`Waitable::watch`]; `ready` is whether reading `fd` would not block.
    ///
    /// If it cannot be waited for (no descriptors are left), the watcher is told at once, and finds out by trying.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run).
    pub fn watch(&self, fd: BorrowedFd<'_>, ready: bool, watcher: Watcher) {
        if ready {
            self.event.set();
        } else {
            self.event.clear();
            if self.post(fd).is_err() {
                self.event.set();
            }
        }
        self.event.watch(watcher);
    }

    /// As [`Waitable::unwatch`].
    pub fn unwatch(&self, watcher: &Watcher) {
        self.event.unwatch(watcher);
    }

    /// Has a task wait, unless one does.
    fn post(&self, fd: BorrowedFd<'_>) -> io::Result<()> {
        let mut guard = lock(&self.guard);
        if guard.as_ref().is_some_and(|guard| guard.process == fork::generation()) {
            return Ok(());
        }
        let source = Source::new(instance(fd)?);
        let end = End { event: self.event.clone(), guard: self.guard.clone() };
        let wait = move || {
            let _end = end;
            // On an error there is nothing to wait for any more, and who is told finds out.
            let _ = source.wait_readable(None);
        };
        let task = Builder::new().name("osier-ready").daemon(true).spawn(wait)?;
        let killer = task.task().remote_killer();
        *guard = Some(Guard { killer, process: fork::generation() });
        Ok(())
    }
}

/// Something that is readable while `fd` is, and does not hold it open.
fn instance(fd: BorrowedFd<'_>) -> io::Result<OwnedFd> {
    let instance = epoll::create(epoll::CreateFlags::CLOEXEC)?;
    epoll::add(&instance, fd, epoll::EventData::new_u64(0), epoll::EventFlags::IN)?;
    Ok(instance)
}

/// Tells those who watch that the waiting is over, however it ended.
struct End {
    event: Arc<Event>,
    guard: Arc<Mutex<Option<Guard>>>,
}

impl Drop for End {
    fn drop(&mut self) {
        lock(&self.guard).take();
        self.event.set();
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        if let Some(guard) = lock(&self.guard).as_ref() {
            guard.killer.kill();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl fmt::Debug for Ready {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let watched = lock(&self.guard).is_some();
        f.debug_struct("Ready").field("watched", &watched).finish_non_exhaustive()
    }
}
