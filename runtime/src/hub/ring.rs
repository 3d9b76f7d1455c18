//! A queue in a ring of slots whose number is a power of two.
//!
//! What `VecDeque` is, but for two things that a switch of tasks feels: an index wraps by a mask, and
//! a push followed by a pop looks once whether there is room.

use std::mem;

/// Slots of a new ring: a turn of tasks.
const FEWEST: usize = 64;
/// How many places behind the first is near.
const AHEAD: usize = 2;

/// First in, first out.
#[derive(Debug)]
pub(super) struct Ring<T> {
    /// Taken from `head` on, `len` of them; the others are none. A power of two, or empty.
    slots: Box<[Option<T>]>,
    head: usize,
    len: usize,
}

impl<T> Ring<T> {
    pub(super) fn new() -> Ring<T> {
        Ring { slots: Box::new([]), head: 0, len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The slot so many places behind the first.
    #[inline]
    fn at(&self, place: usize) -> usize {
        self.head.wrapping_add(place) & self.slots.len().wrapping_sub(1)
    }

    #[inline]
    pub(super) fn push_back(&mut self, item: T) {
        if self.len == self.slots.len() {
            self.grow();
        }
        let end = self.at(self.len);
        self.put(end, item);
        self.len += 1;
    }

    pub(super) fn push_front(&mut self, item: T) {
        if self.len == self.slots.len() {
            self.grow();
        }
        self.head = self.at(usize::MAX);
        self.put(self.head, item);
        self.len += 1;
    }

    /// Puts something into an empty slot.
    #[inline]
    fn put(&mut self, slot: usize, item: T) {
        // Nothing is there to be dropped, and the compiler need not look.
        mem::forget(self.slots[slot].replace(item));
    }

    #[inline]
    pub(super) fn pop_front(&mut self) -> Option<T> {
        if self.len == 0 {
            return None;
        }
        let item = self.slots[self.head].take();
        self.head = self.at(1);
        self.len -= 1;
        item
    }

    /// Puts one in at the end and takes one out at the front, which may be the same.
    ///
    /// If there are many, calls `fetch` as [`peek_ahead`](Self::peek_ahead) does.
    #[inline]
    pub(super) fn rotate(&mut self, item: T, fetch: impl FnOnce(&T, &T)) -> T {
        if self.len == 0 {
            return item;
        }
        let end = self.at(self.len);
        let first = self.slots[self.head].take().expect("it is not empty");
        self.put(end, item);
        self.head = self.at(1);
        self.peek_ahead(fetch);
        first
    }

    /// Takes one out at the front; `fetch` as for [`peek_ahead`](Self::peek_ahead).
    #[inline]
    pub(super) fn pop_with(&mut self, fetch: impl FnOnce(&T, &T)) -> Option<T> {
        let first = self.pop_front();
        self.peek_ahead(fetch);
        first
    }

    /// If there are many, calls `fetch` with one that is near the front, and one twice as far.
    #[inline]
    pub(super) fn peek_ahead(&self, fetch: impl FnOnce(&T, &T)) {
        if self.len > 2 * AHEAD
            && let (Some(near), Some(far)) =
                (&self.slots[self.at(AHEAD)], &self.slots[self.at(2 * AHEAD)])
        {
            fetch(near, far);
        }
    }

    #[inline]
    pub(super) fn front(&self) -> Option<&T> {
        if self.len > 0 { self.slots[self.head].as_ref() } else { None }
    }

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let room = (self.slots.len() * 2).max(FEWEST);
        let mut slots = mem::take(&mut self.slots);
        slots.rotate_left(self.head);
        self.head = 0;
        let mut slots = slots.into_vec();
        slots.reserve_exact(room - slots.len());
        slots.resize_with(room, || None);
        self.slots = slots.into_boxed_slice();
    }

    /// Takes out the one in that place; the first moves up to it.
    #[cfg(feature = "testing")]
    pub(super) fn swap_remove_front(&mut self, place: usize) -> Option<T> {
        if place >= self.len {
            return None;
        }
        let (first, slot) = (self.head, self.at(place));
        self.slots.swap(first, slot);
        self.pop_front()
    }

    /// All of them, in no order.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.slots.iter().flatten()
    }

    /// Takes all out, in order.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> {
        std::iter::from_fn(|| self.pop_front())
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    #[test]
    fn it_is_a_queue_like_stds() {
        let (mut ring, mut model) = (Ring::new(), VecDeque::new());
        let mut random: u32 = 1;
        for i in 0..100_000 {
            random = random.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            // Phases in which it grows and phases in which it shrinks.
            let shrinking = i / 1000 % 2 == 1;
            match random >> 28 {
                0..4 if !shrinking => {
                    ring.push_front(i);
                    model.push_front(i);
                }
                4..8 => {
                    model.push_back(i);
                    assert_eq!(Some(ring.rotate(i, |_, _| ())), model.pop_front());
                }
                8..12 if shrinking => assert_eq!(ring.pop_front(), model.pop_front()),
                _ if shrinking => ring.peek_ahead(|near, far| {
                    assert_eq!((Some(near), Some(far)), (model.get(AHEAD), model.get(2 * AHEAD)));
                }),
                _ => {
                    ring.push_back(i);
                    model.push_back(i);
                }
            }
            assert_eq!((ring.len(), ring.front()), (model.len(), model.front()));
        }
        assert_eq!(ring.drain().collect::<Vec<_>>(), Vec::from(model));
        assert!(ring.is_empty());
    }
}
