//! A task that works through a queue and puts the results into another.

use std::fmt;
use std::panic::{Location, resume_unwind};
use std::time::Duration;

use super::map_ordered::attempt;
use crate::clock;
use crate::hub::{Blueprint, expect_hub};
use crate::queue::{AnyQueue, GetError, Kind, PutError};
use crate::spawn::JoinHandle;
use crate::task::JoinError;

/// Plans a task that takes work from one queue and puts results into another.
///
/// It ends when the work queue was shut down and is empty, or earlier if it is told so. Any number may share their
/// queues. Work that panics is logged, its result is the error, and the worker goes on.
///
/// ```
/// use osier::queue::Queue;
///
/// osier::run(|| {
///     let (work, results) = (Queue::from_iter(1..=4), Queue::unbounded());
///     let worker = osier::Worker::new(|n: u32| n * n).stop_when_empty(true);
///     let report = worker.spawn(&work, &results).join().unwrap();
///     assert_eq!((report.items, report.end), (4, osier::WorkerEnd::Empty));
///     results.shutdown();
///     assert!(results.iter().map(Result::unwrap).eq([1, 4, 9, 16]));
/// });
/// ```
#[derive(Clone)]
#[must_use = "a plan does nothing until it spawns"]
pub struct Worker<F> {
    f: F,
    /// Whether it ends when there is no work.
    stops: bool,
    /// How long it waits for work.
    patience: Option<Duration>,
    /// How long it waits for room for a result.
    room: Option<Duration>,
}

/// Why a worker has ended.
///
/// See [`Worker`], which has an example.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum WorkerEnd {
    /// There was no work, and it was to stop then.
    Empty,
    /// No work came in time.
    TimedOut,
    /// The work queue was shut down, and nothing was left.
    ShutDown,
    /// The last result was not wanted: no room in time, or the queue was shut down.
    Refused,
}

/// What a worker has done.
///
/// ```
/// use std::time::Duration;
/// use osier::queue::Queue;
///
/// osier::run(|| {
///     let (work, results) = (Queue::from_iter(["a", "b"]), Queue::bounded(1));
///     let worker = osier::Worker::new(str::len).put_timeout(Duration::from_millis(1));
///     let report = worker.spawn(&work, &results).join().unwrap();
///     assert_eq!((report.items, report.end), (2, osier::WorkerEnd::Refused));
///     assert_eq!(report.undelivered.unwrap().unwrap(), 1);
/// });
/// ```
#[derive(Debug)]
#[non_exhaustive]
pub struct WorkerReport<R> {
    /// How many items it has worked on.
    pub items: usize,
    /// Why it has ended.
    pub end: WorkerEnd,
    /// The result that was not wanted.
    pub undelivered: Option<Result<R, JoinError>>,
}

/// Reports an item as done when it goes, in a queue that counts.
struct Done<'a, W: Kind>(&'a AnyQueue<W>);

impl<W: Kind> Drop for Done<'_, W> {
    fn drop(&mut self) {
        self.0.finish_one();
    }
}

impl<F> Worker<F> {
    /// Plans a worker that calls `f` for each item.
    pub fn new<T, R>(f: F) -> Worker<F>
    where
        F: Fn(T) -> R,
    {
        Worker { f, stops: false, patience: None, room: None }
    }

    /// Ends it when there is no work; otherwise it waits for more.
    pub fn stop_when_empty(mut self, stops: bool) -> Worker<F> {
        self.stops = stops;
        self
    }

    /// Ends it when no work comes for that long.
    pub fn get_timeout(mut self, limit: Duration) -> Worker<F> {
        self.patience = Some(limit);
        self
    }

    /// Ends it when there is no room for a result for that long.
    pub fn put_timeout(mut self, limit: Duration) -> Worker<F> {
        self.room = Some(limit);
        self
    }

    /// Spawns it.
    ///
    /// Items of a [`JoinableQueue`](crate::queue::JoinableQueue) are reported as done, each when its result was put, or
    /// will not be.
    ///
    /// # Panics
    /// Outside of [`run`](crate::run).
    ///
    /// # Blocking
    /// Never switches tasks.
    #[track_caller]
    pub fn spawn<W, O, R>(
        self,
        work: &AnyQueue<W>,
        results: &AnyQueue<O>,
    ) -> JoinHandle<WorkerReport<R>>
    where
        W: Kind + 'static,
        O: Kind<Item = Result<R, JoinError>> + 'static,
        F: Fn(W::Item) -> R + 'static,
        R: 'static,
    {
        let (site, work, results) = (Location::caller(), work.clone(), results.clone());
        let run = move || self.work(&work, &results);
        expect_hub("a task was spawned", |hub| JoinHandle(hub.spawn(Blueprint::PLAIN, site, run)))
    }

    fn work<W, O, R>(&self, work: &AnyQueue<W>, results: &AnyQueue<O>) -> WorkerReport<R>
    where
        W: Kind,
        O: Kind<Item = Result<R, JoinError>>,
        F: Fn(W::Item) -> R,
    {
        let mut items = 0;
        loop {
            let item = match self.get(work) {
                Ok(item) => item,
                Err(end) => return WorkerReport { items, end, undelivered: None },
            };
            items += 1;
            let _done = Done(work);
            let (result, kill) = attempt(|| (self.f)(item), format_args!("an item of a worker"));
            if let Some(kill) = kill {
                let _there_is_no_time = results.try_put(result);
                resume_unwind(kill);
            }
            if let Err(error) = self.put(results, result) {
                let undelivered = Some(error.into_inner());
                return WorkerReport { items, end: WorkerEnd::Refused, undelivered };
            }
        }
    }

    fn get<W: Kind>(&self, work: &AnyQueue<W>) -> Result<W::Item, WorkerEnd> {
        let item = match self.patience.and_then(clock::deadline) {
            _ if self.stops => work.try_get(),
            Some(deadline) => work.get_deadline(deadline),
            None => work.get(),
        };
        item.map_err(|error| match error {
            GetError::Empty => WorkerEnd::Empty,
            GetError::TimedOut => WorkerEnd::TimedOut,
            GetError::ShutDown => WorkerEnd::ShutDown,
        })
    }

    fn put<O: Kind>(
        &self,
        results: &AnyQueue<O>,
        result: O::Item,
    ) -> Result<(), PutError<O::Item>> {
        match self.room.and_then(clock::deadline) {
            Some(deadline) => results.put_deadline(result, deadline),
            None => results.put(result),
        }
    }
}

impl<F> fmt::Debug for Worker<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("stop_when_empty", &self.stops)
            .field("get_timeout", &self.patience)
            .field("put_timeout", &self.room)
            .finish_non_exhaustive()
    }
}
