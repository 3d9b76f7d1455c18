//! A pool of worker processes, in the shape of `concurrent.futures`.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use osier_runtime::thread::{Promise, promise};
use serde::de::DeserializeOwned;

use super::chunks::{Chunks, hand_in};
use super::crew::Crew;
use super::error::{SubmitError, TaskError, Unsubmitted};
use super::imap::Imap;
use super::plan::{Plan, plan_methods};
use super::task::{Task, To, number, pack};
use crate::process::{Exit, Function, Process, Signature};

/// A pool of processes that gives a promise for each call.
///
/// As [`ThreadPoolExecutor`](osier_runtime::thread::ThreadPoolExecutor) is one of threads: the promises are the same, and so are
/// [`wait`](osier_runtime::thread::wait) and [`as_completed`](osier_runtime::thread::as_completed). It belongs to the hub it is used in. Workers are
/// started as they are needed. If one dies the executor is broken, as in Python: all calls that have not ended fail, with
/// [`TaskError::WorkerDied`], and no more are taken; unless [`replaces_workers`](ExecutorBuilder::replaces_workers). Dropped, it takes no more
/// calls; those that it has are made while the hub runs.
///
/// ```
/// use osier::process::pool::ProcessPoolExecutor;
///
/// osier::process::functions! {
///     fn square(n: u64) -> u64 { n * n }
/// }
/// osier::run(|| {
///     let executor = ProcessPoolExecutor::new(2);
///     let call = executor.submit(square, (7,)).unwrap();
///     assert_eq!(call.result().unwrap(), 49);
///     let squares: Vec<u64> = executor.map(square, 1..=4).map(Result::unwrap).collect();
///     assert_eq!(squares, [1, 4, 9, 16]);
///     executor.shutdown();
/// });
/// ```
pub struct ProcessPoolExecutor {
    crew: Rc<Crew>,
}

/// Plans a [`ProcessPoolExecutor`].
///
/// ```
/// use osier::process::pool::ProcessPoolExecutor;
///
/// osier::process::functions! {
///     fn name() -> String { osier::process::current().name().to_string() }
/// }
/// osier::run(|| {
///     let executor = ProcessPoolExecutor::builder().workers(1).name("hash").build();
///     assert_eq!(executor.submit(name, ()).unwrap().result().unwrap(), "hash-1");
/// });
/// ```
#[must_use = "a builder does nothing until it builds"]
pub struct ExecutorBuilder(Plan);

impl ExecutorBuilder {
    plan_methods!();

    /// Goes on when a worker dies: calls that it had begun with fail, and it is replaced.
    ///
    /// As [`Pool`](super::Pool) does.
    pub fn replaces_workers(mut self) -> Self {
        self.0.fragile = false;
        self
    }

    /// Makes it; it starts no worker yet.
    pub fn build(self) -> ProcessPoolExecutor {
        ProcessPoolExecutor { crew: Crew::new(self.0) }
    }
}

impl ProcessPoolExecutor {
    /// One of up to so many workers; it starts none yet.
    ///
    /// # Panics
    /// If that is 0: nothing would ever be called.
    pub fn new(max_workers: usize) -> ProcessPoolExecutor {
        ProcessPoolExecutor::builder().workers(max_workers).build()
    }

    /// Plans one: how many workers, how they are started, what each does first.
    pub fn builder() -> ExecutorBuilder {
        let mut plan = Plan::new("ExecutorWorker");
        (plan.on_demand, plan.fragile) = (true, true);
        ExecutorBuilder(plan)
    }

