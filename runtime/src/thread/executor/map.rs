//! Calls for the items of an iterator, results in their order.

use std::collections::VecDeque;
use std::fmt;
use std::iter::Fuse;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::crew::Crew;
use super::executor::{Unsubmitted, submit};
use crate::clock;
use crate::thread::promise::{CallError, Promise};

/// The results of a map, in the order of the items.
///
/// Made by [`ThreadPoolExecutor::map`](super::ThreadPoolExecutor::map). An item whose call failed is an error in its place, and the
/// others go on. Dropped, it cancels calls that have not begun.
///
/// ```
/// let executor = osier::thread::ThreadPoolExecutor::new(2);
/// let texts = executor.map(["1", "x", "3"], |text| text.parse::<u32>().unwrap());
/// let numbers: Vec<u32> = texts.filter_map(Result::ok).collect();
/// assert_eq!(numbers, [1, 3]);
/// ```
pub struct Map<I: Iterator, F, T> {
    crew: Arc<Crew>,
    items: Fuse<I>,
    f: Arc<F>,
    /// The calls whose results were not fetched, oldest first; errors of those that were not taken.
    calls: VecDeque<Result<Promise<T>, CallError>>,
    /// How many of them there may be.
    bound: usize,
    deadline: Option<Instant>,
    /// Whether there is nothing more to come, for lack of time or of threads.
    over: bool,
}

impl<I, F, T> Map<I, F, T>
where
    I: Iterator,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    I::Item: Send + 'static,
    T: Send + 'static,
{
    pub(super) fn new(crew: &Arc<Crew>, items: I, f: F, bound: usize) -> Map<I, F, T> {
        let calls = VecDeque::new();
        let (crew, items, f) = (crew.clone(), items.fuse(), Arc::new(f));
        let mut map = Map { crew, items, f, calls, bound, deadline: None, over: false };
        map.fill();
        map
    }

    /// Limits the time for all of it, from now on.
    ///
    /// The result that is not there in time is an error, and the last: the other calls are cancelled.
    pub fn timeout(mut self, limit: Duration) -> Map<I, F, T> {
        self.deadline = clock::deadline(limit);
        self
    }

    fn fill(&mut self) {
        while !self.over && self.calls.len() < self.bound {
            let Some(item) = self.items.next() else { return };
            let f = self.f.clone();
            let call = submit(&self.crew, move || f(item));
            self.over = call.is_err();
            self.calls.push_back(call.map_err(|error| refused(&error.why)));
        }
    }

    /// What has come of the oldest call.
    fn fetch(&mut self, mut call: Promise<T>) -> Result<T, CallError> {
        let Some(deadline) = self.deadline else { return call.result() };
        call.result_deadline(deadline).unwrap_or_else(|| {
            self.over = true;
            self.calls.push_back(Ok(call));
            self.cancel();
            Err(CallError::timed_out())
        })
    }
}

impl<I: Iterator, F, T> Map<I, F, T> {
    fn cancel(&mut self) {
        for call in self.calls.drain(..).flatten() {
            call.cancel();
        }
    }
}

fn refused(why: &Unsubmitted) -> CallError {
    CallError::broken(Arc::from(why.to_string()))
}

impl<I, F, T> Iterator for Map<I, F, T>
where
    I: Iterator,
    F: Fn(I::Item) -> T + Send + Sync + 'static,
    I::Item: Send + 'static,
    T: Send + 'static,
{
    type Item = Result<T, CallError>;

    fn next(&mut self) -> Option<Result<T, CallError>> {
        let call = self.calls.pop_front()?;
        let result = call.and_then(|call| self.fetch(call));
        self.fill();
        Some(result)
    }
}

impl<I: Iterator, F, T> Drop for Map<I, F, T> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl<I: Iterator, F, T> fmt::Debug for Map<I, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("outstanding", &self.calls.len())
            .field("deadline", &self.deadline)
            .finish_non_exhaustive()
    }
}
