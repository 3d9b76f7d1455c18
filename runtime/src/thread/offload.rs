//! Blocking calls that run on an OS thread while the task waits.

use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, LazyLock, PoisonError};
use std::thread;

use super::Pool;
use crate::cancel::deliver;
use crate::hub::is_in_task;
use crate::park::{RemoteUnparker, Unparker, park};
use crate::settings::settings;
use crate::stay::{Mutex, MutexGuard};
use crate::task::Reason;

/// The pool that [`offload`] uses; asked for inside of a task, where the settings are known to make sense.
static POOL: LazyLock<Pool> = LazyLock::new(|| Pool::new("offload", settings().offload));

/// Runs `f` on an OS thread and gives its result.
///
/// Other tasks run meanwhile. For calls that block and cannot be made green: files, C libraries, long computations. At most 4
/// run at once in the process, or as many as `OSIER_OFFLOAD` says, the others queue; [`Pool::offload`] is the same with a pool of your
/// own. What `f` works on is its own (`'static + Send`), so the wait can be cut short by a kill or a
/// time-out: `f` goes on then, and its result is dropped. A panic in `f` comes back here.
///
/// Outside of a task, and in one that unwinds, `f` is called right here.
///
/// # Blocking
/// Switches tasks.
///
/// ```
/// let text = osier::run(|| osier::thread::offload(|| std::fs::read_to_string("/proc/version")));
/// assert!(text.unwrap().starts_with("Linux"));
/// ```
pub fn offload<F, T>(f: F) -> T
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    if is_in_task() { POOL.offload(f) } else { f() }
}

impl Pool {
    /// Runs `f` on a thread of this pool and gives its result.
    ///
    /// As [`offload`]. If not one thread can be started, `f` is called right here, and the log says so.
    ///
    /// # Blocking
    /// Switches tasks.
    ///
    /// ```
    /// use osier::thread::Pool;
    ///
    /// static HASHERS: Pool = Pool::new("hash", 2);
    /// assert_eq!(osier::run(|| HASHERS.offload(|| 6 * 7)), 42);
    /// ```
    pub fn offload<F, T>(&'static self, f: F) -> T
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        if !is_in_task() {
            return f();
        }
        let call = Arc::new(Call::default());
        let filled = call.clone();
        let job = move || filled.end(catch_unwind(AssertUnwindSafe(f)));
        if let Err(refused) = self.submit(Box::new(job)) {
            log::warn!("an offloaded call blocks its hub, as no thread starts: {}", refused.error);
            (refused.job)();
        }
        call.wait().unwrap_or_else(|payload| panic::resume_unwind(payload))
    }
}

/// One offloaded call, as both sides see it.
struct Call<T>(Mutex<Progress<T>>);

struct Progress<T> {
    /// What has come of it, until it is taken.
    result: Option<thread::Result<T>>,
    /// Whom to wake when it has ended.
    waiter: Option<RemoteUnparker>,
}

impl<T> Default for Call<T> {
    fn default() -> Self {
        Call(Mutex::new(Progress { result: None, waiter: None }))
    }
}

impl<T> Call<T> {
    fn lock(&self) -> MutexGuard<'_, Progress<T>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self, result: thread::Result<T>) {
        let mut progress = self.lock();
        progress.result = Some(result);
        if let Some(waiter) = progress.waiter.take() {
            waiter.unpark();
        }
    }

    fn wait(&self) -> thread::Result<T> {
        loop {
            let mut progress = self.lock();
            if let Some(result) = progress.result.take() {
                return result;
            }
            progress.waiter = Some(Unparker::current().remote());
            drop(progress);
            // A wake that was meant for something else may end it too early.
            deliver(park(Reason::new("waiting for an offloaded call").outside(), None, || {}));
        }
    }
}
