//! What users hold of a pool of OS threads.

use std::error::Error;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::crew::{Crew, Initializer, Refusal};
use super::job::Call;
use super::map::Map;
use crate::thread::Stats;
use crate::thread::promise::{Promise, promise};

/// A pool of OS threads that gives a promise for each call.
///
/// By the model of Python's `concurrent.futures`. It may be used from any task and any thread, and
/// waiting for its results parks a task. Threads are started as they are needed, at most so many. Dropped, it
/// takes no more calls; those that it has are still made, and nobody waits for them: call
/// [`shutdown`](Self::shutdown) for that. For a single call [`offload`](crate::thread::offload) is simpler.
///
/// ```
/// use osier::thread::ThreadPoolExecutor;
///
/// let executor = ThreadPoolExecutor::new(2);
/// let squares = osier::run(|| {
///     let squares = executor.map(1..=4, |n: u32| n * n);
///     squares.map(Result::unwrap).collect::<Vec<_>>()
/// });
/// assert_eq!(squares, [1, 4, 9, 16]);
/// executor.shutdown();
/// ```
#[derive(Debug)]
pub struct ThreadPoolExecutor {
    crew: Arc<Crew>,
}

/// Plans a [`ThreadPoolExecutor`].
///
/// ```
/// use osier::thread::ThreadPoolExecutor;
///
/// let executor = ThreadPoolExecutor::builder().max_workers(1).name("hash").build();
/// let name = executor.submit(|| std::thread::current().name().map(str::to_string)).unwrap();
/// assert_eq!(name.result().unwrap().as_deref(), Some("hash_0"));
/// ```
#[must_use = "a builder does nothing until it builds"]
pub struct ExecutorBuilder {
    max_workers: Option<usize>,
    name: String,
    initializer: Option<Initializer>,
}

/// A call was not taken; the closure comes back.
///
/// ```
/// use osier::thread::{ThreadPoolExecutor, Unsubmitted};
///
/// let executor = ThreadPoolExecutor::new(1);
/// executor.shutdown();
/// let error = executor.submit(|| 7).unwrap_err();
/// assert!(matches!(error.why, Unsubmitted::ShutDown));
/// assert_eq!((error.job)(), 7);
/// ```
pub struct SubmitError<F> {
    /// The closure, which was not called.
    pub job: F,
    /// Why not.
    pub why: Unsubmitted,
}

/// Why a call was not taken.
///
/// See [`SubmitError`] for an example.
#[derive(Debug)]
pub enum Unsubmitted {
    /// The executor takes no more.
    ShutDown,
    /// A thread's initializer has failed; what was said.
    Broken(Arc<str>),
    /// There is no thread, and the system gives none.
    NoThread(io::Error),
}

impl ThreadPoolExecutor {
    /// One of up to `max_workers` threads; it starts none yet.
    ///
    /// # Panics
    /// If that is 0: nothing would ever run.
    pub fn new(max_workers: usize) -> ThreadPoolExecutor {
        ThreadPoolExecutor::builder().max_workers(max_workers).build()
    }

    /// Plans one: how many threads, their names, what each does first.
    pub fn builder() -> ExecutorBuilder {
        ExecutorBuilder { max_workers: None, name: "osier-executor".into(), initializer: None }
    }

    /// Has `f` called on one of the threads.
    ///
    /// First come, first served; there is no bound to how many may wait (see [`map_bounded`](Self::map_bounded)).
    ///
    /// # Errors
    /// After a shutdown, after an initializer has failed, and if no thread is to be had.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn submit<F, T>(&self, f: F) -> Result<Promise<T>, SubmitError<F>>
    where
        F: FnOnce() -> T + Send + 'static,
        T: Send + 'static,
    {
        submit(&self.crew, f)
    }

    /// Has `f` called with each of the items, all of them at once; gives the results in their order.
    ///
    /// The items are all fetched before this returns. Dropped, the iterator cancels calls that have not begun.
    ///
    /// # Blocking
    /// Never switches tasks; the steps of the iterator do.
    pub fn map<I, F, T>(&self, items: I, f: F) -> Map<I::IntoIter, F, T>
    where
        I: IntoIterator,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        I::Item: Send + 'static,
        T: Send + 'static,
    {
        Map::new(&self.crew, items.into_iter(), f, usize::MAX)
    }

    /// The same with so many calls at most whose results were not fetched.
    ///
    /// Items are fetched as results are, so there may be endlessly many.
    ///
    /// # Panics
    /// If `bound` is 0: nothing would ever run.
    ///
    /// # Blocking
    /// As [`map`](Self::map).
    ///
    /// ```
    /// let executor = osier::thread::ThreadPoolExecutor::new(2);
    /// let mut halves = executor.map_bounded(0.., 3, |n: u32| n / 2);
    /// assert_eq!(halves.by_ref().take(5).map(Result::unwrap).collect::<Vec<_>>(), [0, 0, 1, 1, 2]);
    /// ```
    pub fn map_bounded<I, F, T>(&self, items: I, bound: usize, f: F) -> Map<I::IntoIter, F, T>
    where
        I: IntoIterator,
        F: Fn(I::Item) -> T + Send + Sync + 'static,
        I::Item: Send + 'static,
        T: Send + 'static,
    {
        assert!(bound > 0, "a map of no calls at once makes none");
        Map::new(&self.crew, items.into_iter(), f, bound)
    }

