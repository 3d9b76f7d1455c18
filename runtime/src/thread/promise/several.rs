//! Waiting for many promises.

use std::error::Error;
use std::fmt;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use super::Promise;
use crate::clock;
use crate::thread::channel::{Receiver, RecvError, unbounded};

/// How long [`wait`] waits.
///
/// ```
/// use osier::thread::{Until, promise, wait};
///
/// let (resolver, first) = promise();
/// let (_never, second) = promise();
/// resolver.resolve(7);
/// let waited = wait([first, second], Until::FirstCompleted, None);
/// assert_eq!((waited.done.len(), waited.pending.len()), (1, 1));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Until {
    /// Until all have ended.
    AllCompleted,
    /// Until one has.
    FirstCompleted,
    /// Until one has ended without a result, or all have ended.
    FirstError,
}

/// What [`wait`] gives back: all that it was given, each in the order of then.
///
/// See [`Until`] for an example.
#[derive(Debug)]
pub struct Waited<T> {
    /// Those that have ended.
    pub done: Vec<Promise<T>>,
    /// Those that go on.
    pub pending: Vec<Promise<T>>,
}

/// Waits until all, one, or a failed one of these has ended, or the time is up.
///
/// # Blocking
/// Switches tasks, unless there is nothing to wait for. Outside of a task it stops the OS thread; in
/// a task that unwinds it does not wait.
///
/// # Panics
/// When it has to wait inside of [`no_switch`](crate::no_switch).
///
/// ```
/// use std::time::Duration;
/// use osier::thread::{ThreadPoolExecutor, Until, wait};
///
/// let executor = ThreadPoolExecutor::new(2);
/// let calls = (0..4).map(|n| executor.submit(move || n * n).unwrap());
/// let waited = wait(calls, Until::AllCompleted, Duration::from_secs(10));
/// assert_eq!(waited.done.len(), 4);
/// ```
pub fn wait<T>(
    promises: impl IntoIterator<Item = Promise<T>>,
    until: Until,
    limit: impl Into<Option<Duration>>,
) -> Waited<T> {
    let deadline = limit.into().and_then(clock::deadline);
    let mut watch = Watch::new(promises.into_iter().collect());
    let mut ended = vec![false; watch.promises.len()];
    for _ in 0..ended.len() {
        let Ok(at) = watch.next(deadline) else { break };
        ended[at] = true;
        let is_error = || {
            let promise = watch.promises[at].as_ref();
            promise.is_some_and(|p| p.inspect(|result| matches!(result, Some(Err(_)))))
        };
        match until {
            Until::AllCompleted => {}
            Until::FirstCompleted => break,
            Until::FirstError if is_error() => break,
            Until::FirstError => {}
        }
    }
    let (mut done, mut pending) = (Vec::new(), Vec::new());
    for promise in watch.take_all() {
        if promise.is_finished() { done.push(promise) } else { pending.push(promise) }
    }
    Waited { done, pending }
}

/// Gives these one by one, as they end.
///
/// # Blocking
/// Never switches tasks; the steps of the iterator do.
///
/// ```
/// use osier::thread::{ThreadPoolExecutor, as_completed};
///
/// let executor = ThreadPoolExecutor::new(2);
/// let calls = (1..=3).map(|n| executor.submit(move || n * n).unwrap());
/// let sum: u32 = as_completed(calls).map(|call| call.result().unwrap()).sum();
/// assert_eq!(sum, 14);
/// ```
pub fn as_completed<T>(promises: impl IntoIterator<Item = Promise<T>>) -> AsCompleted<T> {
    let promises: Vec<Promise<T>> = promises.into_iter().collect();
    AsCompleted { left: promises.len(), of: promises.len(), watch: Watch::new(promises) }
}

/// Promises as they end; made by [`as_completed`].
///
/// An iterator that waits as long as it takes, or step by step with a limit:
///
/// ```
/// use std::time::Duration;
///
/// let (_never, promise) = osier::thread::promise::<u32>();
/// let mut calls = osier::thread::as_completed([promise]);
/// let late = calls.next_timeout(Duration::ZERO).unwrap_err();
/// assert_eq!(late.to_string(), "1 (of 1) calls unfinished");
/// ```
#[derive(Debug)]
pub struct AsCompleted<T> {
    watch: Watch<T>,
    /// How many have not been given out.
    left: usize,
    /// How many there were.
    of: usize,
}

/// The time was up before a call ended.
///
/// See [`AsCompleted`] for an example.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Unfinished {
    /// How many calls go on.
    pub left: usize,
    /// How many there were.
    pub of: usize,
}

impl<T> AsCompleted<T> {
    /// The next that ends, if it does so that soon; none after the last.
    ///
    /// # Errors
    /// When the time is up, or whoever asks may not wait, as it is unwinding.
    ///
    /// # Blocking
    /// Switches tasks, unless one has ended already. Outside of a task it stops the OS thread.
    pub fn next_timeout(&mut self, limit: Duration) -> Result<Option<Promise<T>>, Unfinished> {
        self.next_until(clock::deadline(limit))
    }

    /// The next that ends, if it does so before that moment; none after the last.
    ///
    /// # Errors
    /// As [`next_timeout`](Self::next_timeout).
    ///
    /// # Blocking
    /// As [`next_timeout`](Self::next_timeout).
    pub fn next_deadline(&mut self, deadline: Instant) -> Result<Option<Promise<T>>, Unfinished> {
        self.next_until(Some(deadline))
    }

    fn next_until(&mut self, deadline: Option<Instant>) -> Result<Option<Promise<T>>, Unfinished> {
        if self.left == 0 {
            return Ok(None);
        }
        let late = Unfinished { left: self.left, of: self.of };
        let at = self.watch.next(deadline).map_err(|_| late)?;
        self.left -= 1;
        Ok(self.watch.promises[at].take())
    }
}

impl<T> Iterator for AsCompleted<T> {
    type Item = Promise<T>;

    fn next(&mut self) -> Option<Promise<T>> {
        self.next_until(None).ok().flatten()
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.left, Some(self.left))
    }
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (of {}) calls unfinished", self.left, self.of)
    }
}

impl Error for Unfinished {}

/// Promises that say in one place when they end.
#[derive(Debug)]
struct Watch<T> {
    /// The number of this wait.
    number: usize,
    promises: Vec<Option<Promise<T>>>,
    /// The places of those that have ended.
    ended: Receiver<usize>,
}

impl<T> Watch<T> {
    fn new(promises: Vec<Promise<T>>) -> Watch<T> {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let (say, ended) = unbounded();
        for (at, promise) in promises.iter().enumerate() {
            promise.shared.watch(number, &say, at);
        }
        Watch { number, promises: promises.into_iter().map(Some).collect(), ended }
    }

    /// The place of the next that ends.
    fn next(&self, deadline: Option<Instant>) -> Result<usize, RecvError> {
        match deadline {
            Some(deadline) => self.ended.recv_deadline(deadline),
            None => self.ended.recv(),
        }
    }

    /// All that were not given out.
    fn take_all(&mut self) -> impl Iterator<Item = Promise<T>> {
        let number = self.number;
        let all = std::mem::take(&mut self.promises).into_iter().flatten();
        all.inspect(move |promise| promise.shared.unwatch(number))
    }
}

impl<T> Drop for Watch<T> {
    fn drop(&mut self) {
        self.take_all().for_each(drop);
    }
}
