//! Results one by one: items are asked for as results are taken.
//!
//! No task feeds them: whoever takes a result submits the next, so there is nothing to end when the iterator goes.

use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use osier_runtime::clock;
use osier_runtime::queue::{GetError, Queue};
use osier_runtime::thread::{CallError, Promise};

use super::task::Outcome;

/// Submits the next chunk; none if there are no more items.
pub(super) type Feed<'a, R> = Box<dyn FnMut() -> Option<Promise<Vec<Outcome<R>>>> + 'a>;

/// The results of calls for many items, in the order of the items.
///
/// Made by [`Pool::imap`](super::Pool::imap) and [`ProcessPoolExecutor::map`](super::ProcessPoolExecutor::map). A call that failed is
/// an error in its place, and the next ones follow. An iterator of items that panics does so in `next`. Dropped, it cancels calls that no
/// worker has.
///
/// ```
/// use osier::process::pool::Pool;
///
/// osier::process::functions! {
///     fn halve(n: u32) -> u32 { assert_eq!(n % 2, 0, "{n} is odd"); n / 2 }
/// }
/// osier::run(|| {
///     let pool = Pool::new(2)?;
///     let halves: Vec<Option<u32>> = pool.imap(halve, [8, 7, 6]).map(Result::ok).collect();
///     assert_eq!(halves, [Some(4), None, Some(3)]);
///     Ok::<(), osier::process::StartError>(())
/// })?;
/// # Ok::<(), osier::process::StartError>(())
/// ```
#[must_use = "results are lost with the iterator"]
pub struct Imap<'a, R> {
    feed: Feed<'a, R>,
    /// Chunks whose results were not taken, oldest first.
    chunks: VecDeque<Promise<Vec<Outcome<R>>>>,
    /// Results that are here.
    here: std::vec::IntoIter<Outcome<R>>,
    /// How many chunks there may be.
    bound: usize,
    /// Limits the time for all of it.
    deadline: Option<Instant>,
    fed: bool,
}

impl<'a, R> Imap<'a, R> {
    pub(super) fn new(feed: Feed<'a, R>, bound: usize) -> Imap<'a, R> {
        let (chunks, here) = (VecDeque::new(), Vec::new().into_iter());
        let mut imap = Imap { feed, chunks, here, bound, deadline: None, fed: false };
        imap.fill();
        imap
    }

    /// Lets so many chunks be under way or wait to be taken.
    ///
    /// Twice as many as workers make at once otherwise; any number of an executor's `map`. One that is 0 counts as 1. What is under way already stays so.
    pub fn bound(mut self, most: usize) -> Self {
        self.bound = most.max(1);
        self.fill();
        self
    }

    /// Limits the time for all of it, from now on.
    ///
    /// The result that is not there in time is an error, and the last: calls that no worker has are cancelled.
    pub fn timeout(mut self, limit: Duration) -> Self {
        self.deadline = clock::deadline(limit);
        self
    }

    /// The next result, if it comes in that time.
    ///
    /// # Errors
    /// [`CallError::is_timed_out`] inside if it does not: then it can be asked for again.
    ///
    /// # Blocking
    /// Switches tasks, unless it is there.
    pub fn next_timeout(&mut self, limit: Duration) -> Option<Result<R, CallError>> {
        self.next_by(clock::deadline(limit))
    }

    fn fill(&mut self) {
        while !self.fed && self.chunks.len() < self.bound {
            match (self.feed)() {
                Some(chunk) => self.chunks.push_back(chunk),
                None => self.fed = true,
            }
        }
    }

    fn next_by(&mut self, deadline: Option<Instant>) -> Option<Outcome<R>> {
        loop {
            if let Some(outcome) = self.here.next() {
                return Some(outcome);
            }
            self.fill();
            let chunk = self.chunks.front_mut()?;
            let came = match deadline {
                None => {
                    chunk.wait();
                    chunk.try_result()
                }
                Some(deadline) => chunk.result_deadline(deadline),
            };
            let Some(came) = came else { return Some(Err(CallError::timed_out())) };
            self.chunks.pop_front();
            self.fill();
            match came {
                Ok(all) => self.here = all.into_iter(),
                Err(error) => return Some(Err(error)),
            }
        }
    }

    fn cancel(&mut self) {
        self.fed = true;
        self.chunks.drain(..).for_each(|chunk| _ = chunk.cancel());
    }
}

impl<R> Iterator for Imap<'_, R> {
    type Item = Result<R, CallError>;

