//! A pool of worker processes, in the shape of `multiprocessing.Pool`.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use osier_runtime::thread::{CallError, Promise, promise};
use serde::de::DeserializeOwned;

use super::chunks::{Chunks, hand_in};
use super::crew::Crew;
use super::error::StillOpen;
use super::imap::{Imap, ImapUnordered};
use super::ledger::Phase;
use super::plan::{Plan, plan_methods};
use super::task::{Callback, Task, To, number, pack};
use crate::process::{Exit, Function, Process, Signature, StartError};

/// A pool of processes that call registered functions.
///
/// It belongs to the hub it was made in: waiting for results parks a task, and no OS threads are used. Workers are
/// daemons. A worker that dies fails the calls that it had begun with
/// ([`TaskError::WorkerDied`](super::TaskError::WorkerDied)), others get what it had not, and a new one takes its place. A panic in a call is
/// that call's error, with the message. Dropped, it is terminated: [`close`](Self::close) and [`join`](Self::join) to have all calls made.
///
/// ```
/// use osier::process::pool::Pool;
///
/// osier::process::functions! {
///     fn square(n: u64) -> u64 { n * n }
/// }
/// osier::run(|| {
///     let pool = Pool::new(2)?;
///     assert_eq!(pool.apply(square, (7,)).unwrap(), 49);
///     assert_eq!(pool.map(square, 1..=4).unwrap(), [1, 4, 9, 16]);
///     let later = pool.apply_async(square, (9,));
///     assert_eq!(later.result().unwrap(), 81);
///     Ok::<(), osier::process::StartError>(())
/// })?;
/// # Ok::<(), osier::process::StartError>(())
/// ```
pub struct Pool {
    crew: Rc<Crew>,
}

/// Plans a [`Pool`].
///
/// ```
/// use osier::process::pool::Pool;
///
/// osier::process::functions! {
///     fn prepare(word: String) { assert_eq!(word, "begin") }
///     fn pid() -> u32 { std::process::id() }
/// }
/// osier::run(|| {
///     let pool = Pool::builder().workers(1).max_tasks_per_child(1).initializer(prepare, ("begin".into(),));
///     let pool = pool.build()?;
///     assert_ne!(pool.apply(pid, ()).unwrap(), pool.apply(pid, ()).unwrap());
///     Ok::<(), osier::process::StartError>(())
/// })?;
/// # Ok::<(), osier::process::StartError>(())
/// ```
#[must_use = "a builder does nothing until it builds"]
pub struct PoolBuilder(Plan);

impl PoolBuilder {
    plan_methods!();

    /// Makes it, and starts its workers.
    ///
    /// # Errors
    /// As the start of any process. Workers that were started before are killed then.
    ///
    /// # Panics
    /// Outside of [`run`](osier_runtime::run).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn build(self) -> Result<Pool, StartError> {
        let pool = Pool { crew: Crew::new(self.0) };
        for _ in 0..pool.crew.plan.workers {
            pool.crew.start_one()?;
        }
        Ok(pool)
    }
}

