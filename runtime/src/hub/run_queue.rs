//! The run queue: tasks that wait for their turn.
//!
//! Two lists, each first come, first served. Tasks that a timer, a descriptor or another thread has woken
//! stand in the *prompt* one; what tasks do to each other (spawn, wake, give way) goes to the *main*
//! one. While both have tasks they take turns, so neither starves the other: a timer that
//! is due does not stand behind 100,000 tasks that were just spawned, and a task that gives
//! way for ever has every other turn even when descriptors never rest.

use super::ring::Ring;

/// Tasks that wait for their turn, each once.
#[derive(Debug)]
pub(super) struct RunQueue<T> {
    main: Ring<T>,
    prompt: Ring<T>,
    /// Whether the last one taken was a prompt one.
    was_prompt: bool,
}

impl<T> RunQueue<T> {
    pub(super) fn new() -> RunQueue<T> {
        RunQueue { main: Ring::new(), prompt: Ring::new(), was_prompt: false }
    }

    /// Puts a task at the end of the main list.
    #[inline]
    pub(super) fn push(&mut self, task: T) {
        self.main.push_back(task);
    }

    /// Puts a task at the end of the prompt list.
    #[inline]
    pub(super) fn push_prompt(&mut self, task: T) {
        self.prompt.push_back(task);
    }

    /// Puts a task of the main list back that was taken last: it is the next one again.
    pub(super) fn put_back(&mut self, task: T) {
        self.main.push_front(task);
        self.was_prompt = true;
    }

    /// Takes the task whose turn it is.
    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        if self.prompt.is_empty() {
            return self.main.pop_front(); // no note of it: there is nobody to take turns with
        }
        self.was_prompt = !self.was_prompt || self.main.is_empty();
        if self.was_prompt { self.prompt.pop_front() } else { self.main.pop_front() }
    }

    /// Takes the task in that place, counted through both lists; another moves up to it.
    #[cfg(feature = "testing")]
    pub(super) fn take(&mut self, place: usize) -> Option<T> {
        match place.checked_sub(self.main.len()) {
            None => self.main.swap_remove_front(place),
            Some(place) => self.prompt.swap_remove_front(place),
        }
    }

    /// Puts a task at the end of the main list and takes the one whose turn it is.
    ///
    /// Calls `fetch` as [`pop_with`](Self::pop_with) does.
    #[inline]
    pub(super) fn rotate(&mut self, task: T, fetch: impl FnOnce(&T, &T)) -> Option<T> {
        if self.prompt.is_empty() {
            return Some(self.main.rotate(task, fetch));
        }
        self.main.push_back(task);
        self.pop_with(fetch)
    }

    /// Takes the task whose turn it is.
    ///
    /// If there are many, calls `fetch` with one that comes soon and one that comes twice as late, for fetching
    /// ahead; while the lists take turns, with a guess.
    #[inline]
    pub(super) fn pop_with(&mut self, fetch: impl FnOnce(&T, &T)) -> Option<T> {
        if self.prompt.is_empty() {
            return self.main.pop_with(fetch);
        }
        if self.main.is_empty() {
            return self.prompt.pop_with(fetch);
        }
        let next = self.pop();
        self.prompt.peek_ahead(fetch);
        next
    }

    /// The next task, if only the main list has any.
    #[inline]
    pub(super) fn next_of_main(&self) -> Option<&T> {
        if self.prompt.is_empty() { self.main.front() } else { None }
    }

    /// Whether tasks wait that were woken from outside.
    pub(super) fn has_prompt(&self) -> bool {
        !self.prompt.is_empty()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.main.is_empty() && self.prompt.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.main.len() + self.prompt.len()
    }

    /// All tasks.
    pub(super) fn iter(&self) -> impl Iterator<Item = &T> {
        self.main.iter().chain(self.prompt.iter())
    }

    /// Takes all tasks out.
    pub(super) fn drain(&mut self) -> impl Iterator<Item = T> {
        self.main.drain().chain(self.prompt.drain())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_two_lists_take_turns() {
        let mut queue = RunQueue::new();
        (1..=3).for_each(|n| queue.push(n));
        (11..=14).for_each(|n| queue.push_prompt(n));
        let order: Vec<_> = std::iter::from_fn(|| queue.pop()).collect();
        assert_eq!(order, [11, 1, 12, 2, 13, 3, 14]);
    }

    #[test]
    fn what_is_put_back_is_taken_again() {
        let mut queue = RunQueue::new();
        (1..=2).for_each(|n| queue.push(n));
        (11..=12).for_each(|n| queue.push_prompt(n));
        assert_eq!((queue.pop(), queue.pop()), (Some(11), Some(1)));
        queue.put_back(1);
        assert_eq!((queue.pop(), queue.pop()), (Some(1), Some(12)));
        queue.pop();
        queue.put_back(2);
        queue.push_prompt(13);
        assert_eq!((queue.pop(), queue.pop()), (Some(2), Some(13)));
        assert!(queue.is_empty());
    }
}