    fn next(&mut self) -> Option<Self::Item> {
        let outcome = self.next_by(self.deadline)?;
        if outcome.as_ref().is_err_and(CallError::is_timed_out) {
            self.cancel();
        }
        Some(outcome)
    }
}

impl<R> Drop for Imap<'_, R> {
    fn drop(&mut self) {
        self.cancel();
    }
}

impl<R> fmt::Debug for Imap<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Imap")
            .field("outstanding", &self.chunks.len())
            .field("bound", &self.bound)
            .field("fed", &self.fed)
            .finish_non_exhaustive()
    }
}

/// The results of calls for many items, as they come.
///
/// Made by [`Pool::imap_unordered`](super::Pool::imap_unordered). As [`Imap`] in everything but the order; dropped, it lets calls that
/// were submitted be made.
///
/// ```
/// use osier::process::pool::Pool;
///
/// osier::process::functions! {
///     fn double(n: u32) -> u32 { 2 * n }
/// }
/// osier::run(|| {
///     let pool = Pool::new(2)?;
///     let mut doubles: Vec<u32> = pool.imap_unordered(double, 1..=3).map(Result::unwrap).collect();
///     doubles.sort_unstable();
///     assert_eq!(doubles, [2, 4, 6]);
///     Ok::<(), osier::process::StartError>(())
/// })?;
/// # Ok::<(), osier::process::StartError>(())
/// ```
#[must_use = "results are lost with the iterator"]
pub struct ImapUnordered<'a, R> {
    /// Submits the next chunk; false if there are no more items.
    feed: Box<dyn FnMut() -> bool + 'a>,
    line: Rc<Queue<Vec<Outcome<R>>>>,
    here: std::vec::IntoIter<Outcome<R>>,
    /// How many chunks are under way.
    chunks: usize,
    bound: usize,
    fed: bool,
}

impl<'a, R> ImapUnordered<'a, R> {
    pub(super) fn new(
        feed: Box<dyn FnMut() -> bool + 'a>,
        line: Rc<Queue<Vec<Outcome<R>>>>,
        bound: usize,
    ) -> ImapUnordered<'a, R> {
        let here = Vec::new().into_iter();
        let mut imap = ImapUnordered { feed, line, here, chunks: 0, bound, fed: false };
        imap.fill();
        imap
    }

    /// As [`Imap::bound`].
    pub fn bound(mut self, most: usize) -> Self {
        self.bound = most.max(1);
        self.fill();
        self
    }

    /// As [`Imap::next_timeout`].
    ///
    /// # Errors
    /// As there.
    ///
    /// # Blocking
    /// As there.
    pub fn next_timeout(&mut self, limit: Duration) -> Option<Result<R, CallError>> {
        self.next_by(clock::deadline(limit))
    }

    fn fill(&mut self) {
        while !self.fed && self.chunks < self.bound {
            self.fed = !(self.feed)();
            self.chunks += usize::from(!self.fed);
        }
    }

    fn next_by(&mut self, deadline: Option<Instant>) -> Option<Outcome<R>> {
        loop {
            if let Some(outcome) = self.here.next() {
                return Some(outcome);
            }
            self.fill();
            if self.chunks == 0 {
                return None;
            }
            let came = match deadline {
                None => self.line.get(),
                Some(deadline) => self.line.get_deadline(deadline),
            };
            match came {
                Ok(all) => self.here = all.into_iter(),
                Err(GetError::TimedOut) => return Some(Err(CallError::timed_out())),
                Err(_) => return None, // nobody may wait here
            }
            self.chunks -= 1;
            self.fill();
        }
    }
}

impl<R> Iterator for ImapUnordered<'_, R> {
    type Item = Result<R, CallError>;

    fn next(&mut self) -> Option<Self::Item> {
        self.next_by(None)
    }
}

impl<R> fmt::Debug for ImapUnordered<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImapUnordered")
            .field("outstanding", &self.chunks)
            .field("bound", &self.bound)
            .field("fed", &self.fed)
            .finish_non_exhaustive()
    }
}
