//! Calls for many items, some of them at a time.

use std::fmt;
use std::rc::Rc;

use osier_runtime::queue::Queue;
use osier_runtime::thread::{CallError, Promise, promise};
use serde::de::DeserializeOwned;

use super::crew::Crew;
use super::imap::{Feed, Imap, ImapUnordered};
use super::task::{Task, To, Whole, number, pack};
use crate::process::{Function, Signature};

/// How many chunks a worker gets of a map, if nobody says how large they are.
const EACH: usize = 4;

/// The calls for many items of a [`Pool`](super::Pool), so many to a message.
///
/// Made by [`Pool::chunks`](super::Pool::chunks). A chunk goes to one worker, and what it came to comes back at once: less work for tiny
/// calls. If the worker dies the whole chunk fails.
///
/// ```
/// use osier::process::pool::Pool;
///
/// osier::process::functions! {
///     fn square(n: u64) -> u64 { n * n }
/// }
/// osier::run(|| {
///     let pool = Pool::new(2)?;
///     let squares: Vec<u64> = pool.chunks(3).imap(square, 1..=7).map(Result::unwrap).collect();
///     assert_eq!(squares, [1, 4, 9, 16, 25, 36, 49]);
///     Ok::<(), osier::process::StartError>(())
/// })?;
/// # Ok::<(), osier::process::StartError>(())
/// ```
pub struct Chunks<'a> {
    crew: &'a Rc<Crew>,
    size: Option<usize>,
}

impl<'a> Chunks<'a> {
    pub(super) fn new(crew: &'a Rc<Crew>, size: Option<usize>) -> Chunks<'a> {
        assert!(size != Some(0), "a chunk of no items has no end");
        Chunks { crew, size }
    }

    /// As [`Pool::map`](super::Pool::map).
    ///
    /// # Errors
    /// As there.
    ///
    /// # Blocking
    /// As there.
    pub fn map<F, A>(
        &self,
        function: Function<F>,
        items: impl IntoIterator<Item = A>,
    ) -> Result<Vec<F::Out>, CallError>
    where
        F: Signature<Args = (A,)>,
        F::Out: DeserializeOwned + 'static,
    {
        self.map_async(function, items).result()
    }

    /// As [`Pool::map_async`](super::Pool::map_async).
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
        self.starmap_async(function, items.into_iter().map(|item| (item,)))
    }

    /// As [`Pool::starmap`](super::Pool::starmap).
    ///
    /// # Errors
    /// As there.
    ///
    /// # Blocking
    /// As there.
    pub fn starmap<F>(
        &self,
        function: Function<F>,
        items: impl IntoIterator<Item = F::Args>,
    ) -> Result<Vec<F::Out>, CallError>
    where
        F: Signature,
        F::Out: DeserializeOwned + 'static,
    {
        self.starmap_async(function, items).result()
    }

    /// As [`Pool::starmap_async`](super::Pool::starmap_async).
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
        let (resolver, whole) = promise();
        let items: Vec<F::Args> = items.into_iter().collect();
        if items.is_empty() {
            resolver.resolve(Vec::new());
            return whole;
        }
        let fair = items.len().div_ceil(EACH * self.crew.plan.workers);
        let size = self.size.unwrap_or(fair);
        let count = items.len().div_ceil(size);
        let parts = Rc::new(Whole::new(resolver, count));
        let mut items = items.into_iter();
        for at in 0..count {
            let some = items.by_ref().take(size).collect();
            submit(self.crew, function, some, To::Part(parts.clone(), at));
        }
        whole
    }

    /// As [`Pool::imap`](super::Pool::imap).
    ///
    /// # Blocking
    /// As there.
    pub fn imap<F, A, I>(&self, function: Function<F>, items: I) -> Imap<'a, F::Out>
    where
        F: Signature<Args = (A,)>,
        F::Out: DeserializeOwned + 'static,
        I: IntoIterator<Item = A> + 'a,
    {
        Imap::new(self.feed(function, items, 1), self.ahead())
    }

    /// As [`Pool::imap_unordered`](super::Pool::imap_unordered).
    ///
    /// # Blocking
    /// As there.
    pub fn imap_unordered<F, A, I>(
        &self,
        function: Function<F>,
        items: I,
    ) -> ImapUnordered<'a, F::Out>
    where
        F: Signature<Args = (A,)>,
        F::Out: DeserializeOwned + 'static,
        I: IntoIterator<Item = A> + 'a,
    {
        let (crew, size) = (self.crew.clone(), self.size.unwrap_or(1));
        let line = Rc::new(Queue::unbounded());
        let (mut items, into) = (items.into_iter().fuse(), line.clone());
        let next = move || {
            let some: Vec<_> = items.by_ref().take(size).map(|item| (item,)).collect();
            let more = !some.is_empty();
            if more {
                submit(&crew, function, some, To::Line(into.clone()));
            }
            more
        };
        ImapUnordered::new(Box::new(next), line, self.ahead())
    }

    /// Submits a chunk each time it is called.
    pub(super) fn feed<F, A, I>(
        &self,
        function: Function<F>,
        items: I,
        size: usize,
    ) -> Feed<'a, F::Out>
    where
        F: Signature<Args = (A,)>,
        F::Out: DeserializeOwned + 'static,
        I: IntoIterator<Item = A> + 'a,
    {
        let (crew, size) = (self.crew.clone(), self.size.unwrap_or(size));
        let mut items = items.into_iter().fuse();
        Box::new(move || {
            let some: Vec<_> = items.by_ref().take(size).map(|item| (item,)).collect();
            if some.is_empty() {
                return None;
            }
            let (resolver, results) = promise();
            submit(&crew, function, some, To::Chunk(resolver));
            Some(results)
        })
    }

    /// How many chunks are under way at most, of an iterator: so many that no worker has to wait.
    fn ahead(&self) -> usize {
        let plan = &self.crew.plan;
        2 * plan.workers.saturating_mul(plan.tasks as usize)
    }
}

/// Submits a chunk. What cannot be encoded is an error in its place.
fn submit<F, R>(crew: &Rc<Crew>, function: Function<F>, items: Vec<F::Args>, to: To<R>)
where
    F: Signature<Out = R>,
    R: DeserializeOwned + 'static,
{
    let packed = items.iter().map(|args| pack::<F>(args)).collect();
    drop(items);
    hand_in(crew, Task::new(number(&function), packed, to));
}

/// Submits a task; if none is taken it fails.
pub(super) fn hand_in(crew: &Rc<Crew>, task: Task) {
    if task.calls.is_empty() {
        task.finish(Vec::new());
    } else if let Err((task, why)) = crew.submit(task) {
        task.fail(&why);
    }
}

impl fmt::Debug for Chunks<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chunks").field("size", &self.size).finish_non_exhaustive()
    }
}
