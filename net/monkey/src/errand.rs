//! A call on a thread of a pool, while the task waits without ever unwinding.
//!
//! As `osier::thread::offload` but for that: a kill is told as `None`, and what the call brings then is dropped on
//! that thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use osier_runtime::thread::Pool;
use osier_runtime::{Reason, RemoteUnparker, Unparker, Wake, park, shield};

use crate::errno::Kept;

/// One call, as both sides see it.
struct Call<T>(Mutex<Progress<T>>);

struct Progress<T> {
    /// What has come of it, until it is taken.
    result: Option<T>,
    /// Whom to wake when it has ended.
    waiter: Option<RemoteUnparker>,
}

/// Whether a kill or a time-out ends the wait.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// It does: what is worked on is its own.
    Early,
    /// It does not: what is worked on is lent.
    Never,
}

/// Calls `f` on a thread of the pool; none if the task is to end meanwhile. In a task that may wait.
pub(crate) fn run<T: Send + 'static>(
    pool: &'static Pool,
    reason: Reason,
    stop: Stop,
    f: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let _kept = Kept::here();
    let call = Arc::new(Call(Mutex::new(Progress { result: None, waiter: None })));
    let filled = call.clone();
    let job = move || filled.end(f());
    if let Err(refused) = pool.submit(Box::new(job)) {
        (refused.job)(); // no thread starts, so all wait
    }
    match stop {
        Stop::Early => call.wait(reason.outside()),
        Stop::Never => shield(|| {
            // What goes through a shield is put off as well.
            std::iter::repeat_with(|| call.wait(reason.outside())).flatten().next()
        }),
    }
}

impl<T> Call<T> {
    fn lock(&self) -> MutexGuard<'_, Progress<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, result: T) {
        let mut progress = self.lock();
        progress.result = Some(result);
        let waiter = progress.waiter.take();
        drop(progress);
        if let Some(waiter) = waiter {
            waiter.unpark();
        }
    }

    fn wait(&self, reason: Reason) -> Option<T> {
        loop {
            let mut progress = self.lock();
            if let Some(result) = progress.result.take() {
                return Some(result);
            }
            progress.waiter = Some(Unparker::current().remote());
            drop(progress);
            if park(reason, None, || ()) == Wake::Killed {
                let mut progress = self.lock();
                progress.waiter = None;
                return progress.result.take();
            }
        }
    }
}
