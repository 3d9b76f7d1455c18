//! Running a hub: the one line around a program's body.

use std::io;
use std::panic::{self, Location};

use crate::handle::Handle;
use crate::hub::{self, Deadlock, Ended, is_in_task};
use crate::task::JoinError;

/// Runs `f` as the main task of a new hub, and gives its result.
///
/// Returns when `f` and every task that is no daemon have ended; daemons are killed then, and all
/// destructors have run. All tasks run on this OS thread. If `f` panics, the others are killed and the panic goes on.
///
/// # Panics
/// When `f` does; when another `run` is going on on this thread; in a destructor while the thread panics, where no task could
/// wait, and where a panic that is not caught aborts; when the system has no descriptors
/// left for the hub, or a setting of the environment makes no sense ([`Hub::new`] gives an error instead); with a [`Deadlock`] when no task can ever
/// go on.
///
/// # Blocking
/// Occupies the OS thread.
///
/// ```
/// let answer = osier::run(|| osier::spawn(|| 42).join().unwrap());
/// assert_eq!(answer, 42);
/// ```
#[track_caller]
pub fn run<F, T>(f: F) -> T
where
    F: FnOnce() -> T,
{
    let site = Location::caller();
    let hub = Hub::new().unwrap_or_else(|error| panic!("cannot make a hub: {error}"));
    hub.run_at(site, f)
}

/// The scheduler of one OS thread, to be run more than once.
///
/// It keeps its stacks warm from run to run, and its [`Handle`] stays good.
///
/// ```
/// let hub = osier::Hub::new()?;
/// assert_eq!(hub.run(|| 1) + hub.run(|| 2), 3);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Hub {
    /// None while it is dropped.
    inner: Option<hub::Hub>,
}

impl Hub {
    /// Makes a hub.
    ///
    /// # Errors
    /// When the system has no descriptors left: a hub takes two. `InvalidInput` when a variable of the environment has a
    /// value that makes no sense: it is named.
    pub fn new() -> io::Result<Hub> {
        Ok(Hub { inner: Some(hub::Hub::new()?) })
    }

    /// Runs `f` as the main task, see [`run`].
    ///
    /// # Panics
    /// As [`run`]. In a forked child, if the hub was made before the fork.
    ///
    /// # Blocking
    /// Occupies the OS thread.
    #[track_caller]
    pub fn run<F, T>(&self, f: F) -> T
    where
        F: FnOnce() -> T,
    {
        self.run_at(Location::caller(), f)
    }

    /// A handle for other OS threads.
    pub fn handle(&self) -> Handle {
        Handle::new(self.inner().sender())
    }

    fn inner(&self) -> &hub::Hub {
        self.inner.as_ref().expect("it is dropped once")
    }

    /// Makes the runs to come runs under test.
    #[cfg(feature = "testing")]
    pub(crate) fn try_out(&self, order: Option<u64>, patience: std::time::Duration) {
        self.inner().try_out(order, patience);
    }

    pub(crate) fn run_at<F, T>(&self, site: &'static Location<'static>, f: F) -> T
    where
        F: FnOnce() -> T,
    {
        assert!(
            !std::thread::panicking(),
            "osier::run in a destructor while its thread panics: its tasks could not wait for anything. \
             Do this before, or on another OS thread"
        );
        assert!(
            !hub::is_left_behind(self.inner().number()),
            "this hub is not of this process, but of the one that it was forked from, and shares descriptors with it: \
             make a hub in the child"
        );
        let nested = hub::hub(|hub| hub.is_some());
        assert!(!nested, "osier::run inside of osier::run: spawn a task, or use another OS thread");
        debug_assert!(!is_in_task());
        match self.inner().run(site, f) {
            Ok(value) => value,
            Err(Ended::Failed(error)) => fail(error),
            Err(Ended::Unarmed(error)) => panic!("cannot run a hub: {error}"),
            Err(Ended::Deadlocked(verdict)) => {
                eprintln!("{verdict}");
                panic::resume_unwind(Box::new(verdict))
            }
        }
    }
}

/// In a forked child the parent's is left as it is: what waits in it is the parent's.
impl Drop for Hub {
    fn drop(&mut self) {
        if hub::is_left_behind(self.inner().number()) {
            std::mem::forget(self.inner.take());
        }
    }
}

/// Goes on with what the main task ended with.
fn fail(error: JoinError) -> ! {
    match error.try_into_panic() {
        Ok(payload) => {
            if let Some(verdict) = payload.downcast_ref::<Deadlock>() {
                eprintln!("{verdict}");
            }
            panic::resume_unwind(payload)
        }
        Err(error) => panic!("the main task of osier::run ended without a result: {error}"),
    }
}
