//! Wakers of futures that wait for a time.
//!
//! A waker is the user's code, so it is not called while the timers are at work, and a panic of it
//! ends nothing.

use std::cell::RefCell;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::task::Waker;

use slab::Slab;

use crate::complaint::complain;

/// Who is to be woken when a time comes.
#[derive(Debug, Default)]
pub(crate) struct Timed {
    /// None: its time has come. A place is kept until its owner leaves.
    places: RefCell<Slab<Option<Waker>>>,
    /// Whose time has come.
    due: RefCell<Vec<Waker>>,
}

impl Timed {
    /// Enters a waker.
    pub(crate) fn enter(&self, waker: Waker) -> usize {
        self.places.borrow_mut().insert(Some(waker))
    }

    /// Changes the waker of a place, unless its time has come.
    pub(crate) fn renew(&self, place: usize, waker: Waker) {
        let mut places = self.places.borrow_mut();
        let old = places[place].as_mut().map(|old| mem::replace(old, waker));
        drop(places);
        drop(old);
    }

    /// Gives up a place.
    pub(crate) fn leave(&self, place: usize) {
        let gone = self.places.borrow_mut().try_remove(place);
        drop(gone);
    }

    /// Notes that the time of a place has come.
    pub(super) fn ring(&self, place: usize) {
        let waker = self.places.borrow_mut().get_mut(place).and_then(Option::take);
        self.due.borrow_mut().extend(waker);
    }

    /// Wakes all whose time has come.
    #[inline]
    pub(super) fn wake_due(&self) {
        if !self.due.borrow().is_empty() {
            let due = self.due.take();
            due.into_iter().for_each(wake);
        }
    }
}

/// Wakes somebody; a panic goes to the log.
pub(crate) fn wake(waker: Waker) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(|| waker.wake())) {
        complain(format_args!("a waker of a future panicked"));
        mem::forget(payload); // its destructor may panic as well
    }
}
