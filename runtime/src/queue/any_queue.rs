//! What the queues have in common: the handle and its operations.
//!
//! One type over the kinds, so that what is said of `put` stands in one place. How they are made, what the
//! names are, and what only some can do stands in `making`, `names`, `peek` and `joinable`.

use std::fmt;
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::core::Core;
use super::error::{GetError, PutError};
use super::iter::{IntoIter, Iter};
use super::kind::Kind;
use crate::clock;
use crate::wait::{Waitable, Watcher, sealed};

/// A queue of any kind, shared by tasks of one hub.
///
/// [`Queue`](super::Queue), [`LifoQueue`](super::LifoQueue), [`PriorityQueue`](super::PriorityQueue),
/// [`JoinableQueue`](super::JoinableQueue) and [`Channel`](super::Channel) are this one. A clone is another handle
/// of the same queue; nothing in it is atomic, and it stays on its OS thread.
///
/// Who waits is served first come, first served, and nobody overtakes: an item goes straight to the first who waits for one, room to the
/// first who waits for that. So a wait that a kill or a time limit ends in the same turn in which it was served was
/// served.
///
/// Where a task may not wait (in a destructor while it unwinds, in one that the hub runs, outside of
/// [`run`](crate::run)) every operation that would is its `try_` form.
///
/// ```
/// use osier::queue::{AnyQueue, Kind, LifoQueue, Queue};
///
/// fn drain<K: Kind>(queue: &AnyQueue<K>) -> Vec<K::Item> {
///     std::iter::from_fn(|| queue.try_get().ok()).collect()
/// }
///
/// assert_eq!(drain(&Queue::from_iter(1..=3)), [1, 2, 3]);
/// assert_eq!(drain(&LifoQueue::from_iter(1..=3)), [3, 2, 1]);
/// ```
pub struct AnyQueue<K: Kind>(pub(super) Rc<Core<K>>);

impl<K: Kind> AnyQueue<K> {
    /// Puts an item, and waits for room if there is none.
    ///
    /// # Errors
    /// [`PutError::ShutDown`] with the item, also when that happens during the wait. [`PutError::Full`] only where a task may
    /// not wait.
    ///
    /// # Panics
    /// Where it would wait inside of [`no_switch`](crate::no_switch).
    ///
    /// # Blocking
    /// Switches tasks, unless there is room or somebody waits for an item.
    #[inline]
    pub fn put(&self, item: K::Item) -> Result<(), PutError<K::Item>> {
        self.0.put(item, None)
    }

    /// Puts an item if there is room, or somebody waits for one.
    ///
    /// # Errors
    /// [`PutError::Full`] or [`PutError::ShutDown`], with the item.
    ///
    /// # Blocking
    /// Never switches tasks. It can be called anywhere.
    #[inline]
    pub fn try_put(&self, item: K::Item) -> Result<(), PutError<K::Item>> {
        self.0.try_put(item)
    }

    /// Puts an item, and waits for that long at most.
    ///
    /// # Errors
    /// As [`put`](Self::put), and [`PutError::TimedOut`] with the item.
    ///
    /// # Panics
    /// As [`put`](Self::put).
    ///
    /// # Blocking
    /// As [`put`](Self::put).
    ///
    /// ```
    /// use std::time::Duration;
    /// use osier::queue::{PutError, Queue};
    ///
    /// osier::run(|| {
    ///     let queue = Queue::bounded(1);
    ///     let limit = Duration::from_millis(1);
    ///     assert_eq!(queue.put_timeout('a', limit), Ok(()));
    ///     assert_eq!(queue.put_timeout('b', limit), Err(PutError::TimedOut('b')));
    /// });
    /// ```
    pub fn put_timeout(&self, item: K::Item, limit: Duration) -> Result<(), PutError<K::Item>> {
        self.0.put(item, clock::deadline(limit))
    }

    /// Puts an item, and waits until that moment at most.
    ///
    /// # Errors
    /// As [`put_timeout`](Self::put_timeout).
    ///
    /// # Panics
    /// As [`put`](Self::put).
    ///
    /// # Blocking
    /// As [`put`](Self::put).
    pub fn put_deadline(&self, item: K::Item, deadline: Instant) -> Result<(), PutError<K::Item>> {
        self.0.put(item, Some(deadline))
    }

    /// Takes the next item, and waits for one if there is none.
    ///
    /// # Errors
    /// [`GetError::ShutDown`] when that has happened and nothing is left, also during the wait. [`GetError::Empty`] only
    /// where a task may not wait.
    ///
    /// # Panics
    /// Where it would wait inside of [`no_switch`](crate::no_switch).
    ///
    /// # Blocking
    /// Switches tasks, unless there is an item.
    #[inline]
    pub fn get(&self) -> Result<K::Item, GetError> {
        self.0.get(None)
    }

