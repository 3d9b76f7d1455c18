//! Watching several things, with tasks that take what they are told of.

use super::*;
use crate::park::park;
use crate::task::Reason;
use crate::{JoinHandle, Wake, run, spawn, yield_now};
use std::cell::Cell;
use std::rc::Rc;

/// Something that one can take.
#[derive(Default)]
struct Pot {
    full: Cell<u32>,
    watchers: Watchers,
}

impl Default for Watchers {
    fn default() -> Self {
        Watchers::new()
    }
}

impl sealed::Sealed for Pot {}

impl Waitable for Pot {
    fn is_ready(&self) -> bool {
        self.full.get() > 0
    }

    fn watch(&self, watcher: Watcher) {
        self.watchers.watch(watcher, self.is_ready());
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.watchers.unwatch(watcher, self.is_ready());
    }
}

impl Pot {
    fn put(&self) {
        self.full.set(self.full.get() + 1);
        self.watchers.notify_one();
    }

    fn try_take(&self) -> bool {
        let full = self.full.get();
        self.full.set(full.saturating_sub(1));
        full > 0
    }
}

const REASON: Reason = Reason::new("waiting for pots");

/// Takes from whichever is full first; which that was.
fn take(pots: &[Rc<Pot>]) -> usize {
    let lookout = Lookout::new();
    let watchers: Vec<Watcher> = (0..pots.len()).map(|key| lookout.watcher(key)).collect();
    pots.iter().zip(&watchers).for_each(|(pot, watcher)| pot.watch(watcher.clone()));
    let taken = loop {
        match lookout.take() {
            Some(key) if pots[key].try_take() => break key,
            Some(key) => pots[key].watch(watchers[key].clone()),
            None => assert_eq!(lookout.wait(REASON, None), Wake::Woken),
        }
    };
    pots.iter().zip(&watchers).for_each(|(pot, watcher)| pot.unwatch(watcher));
    taken
}

fn pots() -> Vec<Rc<Pot>> {
    (0..3).map(|_| Rc::default()).collect()
}

fn taker(pots: &[Rc<Pot>]) -> JoinHandle<usize> {
    let pots = pots.to_vec();
    let task = spawn(move || take(&pots));
    yield_now();
    task
}

#[test]
fn what_is_ready_is_told_at_once() {
    run(|| {
        let pots = pots();
        pots[1].put();
        assert_eq!(take(&pots), 1);
        assert_eq!(pots[1].watchers.len(), 0);
    });
}

#[test]
fn whoever_came_first_is_told_first() {
    run(|| {
        let pots = pots();
        let [first, second] = [taker(&pots), taker(&pots)];
        pots[2].put();
        yield_now();
        assert_eq!((first.value(), second.value()), (Some(&2), None));
        pots[0].put();
        assert_eq!(second.join().unwrap(), 0);
        assert!(pots.iter().all(|pot| pot.watchers.len() == 0));
    });
}

#[test]
fn who_was_told_twice_leaves_one_to_the_next() {
    run(|| {
        let pots = pots();
        let [first, second] = [taker(&pots), taker(&pots)];
        pots[0].put();
        pots[1].put(); // both go to the first, which takes one
        assert_eq!((first.join().unwrap(), second.join().unwrap()), (0, 1));
    });
}

#[test]
fn who_comes_too_late_is_back_in_its_place() {
    run(|| {
        let pots = pots();
        let [first, second] = [taker(&pots), taker(&pots)];
        pots[0].put();
        assert!(pots[0].try_take()); // by somebody who did not wait
        yield_now();
        pots[0].put();
        yield_now();
        assert_eq!((first.value(), second.is_finished()), (Some(&0), false));
        second.kill();
        second.wait();
    });
}

#[test]
fn all_are_told_of_what_stays() {
    run(|| {
        let pot = Pot::default();
        let lookouts = [0, 1, 2].map(|_| Lookout::new());
        lookouts.iter().for_each(|lookout| pot.watch(lookout.watcher(4)));
        pot.watchers.notify_all();
        for lookout in &lookouts {
            assert_eq!((lookout.take(), lookout.take()), (Some(4), None));
            pot.unwatch(&lookout.watcher(4));
            pot.unwatch(&lookout.watcher(4));
        }
    });
}

#[test]
fn a_wake_that_comes_late_ends_no_later_wait() {
    run(|| {
        let pot = Pot::default();
        let lookout = Lookout::new();
        pot.watch(lookout.watcher(0));
        let soon = Some(crate::clock::now());
        assert_eq!(lookout.wait(REASON, soon), Wake::TimedOut);
        pot.put();
        assert_eq!(park(REASON, soon, || {}), Wake::TimedOut);
    });
}
