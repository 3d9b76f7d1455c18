//! Making queues, and how much is to fit in.

use std::rc::Rc;

use super::any_queue::AnyQueue;
use super::core::Core;
use super::kind::{Bounded, Direct};
use super::names::Channel;
use super::state::UNBOUNDED;

impl<K: Bounded> AnyQueue<K> {
    /// A queue for at most so many items.
    ///
    /// # Panics
    /// When that is none: a queue without a place is a [`Channel`], one without a limit [`unbounded`](Self::unbounded).
    pub fn bounded(maxsize: usize) -> AnyQueue<K> {
        AnyQueue::new_core(K::default(), Some(maxsize))
    }

    /// A queue for any number of items; a put never waits.
    pub fn unbounded() -> AnyQueue<K> {
        AnyQueue::new_core(K::default(), None)
    }

    fn new_core(items: K, maxsize: Option<usize>) -> AnyQueue<K> {
        AnyQueue(Rc::new(Core::new(items, places(maxsize))))
    }

    /// How many items there may be; none for any number.
    pub fn maxsize(&self) -> Option<usize> {
        let maxsize = self.0.maxsize();
        (maxsize != UNBOUNDED).then_some(maxsize)
    }

    /// Changes how many items there may be; none for any number.
    ///
    /// Growing lets those in who wait to put. Shrinking takes nothing away: it counts for later puts.
    ///
    /// # Panics
    /// When that is none at all, as in [`bounded`](Self::bounded).
    ///
    /// # Blocking
    /// Never switches tasks.
    ///
    /// ```
    /// use osier::queue::PriorityQueue;
    ///
    /// let queue = PriorityQueue::from_iter([3, 1, 2]);
    /// queue.set_maxsize(2); // more are there already
    /// assert!(queue.is_full());
    /// assert_eq!(queue.maxsize(), Some(2));
    /// ```
    pub fn set_maxsize(&self, maxsize: impl Into<Option<usize>>) {
        self.0.set_maxsize(places(maxsize.into()));
    }
}

/// The limit in the state's terms.
fn places(maxsize: Option<usize>) -> usize {
    assert!(
        maxsize != Some(0),
        "a queue with no place at all: take a Channel to hand over directly, or an unbounded queue"
    );
    maxsize.unwrap_or(UNBOUNDED)
}

impl<T> Channel<T> {
    /// A channel.
    pub fn new() -> Channel<T> {
        AnyQueue(Rc::new(Core::new(Direct::default(), 0)))
    }
}

impl<T> Default for Channel<T> {
    fn default() -> Self {
        Channel::new()
    }
}

/// Without a limit; there may be one later, by `set_maxsize`.
impl<K: Bounded> FromIterator<K::Item> for AnyQueue<K> {
    fn from_iter<I: IntoIterator<Item = K::Item>>(items: I) -> AnyQueue<K> {
        let mut kept = K::default();
        items.into_iter().for_each(|item| kept.push(&mut Some(item)));
        AnyQueue::new_core(kept, None)
    }
}
