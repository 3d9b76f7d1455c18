//! Which names are being looked up, and who waits for each.
//!
//! A pure data structure: it neither looks anything up nor waits, and its caller locks it. The
//! rule it holds: between a name's [`Inflight::join`] that returns true and its
//! [`Inflight::finish`] (or [`Inflight::abandon`]), every other `join` of that name waits for the
//! same look-up. So one call to the resolver answers all of them.

use std::collections::HashMap;

/// The look-ups under way, each with its waiters of type `W`.
#[derive(Debug)]
pub(super) struct Inflight<W> {
    /// A name is a key from the moment somebody asks until its answer is handed out.
    names: HashMap<String, Vec<W>>,
}

impl<W> Inflight<W> {
    /// No look-up at all.
    pub(super) fn new() -> Self {
        Inflight { names: HashMap::new() }
    }

    /// Adds a waiter. True when it is the first, so that the caller must start the look-up.
    pub(super) fn join(&mut self, name: &str, waiter: W) -> bool {
        match self.names.get_mut(name) {
            Some(waiters) => {
                waiters.push(waiter);
                false
            }
            None => {
                self.names.insert(name.to_owned(), vec![waiter]);
                true
            }
        }
    }

    /// Ends a look-up: the waiters its answer is for, in the order in which they came.
    pub(super) fn finish(&mut self, name: &str) -> Vec<W> {
        self.names.remove(name).unwrap_or_default()
    }

    /// Forgets a look-up that has not started if no waiter is `alive` any more; true when it did.
    ///
    /// During an outage names pile up before the threads faster than these can time out. Those
    /// that everybody has given up on cost nothing then.
    pub(super) fn abandon(&mut self, name: &str, alive: impl FnMut(&W) -> bool) -> bool {
        let wanted = self.names.get(name).is_some_and(|waiters| waiters.iter().any(alive));
        if !wanted {
            self.names.remove(name);
        }
        !wanted
    }

    /// How many of those who wait for this name are `alive`.
    #[cfg(test)]
    pub(super) fn waiting(&self, name: &str, mut alive: impl FnMut(&W) -> bool) -> usize {
        let waiters = self.names.get(name).map_or(&[][..], Vec::as_slice);
        waiters.iter().filter(|waiter| alive(waiter)).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_names_share_a_look_up_and_others_do_not() {
        let mut inflight = Inflight::new();
        assert!(inflight.join("a", 1));
        assert!(!inflight.join("a", 2));
        assert!(inflight.join("b", 3));
        assert!(!inflight.join("a", 4));
        assert_eq!(inflight.finish("a"), [1, 2, 4]);
        assert_eq!(inflight.finish("b"), [3]);
    }

    #[test]
    fn after_the_answer_a_new_look_up_begins() {
        let mut inflight = Inflight::new();
        assert!(inflight.join("a", 1));
        assert_eq!(inflight.finish("a"), [1]);
        assert!(inflight.join("a", 2));
        assert_eq!(inflight.finish("a"), [2]);
        assert!(inflight.finish("a").is_empty());
    }

    #[test]
    fn only_a_look_up_without_living_waiters_is_abandoned() {
        let mut inflight = Inflight::new();
        inflight.join("a", 1);
        inflight.join("a", 2);
        assert!(!inflight.abandon("a", |&w| w == 2));
        assert!(!inflight.join("a", 3), "still under way");
        assert!(inflight.abandon("a", |_| false));
        assert!(inflight.join("a", 4), "starts afresh");
    }
}