    /// Has a function called by a worker.
    ///
    /// First come, first served. Arguments that cannot be sent are the promise's error.
    ///
    /// # Errors
    /// After a shutdown, when the executor is broken, and if no worker can be started. The arguments come back.
    ///
    /// # Panics
    /// Outside of [`run`](osier_runtime::run).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn submit<F>(
        &self,
        function: Function<F>,
        args: F::Args,
    ) -> Result<Promise<F::Out>, SubmitError<F::Args>>
    where
        F: Signature,
        F::Out: DeserializeOwned + 'static,
    {
        if let Err(why) = self.prepare() {
            return Err(SubmitError { args, why });
        }
        let (resolver, result) = promise();
        let packed = vec![pack::<F>(&args)];
        drop(args);
        hand_in(&self.crew, Task::new(number(&function), packed, To::One(resolver)));
        Ok(result)
    }

    /// Sees to it that there is somebody to make a call.
    fn prepare(&self) -> Result<(), Unsubmitted> {
        match self.crew.refusal() {
            Some(TaskError::Closed | TaskError::Terminated) => return Err(Unsubmitted::ShutDown),
            Some(why) => return Err(Unsubmitted::Broken(why)),
            None => {}
        }
        let alone = self.crew.ledger.borrow().hands.is_empty();
        if alone { self.crew.start_one().map_err(Unsubmitted::NoWorker) } else { Ok(()) }
    }

    /// Has a function called for each of the items, all of them at once; gives the results in their order.
    ///
    /// The items are all fetched before this returns. When no calls are taken, each is an error.
    ///
    /// # Panics
    /// Outside of [`run`](osier_runtime::run).
    ///
    /// # Blocking
    /// Never switches tasks; the steps of the iterator do.
    pub fn map<'a, F, A, I>(&'a self, function: Function<F>, items: I) -> Imap<'a, F::Out>
    where
        F: Signature<Args = (A,)>,
        F::Out: DeserializeOwned + 'static,
        I: IntoIterator<Item = A> + 'a,
    {
        self.map_chunks(function, items, 1)
    }

    /// The same, so many items to a message.
    ///
    /// # Panics
    /// If that is 0; outside of [`run`](osier_runtime::run).
    ///
    /// # Blocking
    /// As [`map`](Self::map).
    pub fn map_chunks<'a, F, A, I>(
        &'a self,
        function: Function<F>,
        items: I,
        size: usize,
    ) -> Imap<'a, F::Out>
    where
        F: Signature<Args = (A,)>,
        F::Out: DeserializeOwned + 'static,
        I: IntoIterator<Item = A> + 'a,
    {
        let chunks = Chunks::new(&self.crew, Some(size));
        Imap::new(chunks.feed(function, items, size), usize::MAX)
    }

    /// As [`map`](Self::map), with so many calls at most whose results were not taken.
    ///
    /// Items are fetched as results are, so there may be endlessly many.
    ///
    /// # Panics
    /// If `bound` is 0; outside of [`run`](osier_runtime::run).
    ///
    /// # Blocking
    /// As [`map`](Self::map).
    pub fn map_bounded<'a, F, A, I>(
        &'a self,
        function: Function<F>,
        items: I,
        bound: usize,
    ) -> Imap<'a, F::Out>
    where
        F: Signature<Args = (A,)>,
        F::Out: DeserializeOwned + 'static,
        I: IntoIterator<Item = A> + 'a,
    {
        assert!(bound > 0, "a map of no calls at once makes none");
        Imap::new(Chunks::new(&self.crew, None).feed(function, items, 1), bound)
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

    /// Cancels all calls that no worker has.
    ///
    /// Python's `cancel_futures=True`, if [`shutdown`](Self::shutdown) follows. Their callbacks run right here.
    ///
    /// # Blocking
    /// Does not switch tasks by itself.
    pub fn cancel_pending(&self) {
        self.crew.cancel_pending();
    }

    /// Takes no more calls and waits until all are made and the workers have ended.
    ///
    /// In a task that unwinds it does not wait. It may be called again.
    ///
    /// # Blocking
    /// Switches tasks, unless all have ended.
    pub fn shutdown(&self) {
        self.crew.close();
        self.crew.over().wait();
    }

    /// The same, and waits no longer than that; whether all have ended.
    ///
    /// # Blocking
    /// As [`shutdown`](Self::shutdown).
    pub fn shutdown_timeout(&self, limit: Duration) -> bool {
        self.crew.close();
        self.crew.over().wait_timeout(limit)
    }

    /// Ends the workers by SIGTERM; calls that have not ended fail, and no more are taken.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn terminate_workers(&self) {
        self.crew.terminate(Process::terminate);
    }

    /// Ends the workers by SIGKILL; calls that have not ended fail, and no more are taken.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn kill_workers(&self) {
        self.crew.terminate(Process::kill);
    }

    /// The numbers of the workers, but of those that go home.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn pids(&self) -> Vec<u32> {
        self.crew.pids()
    }

    /// How many calls have not ended.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn pending(&self) -> usize {
        self.crew.ledger.borrow().pending()
    }
}

impl Default for ProcessPoolExecutor {
    /// One of as many workers as there are usable processors.
    fn default() -> ProcessPoolExecutor {
        ProcessPoolExecutor::builder().build()
    }
}

impl Drop for ProcessPoolExecutor {
    fn drop(&mut self) {
        self.crew.close();
    }
}

impl fmt::Debug for ProcessPoolExecutor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ProcessPoolExecutor").field(&self.crew).finish()
    }
}

impl fmt::Debug for ExecutorBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ExecutorBuilder").field(&self.0).finish()
    }
}
