//! Getting in a loop.

use std::fmt;

use super::any_queue::AnyQueue;
use super::kind::Kind;

/// Takes items of a queue, see [`AnyQueue::iter`].
///
/// ```
/// use osier::queue::Queue;
///
/// let queue = Queue::from_iter(1..=3);
/// queue.shutdown();
/// assert_eq!(queue.iter().sum::<i32>(), 6);
/// ```
pub struct Iter<'a, K: Kind>(pub(super) &'a AnyQueue<K>);

/// Takes items of a queue, and keeps a handle of it.
///
/// ```
/// use osier::queue::Queue;
///
/// let queue = Queue::from_iter(1..=3);
/// queue.shutdown();
/// assert_eq!(queue.into_iter().sum::<i32>(), 6);
/// ```
pub struct IntoIter<K: Kind>(pub(super) AnyQueue<K>);

impl<K: Kind> Iterator for Iter<'_, K> {
    type Item = K::Item;

    fn next(&mut self) -> Option<K::Item> {
        self.0.get().ok()
    }
}

impl<K: Kind> Iterator for IntoIter<K> {
    type Item = K::Item;

    fn next(&mut self) -> Option<K::Item> {
        self.0.get().ok()
    }
}

impl<K: Kind> fmt::Debug for Iter<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Iter").field(self.0).finish()
    }
}

impl<K: Kind> fmt::Debug for IntoIter<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("IntoIter").field(&self.0).finish()
    }
}