    /// Takes the next item, if there is one.
    ///
    /// # Errors
    /// [`GetError::Empty`] or [`GetError::ShutDown`].
    ///
    /// # Blocking
    /// Never switches tasks. It can be called anywhere.
    #[inline]
    pub fn try_get(&self) -> Result<K::Item, GetError> {
        self.0.try_get()
    }

    /// Takes the next item, and waits for that long at most.
    ///
    /// # Errors
    /// As [`get`](Self::get), and [`GetError::TimedOut`].
    ///
    /// # Panics
    /// As [`get`](Self::get).
    ///
    /// # Blocking
    /// As [`get`](Self::get).
    ///
    /// ```
    /// use std::time::Duration;
    /// use osier::queue::{GetError, Queue};
    ///
    /// osier::run(|| {
    ///     let queue: Queue<u8> = Queue::unbounded();
    ///     let limit = Duration::from_millis(1);
    ///     assert_eq!(queue.get_timeout(limit), Err(GetError::TimedOut));
    /// });
    /// ```
    pub fn get_timeout(&self, limit: Duration) -> Result<K::Item, GetError> {
        self.0.get(clock::deadline(limit))
    }

    /// Takes the next item, and waits until that moment at most.
    ///
    /// # Errors
    /// As [`get_timeout`](Self::get_timeout).
    ///
    /// # Panics
    /// As [`get`](Self::get).
    ///
    /// # Blocking
    /// As [`get`](Self::get).
    pub fn get_deadline(&self, deadline: Instant) -> Result<K::Item, GetError> {
        self.0.get(Some(deadline))
    }

    /// Lets nothing more in.
    ///
    /// What is there can still be had. Who waits to put gets its item back; who waits to get, or will when all is gone, is told
    /// as well. Doing it twice is no matter.
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// use osier::queue::{GetError, PutError, Queue};
    ///
    /// let queue = Queue::from_iter([1]);
    /// queue.shutdown();
    /// assert_eq!(queue.try_put(2), Err(PutError::ShutDown(2)));
    /// assert_eq!(queue.try_get(), Ok(1));
    /// assert_eq!(queue.try_get(), Err(GetError::ShutDown));
    /// ```
    pub fn shutdown(&self) {
        self.0.shut_down();
    }

    /// Lets nothing more in or out: drops what is there.
    ///
    /// In a [`JoinableQueue`](super::JoinableQueue) what is dropped counts as done.
    ///
    /// # Blocking
    /// Never switches tasks, unless a destructor of an item does.
    pub fn shutdown_now(&self) {
        self.0.shut_down_now();
    }

    /// Whether it was shut down.
    pub fn is_shut_down(&self) -> bool {
        self.0.state().is_shut
    }

    /// How many items there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is no item.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Whether there is no room for an item; a [`Channel`](super::Channel) never has any.
    pub fn is_full(&self) -> bool {
        self.0.is_full()
    }

    /// Reports an item as done, where that is counted; one too many is no matter.
    pub(crate) fn finish_one(&self) {
        if K::COUNTED {
            self.0.state().finish(1);
        }
    }

    pub(crate) fn core(&self) -> &Core<K> {
        &self.0
    }

    /// Takes items until the queue was shut down and is empty; waits for each.
    ///
    /// # Blocking
    /// Each step is a [`get`](Self::get). Where a task may not wait it ends when the queue is empty.
    pub fn iter(&self) -> Iter<'_, K> {
        Iter(self)
    }
}

impl<K: Kind> Clone for AnyQueue<K> {
    fn clone(&self) -> AnyQueue<K> {
        AnyQueue(self.0.clone())
    }
}

/// The same queue, not equal items.
impl<K: Kind> PartialEq for AnyQueue<K> {
    fn eq(&self, other: &AnyQueue<K>) -> bool {
        Rc::ptr_eq(&self.0, &other.0)
    }
}

impl<K: Kind> Eq for AnyQueue<K> {}

impl<K: Kind> fmt::Debug for AnyQueue<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'a, K: Kind> IntoIterator for &'a AnyQueue<K> {
    type Item = K::Item;
    type IntoIter = Iter<'a, K>;

    fn into_iter(self) -> Iter<'a, K> {
        self.iter()
    }
}

impl<K: Kind> IntoIterator for AnyQueue<K> {
    type Item = K::Item;
    type IntoIter = IntoIter<K>;

    fn into_iter(self) -> IntoIter<K> {
        IntoIter(self)
    }
}

impl<K: Kind> sealed::Sealed for AnyQueue<K> {}

/// Ready when a get would not wait.
impl<K: Kind> Waitable for AnyQueue<K> {
    fn is_ready(&self) -> bool {
        self.0.can_get()
    }

    fn watch(&self, watcher: Watcher) {
        self.0.watch(watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.0.unwatch(watcher);
    }
}