    /// Takes no more calls; those that it has are made.
    ///
    /// Python's `shutdown(wait=False)`.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn close(&self) {
        self.crew.close();
    }

    /// Cancels all calls that have not begun.
    ///
    /// Python's `cancel_futures=True`, if [`shutdown`](Self::shutdown) follows. Their callbacks run right here.
    ///
    /// # Blocking
    /// Does not switch tasks by itself.
    pub fn cancel_pending(&self) {
        self.crew.cancel_pending();
    }

    /// Takes no more calls and waits until all are made and the threads have ended.
    ///
    /// Called by one of its own threads, or by a task that unwinds, it does not wait. It may be called again.
    ///
    /// # Blocking
    /// Switches tasks, unless all have ended. Outside of a task it stops the OS thread.
    ///
    /// # Panics
    /// When it has to wait inside of [`no_switch`](crate::no_switch).
    pub fn shutdown(&self) {
        self.crew.close();
        if !self.is_own_thread() && self.crew.over().wait() {
            self.crew.bury();
        }
    }

    /// The same, and waits no longer than that; whether all have ended.
    ///
    /// # Blocking
    /// As [`shutdown`](Self::shutdown).
    pub fn shutdown_timeout(&self, limit: Duration) -> bool {
        self.crew.close();
        let over = !self.is_own_thread() && self.crew.over().wait_timeout(limit);
        if over {
            self.crew.bury();
        }
        over
    }

    /// What it is doing.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn stats(&self) -> Stats {
        self.crew.stats()
    }

    fn is_own_thread(&self) -> bool {
        self.crew.is_member(thread::current().id())
    }
}

pub(super) fn submit<F, T>(crew: &Arc<Crew>, f: F) -> Result<Promise<T>, SubmitError<F>>
where
    F: FnOnce() -> T + Send + 'static,
    T: Send + 'static,
{
    let (resolver, promise) = promise();
    let mut call = Some(Call { f, resolver });
    let refusal = crew.submit(|| Box::new(call.take().expect("it is made once")));
    let why = match refusal {
        Ok(()) => return Ok(promise),
        Err(Refusal::Closed) => Unsubmitted::ShutDown,
        Err(Refusal::Broken(why)) => Unsubmitted::Broken(why),
        Err(Refusal::NoThread(error)) => Unsubmitted::NoThread(error),
    };
    let Call { f, .. } = call.expect("it was refused, so it is still here");
    Err(SubmitError { job: f, why })
}

impl Default for ThreadPoolExecutor {
    /// One of four threads more than there are processors, 32 at most.
    fn default() -> ThreadPoolExecutor {
        ThreadPoolExecutor::builder().build()
    }
}

impl Drop for ThreadPoolExecutor {
    fn drop(&mut self) {
        self.crew.close();
    }
}

impl ExecutorBuilder {
    /// The most threads; otherwise four more than there are processors, 32 at most.
    ///
    /// # Panics
    /// If that is 0: nothing would ever run.
    pub fn max_workers(mut self, max: usize) -> ExecutorBuilder {
        assert!(max > 0, "an executor of no threads runs nothing");
        self.max_workers = Some(max);
        self
    }

    /// What the names of its threads begin with; a line and a number follow.
    pub fn name(mut self, prefix: impl Into<String>) -> ExecutorBuilder {
        self.name = prefix.into();
        self
    }

    /// What each thread does first.
    ///
    /// If it panics on one, the executor is broken: calls that have not begun are given up, and no more are taken.
    pub fn initializer(mut self, f: impl Fn() + Send + Sync + 'static) -> ExecutorBuilder {
        self.initializer = Some(Box::new(f));
        self
    }

    /// Makes it; it starts no thread yet.
    pub fn build(self) -> ThreadPoolExecutor {
        let default = || thread::available_parallelism().map_or(1, usize::from).saturating_add(4);
        let max = self.max_workers.unwrap_or_else(|| default().min(32));
        ThreadPoolExecutor { crew: Arc::new(Crew::new(max, self.name, self.initializer)) }
    }
}

impl fmt::Debug for ExecutorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExecutorBuilder")
            .field("max_workers", &self.max_workers)
            .field("name", &self.name)
            .field("initializer", &self.initializer.is_some())
            .finish()
    }
}

impl fmt::Display for Unsubmitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Unsubmitted::ShutDown => f.write_str("the executor was shut down"),
            Unsubmitted::Broken(why) => write!(f, "the executor is broken: {why}"),
            Unsubmitted::NoThread(error) => write!(f, "no OS thread could be started: {error}"),
        }
    }
}

impl<F> fmt::Debug for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SubmitError").field("why", &self.why).finish_non_exhaustive()
    }
}

impl<F> fmt::Display for SubmitError<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the call was not taken: {}", self.why)
    }
}

impl<F> Error for SubmitError<F> {}