impl Pool {
    /// One of so many workers, with all defaults.
    ///
    /// # Errors
    /// As the start of any process. Workers that were started before are killed then.
    ///
    /// # Panics
    /// If that is 0; outside of [`run`](osier_runtime::run).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new(workers: usize) -> Result<Pool, StartError> {
        Pool::builder().workers(workers).build()
    }

    /// Plans one: how many workers, how they are started, what each does first.
    pub fn builder() -> PoolBuilder {
        PoolBuilder(Plan::new("PoolWorker"))
    }

    /// Has a function called by a worker, and waits for what it gives.
    ///
    /// # Errors
    /// When it panics, cannot be sent, nor its result, when its worker dies, and when the pool takes no calls.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn apply<F>(&self, function: Function<F>, args: F::Args) -> Result<F::Out, CallError>
    where
        F: Signature,
        F::Out: DeserializeOwned + 'static,
    {
        self.apply_async(function, args).result()
    }

    /// Has a function called by a worker.
    ///
    /// What it comes to is the promise's; errors are as those of [`apply`](Self::apply), also if the arguments cannot be sent.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn apply_async<F>(&self, function: Function<F>, args: F::Args) -> Promise<F::Out>
    where
        F: Signature,
        F::Out: DeserializeOwned + 'static,
    {
        let (resolver, result) = promise();
        let packed = vec![pack::<F>(&args)];
        drop(args);
        hand_in(&self.crew, Task::new(number(&function), packed, To::One(resolver)));
        result
    }

    /// The same, and calls one of these with what it came to, before anybody has it.
    ///
    /// In this process, in a task of its own. A panic in it is told by the panic hook, and nothing else happens.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// # use osier::process::pool::Pool;
    /// osier::process::functions! {
    ///     fn pid() -> u32 { std::process::id() }
    /// }
    /// osier::run(|| {
    ///     let pool = Pool::new(1)?;
    ///     let told = |worker: &u32| println!("{} was told by {worker}", std::process::id());
    ///     let call = pool.apply_async_with(pid, (), told, |error| println!("{error}"));
    ///     assert_ne!(call.result().unwrap(), std::process::id());
    ///     Ok::<(), osier::process::StartError>(())
    /// })?;
    /// # Ok::<(), osier::process::StartError>(())
    /// ```
    pub fn apply_async_with<F>(
        &self,
        function: Function<F>,
        args: F::Args,
        callback: impl FnOnce(&F::Out) + 'static,
        error_callback: impl FnOnce(&CallError) + 'static,
    ) -> Promise<F::Out>
    where
        F: Signature,
        F::Out: DeserializeOwned + 'static,
    {
        let (resolver, result) = promise();
        let packed = vec![pack::<F>(&args)];
        drop(args);
        let told: Callback<F::Out> = Box::new(move |outcome| match outcome {
            Ok(value) => callback(value),
            Err(error) => error_callback(error),
        });
        let to = To::Told(resolver, told, self.crew.busy());
        hand_in(&self.crew, Task::new(number(&function), packed, to));
        result
    }

    /// Has a function called for each of the items, and waits for all results, in the order of the items.
    ///
    /// The items are all fetched first, and go out in chunks, four to a worker; [`chunks`](Self::chunks) says other sizes.
    ///
    /// # Errors
    /// The first one of the items', when all calls have ended.
    ///
    /// # Blocking
    /// Switches tasks, unless there are no items.
    pub fn map<F, A>(
        &self,
        function: Function<F>,
        items: impl IntoIterator<Item = A>,
    ) -> Result<Vec<F::Out>, CallError>
    where
        F: Signature<Args = (A,)>,
        F::Out: DeserializeOwned + 'static,
    {
        self.whole().map(function, items)
    }

    /// As [`map`](Self::map), and waits for nothing.
    ///
    /// # Blocking
    /// Never switches tasks, unless `items` does.
    pub fn map_async<F, A>(
        &self,
        function: Function<F>,
        items: impl IntoIterator<Item = A>,
    ) -> Promise<Vec<F::Out>>
    where
        F: Signature<Args = (A,)>,
        F::Out: DeserializeOwned + 'static,
    {
        self.whole().map_async(function, items)
    }

    /// As [`map`](Self::map), of functions with several arguments.
    ///
    /// # Errors
    /// As [`map`](Self::map).
    ///
    /// # Blocking
    /// As [`map`](Self::map).
    ///
    /// ```
    /// # use osier::process::pool::Pool;
    /// osier::process::functions! {
    ///     fn power(base: u64, exponent: u32) -> u64 { base.pow(exponent) }
    /// }
    /// osier::run(|| {
    ///     let pool = Pool::new(1)?;
    ///     assert_eq!(pool.starmap(power, [(2, 5), (3, 2)]).unwrap(), [32, 9]);
    ///     Ok::<(), osier::process::StartError>(())
    /// })?;
    /// # Ok::<(), osier::process::StartError>(())
    /// ```
    pub fn starmap<F>(
        &self,
        function: Function<F>,
        items: impl IntoIterator<Item = F::Args>,
    ) -> Result<Vec<F::Out>, CallError>
    where
        F: Signature,
        F::Out: DeserializeOwned + 'static,
    {
        self.whole().starmap(function, items)
    }

    /// As [`starmap`](Self::starmap), and waits for nothing.
    ///
    /// # Blocking
    /// Never switches tasks, unless `items` does.
    pub fn starmap_async<F>(
        &self,
        function: Function<F>,
        items: impl IntoIterator<Item = F::Args>,
    ) -> Promise<Vec<F::Out>>
    where
        F: Signature,
        F::Out: DeserializeOwned + 'static,
    {
        self.whole().starmap_async(function, items)
    }

    /// Has a function called for each of the items; gives the results one by one, in the order of the items.
    ///
    /// Items are asked for as results are taken, so there may be endlessly many; [`Imap::bound`] says how far it runs ahead.
    ///
    /// # Blocking
    /// Never switches tasks; the steps of the iterator do.
    pub fn imap<'a, F, A, I>(&'a self, function: Function<F>, items: I) -> Imap<'a, F::Out>
    where
        F: Signature<Args = (A,)>,
        F::Out: DeserializeOwned + 'static,
        I: IntoIterator<Item = A> + 'a,
    {
        self.whole().imap(function, items)
    }

    /// As [`imap`](Self::imap), in the order in which results come.
    ///
    /// # Blocking
    /// As [`imap`](Self::imap).
    pub fn imap_unordered<'a, F, A, I>(
        &'a self,
        function: Function<F>,
        items: I,
    ) -> ImapUnordered<'a, F::Out>
    where
        F: Signature<Args = (A,)>,
        F::Out: DeserializeOwned + 'static,
        I: IntoIterator<Item = A> + 'a,
    {
        self.whole().imap_unordered(function, items)
    }

    /// Calls for many items, so many to a message.
    ///
    /// # Panics
    /// If that is 0.
    pub fn chunks(&self, size: usize) -> Chunks<'_> {
        Chunks::new(&self.crew, Some(size))
    }

    fn whole(&self) -> Chunks<'_> {
        Chunks::new(&self.crew, None)
    }

    /// Takes no more calls; those that it has are made, then the workers go home.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn close(&self) {
        self.crew.close();
    }

    /// Ends the workers, by SIGTERM, and after a second by SIGKILL; calls that have not ended fail.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn terminate(&self) {
        self.crew.terminate(Process::terminate);
        self.crew.hasten();
    }

    /// Waits until all calls, callbacks and workers have ended.
    ///
    /// # Errors
    /// [`StillOpen`] if it was neither closed nor terminated: it would wait for ever.
    ///
    /// # Blocking
    /// Switches tasks, unless all have ended.
    pub fn join(&self) -> Result<(), StillOpen> {
        self.check()?;
        self.crew.over().wait();
        Ok(())
    }

    /// The same, and waits no longer than that; whether all have ended.
    ///
    /// # Errors
    /// As [`join`](Self::join).
    ///
    /// # Blocking
    /// As [`join`](Self::join).
    pub fn join_timeout(&self, limit: Duration) -> Result<bool, StillOpen> {
        self.check()?;
        Ok(self.crew.over().wait_timeout(limit))
    }

    fn check(&self) -> Result<(), StillOpen> {
        if self.crew.ledger.borrow().phase == Phase::Open { Err(StillOpen) } else { Ok(()) }
    }

    /// The numbers of the workers, but of those that go home.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn pids(&self) -> Vec<u32> {
        self.crew.pids()
    }

    /// How many calls and chunks have not ended.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn pending(&self) -> usize {
        self.crew.ledger.borrow().pending()
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.crew.terminate(Process::kill);
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pool").field(&self.crew).finish()
    }
}

impl fmt::Debug for PoolBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PoolBuilder").field(&self.0).finish()
    }
}
