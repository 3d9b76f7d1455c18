//! Blocking calls that run on an OS thread while the task waits.

use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

use super::Pool;
use crate::cancel::deliver;
use crate::hub::is_in_task;
use crate::park::{Unparker, park};
use crate::task::Reason;

/// Threads of the pool that [`offload`] uses: enough that a few slow calls do not hold up the rest.
const THREADS: usize = 4;

static POOL: Pool = Pool::new("offload", THREADS);

/// Runs `f` on an OS thread and gives its result; other tasks run meanwhile.
///
/// For calls that block and cannot be made green: files, C libraries, long computations. At most 4
/// run at once in the process, the others queue; [`Pool::offload`] is the same with a pool of your
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
    POOL.offload(f)
}

impl Pool {
    /// Runs `f` on a thread of this pool and gives its result; see [`offload`].
    ///
    /// If not one thread can be started, `f` is called right here, and the log says so.
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
        let slot = Arc::new(Mutex::new(None));
        let (filled, done) = (slot.clone(), Unparker::current().remote());
        let job = move || {
            let result = catch_unwind(AssertUnwindSafe(f));
            *filled.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
            done.unpark();
        };
        if let Err(refused) = self.submit(Box::new(job)) {
            log::warn!("an offloaded call blocks its hub, as no thread starts: {}", refused.error);
            (refused.job)();
        }
        deliver(park(Reason::new("waiting for an offloaded call").outside(), None, || {}));
        let result = slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        unwrap(result.expect("the wait ends when the result is there"))
    }
}

fn unwrap<T>(result: thread::Result<T>) -> T {
    result.unwrap_or_else(|payload| panic::resume_unwind(payload))
}
