//! The receiving end.

use std::fmt;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use super::ends::Ends;
use super::{RecvError, RecvTimeoutError, TryRecvError};
use crate::clock;
use crate::queue::{Core, GetError, Pipe};
use crate::wait::{Polled, Waitable, Watcher, sealed};

/// The receiving end of a channel.
///
/// A clone is one more; each value is received once. Where a task may not wait (it unwinds, or there is none)
/// everything here that would does not, and says that it failed. With futures-core's `Stream` it can be awaited as well.
///
/// ```
/// let (to, from) = osier::channel::unbounded();
/// (1..=3).for_each(|n| to.send(n).unwrap());
/// assert_eq!(from.recv(), Ok(1));
/// drop(to);
/// assert_eq!(from.iter().sum::<i32>(), 5);
/// assert!(from.recv().is_err());
/// ```
pub struct Receiver<T>(Rc<Ends<T>>, Polled);

impl<T> Receiver<T> {
    pub(super) fn new(ends: &Rc<Ends<T>>) -> Receiver<T> {
        ends.receivers.set(ends.receivers.get() + 1);
        Receiver(ends.clone(), Polled::new())
    }

    /// Receives the next value, and waits for one if there is none.
    ///
    /// # Errors
    /// When nothing is left and all senders have gone, also during the wait; or when this task may not wait.
    ///
    /// # Panics
    /// Where it would wait inside of [`no_switch`](crate::no_switch).
    ///
    /// # Blocking
    /// Switches tasks, unless there is a value.
    #[inline]
    pub fn recv(&self) -> Result<T, RecvError> {
        self.0.core.get(None).map_err(|_| RecvError)
    }

    /// Receives the next value, if there is one.
    ///
    /// # Errors
    /// When there is none, and whether there will be.
    ///
    /// # Blocking
    /// Never switches tasks. It can be called anywhere.
    #[inline]
    pub fn try_recv(&self) -> Result<T, TryRecvError> {
        self.0.core.try_get().map_err(|error| match error {
            GetError::Empty | GetError::TimedOut => TryRecvError::Empty,
            GetError::ShutDown => TryRecvError::Disconnected,
        })
    }

    /// Receives the next value, and waits for that long at most.
    ///
    /// # Errors
    /// When none came in time, at once where a task may not wait; or none will come.
    ///
    /// # Panics
    /// As [`recv`](Self::recv).
    ///
    /// # Blocking
    /// As [`recv`](Self::recv).
    ///
    /// ```
    /// use std::time::Duration;
    /// use osier::channel::{self, RecvTimeoutError};
    ///
    /// osier::run(|| {
    ///     let (to, from) = channel::unbounded::<u8>();
    ///     let limit = Duration::from_millis(1);
    ///     assert_eq!(from.recv_timeout(limit), Err(RecvTimeoutError::Timeout));
    ///     drop(to);
    ///     assert_eq!(from.recv_timeout(limit), Err(RecvTimeoutError::Disconnected));
    /// });
    /// ```
    pub fn recv_timeout(&self, limit: Duration) -> Result<T, RecvTimeoutError> {
        self.recv_by(clock::deadline(limit))
    }

    /// Receives the next value, and waits until that moment at most.
    ///
    /// # Errors
    /// As [`recv_timeout`](Self::recv_timeout).
    ///
    /// # Panics
    /// As [`recv`](Self::recv).
    ///
    /// # Blocking
    /// As [`recv`](Self::recv).
    pub fn recv_deadline(&self, deadline: Instant) -> Result<T, RecvTimeoutError> {
        self.recv_by(Some(deadline))
    }

    fn recv_by(&self, deadline: Option<Instant>) -> Result<T, RecvTimeoutError> {
        self.0.core.get(deadline).map_err(|error| match error {
            GetError::Empty | GetError::TimedOut => RecvTimeoutError::Timeout,
            GetError::ShutDown => RecvTimeoutError::Disconnected,
        })
    }

    /// Receives until all senders have gone and nothing is left; waits for each value.
    ///
    /// # Blocking
    /// Each step is a [`recv`](Self::recv).
    pub fn iter(&self) -> Iter<'_, T> {
        Iter(self)
    }

    /// Receives what is there.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// let (to, from) = osier::channel::unbounded();
    /// (1..=3).for_each(|n| to.send(n).unwrap());
    /// assert_eq!(from.try_iter().collect::<Vec<_>>(), [1, 2, 3]);
    /// ```
    pub fn try_iter(&self) -> TryIter<'_, T> {
        TryIter(self)
    }

    /// Receives the next value, or has the waker woken when there is one: the step of a stream.
    ///
    /// None: nothing is left and all senders have gone. Values are not handed to wakers: whoever looks first has the value.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn poll_recv(&self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.try_recv() {
            Ok(value) => Poll::Ready(Some(value)),
            Err(TryRecvError::Disconnected) => Poll::Ready(None),
            Err(TryRecvError::Empty) => {
                self.1.wait(self, cx);
                Poll::Pending
            }
        }
    }

    /// How many values wait to be received.
    pub fn len(&self) -> usize {
        self.0.core.len()
    }

    /// Whether none does.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room; with a capacity of 0 there never is.
    pub fn is_full(&self) -> bool {
        self.0.core.is_full()
    }

    /// How many values it holds at most; none for any number.
    pub fn capacity(&self) -> Option<usize> {
        self.0.capacity()
    }

    pub(crate) fn core(&self) -> &Core<Pipe<T>> {
        &self.0.core
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Receiver<T> {
        Receiver::new(&self.0)
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.1.leave(self);
        let left = self.0.receivers.get() - 1;
        self.0.receivers.set(left);
        if left == 0 {
            self.0.core.shut_down_now();
        }
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.debug("Receiver", f)
    }
}

impl<T> sealed::Sealed for Receiver<T> {}

/// Ready when a recv would not wait.
impl<T> Waitable for Receiver<T> {
    fn is_ready(&self) -> bool {
        self.0.core.can_get()
    }

    fn watch(&self, watcher: Watcher) {
        self.0.core.watch(watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.0.core.unwatch(watcher);
    }
}

impl<'a, T> IntoIterator for &'a Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T>;

    fn into_iter(self) -> IntoIter<T> {
        IntoIter(self)
    }
}

/// Receives in a loop, see [`Receiver::iter`].
///
/// ```
/// let (to, from) = osier::channel::unbounded();
/// to.send(1).unwrap();
/// assert_eq!(from.iter().next(), Some(1));
/// ```
#[derive(Debug)]
pub struct Iter<'a, T>(&'a Receiver<T>);

/// Receives what is there, see [`Receiver::try_iter`].
///
/// ```
/// let (to, from) = osier::channel::unbounded::<u8>();
/// assert_eq!(from.try_iter().next(), None);
/// # drop(to);
/// ```
#[derive(Debug)]
pub struct TryIter<'a, T>(&'a Receiver<T>);

/// Receives in a loop, and owns the receiver.
///
/// ```
/// let (to, from) = osier::channel::unbounded();
/// to.send(1).unwrap();
/// drop(to);
/// assert_eq!(from.into_iter().collect::<Vec<_>>(), [1]);
/// ```
#[derive(Debug)]
pub struct IntoIter<T>(Receiver<T>);

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}

impl<T> Iterator for TryIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.try_recv().ok()
    }
}

impl<T> Iterator for IntoIter<T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.0.recv().ok()
    }
}
