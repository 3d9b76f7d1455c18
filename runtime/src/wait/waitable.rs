//! Waiting for whichever of several things comes first.
//!
//! Here so that tasks, events, queues and results can be waited for together, whatever they are. Who waits makes a
//! [`Lookout`] and hands each thing a [`Watcher`] of it; a thing keeps those in its [`Watchers`] and notifies them. What
//! comes of it is a hint: who was told looks, and takes what it wants by the thing's own `try_` form. Nothing here
//! calls code of users.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::VecDeque;
use std::fmt;
use std::rc::Rc;
use std::sync::Arc;
use std::task::Waker;
use std::time::Instant;

use super::outside::{Door, Envoy, number};
use super::{Ticket, WaitList};
use crate::park::{Unparker, park};
use crate::task::{Reason, Wake};

/// What can be waited for together with other things.
///
/// For use, not to be implemented. Level-triggered: who begins to watch what is ready already is
/// told at once.
pub trait Waitable: sealed::Sealed {
    /// Whether there is nothing to wait for.
    fn is_ready(&self) -> bool;

    /// Has the watcher told when this becomes ready, or now if it is.
    ///
    /// Once: by watching again, one that was told and then found nothing left is back in its place.
    #[doc(hidden)]
    fn watch(&self, watcher: Watcher);

    /// Ends that. If the watcher was told, and this is still ready, it is the next one's turn.
    #[doc(hidden)]
    fn unwatch(&self, watcher: &Watcher);
}

pub(crate) mod sealed {
    /// Whoever can name this may implement [`Waitable`](super::Waitable).
    pub trait Sealed {}
}

/// The side that waits: which of the things it watches have become ready.
pub(crate) struct Lookout(Rc<Shared>);

struct Shared {
    /// Whom to wake; none while it is not parked.
    who: RefCell<Option<Who>>,
    /// Keys of what became ready, in order.
    ready: RefCell<VecDeque<usize>>,
    /// By key: where the thing keeps the watcher.
    places: RefCell<Vec<Place>>,
    /// Where other threads leave word; there once something of theirs is watched.
    door: OnceCell<Arc<Door>>,
    /// How many of the places are outside: while there are any, this is no deadlock.
    outside: Cell<usize>,
    /// How many of the things are daemons: their timers are no deadlock then.
    daemons: Cell<usize>,
}

/// Who waits.
enum Who {
    Task(Unparker),
    /// It is woken where it was told, so it must not do its work right there; no waker does.
    Future(Waker),
}

/// Where a thing keeps a watcher.
#[derive(Clone, Copy)]
enum Place {
    Nowhere,
    /// In its line.
    In(Ticket),
    /// By that number, with a thing that other threads have.
    Outside(usize),
}

impl Lookout {
    pub(crate) fn new() -> Lookout {
        Lookout(Rc::new(Shared {
            who: RefCell::new(None),
            ready: RefCell::default(),
            places: RefCell::default(),
            door: OnceCell::new(),
            outside: Cell::new(0),
            daemons: Cell::new(0),
        }))
    }

    /// A watcher for one thing, and for that alone; small keys, as there is a table of them.
    pub(crate) fn watcher(&self, key: usize) -> Watcher {
        let mut places = self.0.places.borrow_mut();
        if places.len() <= key {
            places.resize(key + 1, Place::Nowhere);
        }
        Watcher { lookout: self.0.clone(), key }
    }

    /// Takes the key of the next thing that has become ready.
    pub(crate) fn take(&self) -> Option<usize> {
        let near = self.0.ready.borrow_mut().pop_front();
        near.or_else(|| self.0.door.get()?.take())
    }

    /// Has a future woken when something becomes ready, once; forgets what became so before.
    pub(super) fn wake(&self, waker: &Waker) {
        while self.take().is_some() {}
        let old = self.0.who.replace(Some(Who::Future(waker.clone())));
        drop(old);
    }

    /// Parks until something becomes ready; `Woken` at once if something has.
    ///
    /// A wake may be for something else: see whether there is something to [`take`](Self::take). However it ends, the caller unwatches what it
    /// watches, then [`deliver`](crate::deliver)s. In a task only.
    pub(crate) fn wait(&self, reason: Reason, deadline: Option<Instant>) -> Wake {
        if !self.0.ready.borrow().is_empty() {
            return Wake::Woken;
        }
        let me = Unparker::current();
        if self.0.door.get().is_some_and(|door| !door.expect(&me)) {
            return Wake::Woken;
        }
        *self.0.who.borrow_mut() = Some(Who::Task(me));
        let reason = if self.0.daemons.get() > 0 { reason.on_some_daemon() } else { reason };
        let reason = if self.0.outside.get() > 0 { reason.outside() } else { reason };
        let wake = park(reason, deadline, || self.0.rest());
        self.0.rest();
        wake
    }
}

impl Shared {
    /// Nobody is to be woken any more: what comes now is not for a later wait.
    fn rest(&self) {
        self.who.take();
        if let Some(door) = self.door.get() {
            door.rest();
        }
    }
}

impl fmt::Debug for Lookout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lookout").field("ready", &self.0.ready).finish_non_exhaustive()
    }
}

/// Tells a waiting task that one of the things it waits for is ready.
#[derive(Clone)]
pub struct Watcher {
    lookout: Rc<Shared>,
    key: usize,
}

impl Watcher {
    /// Tells it; false if it will never look.
    pub(crate) fn notify(&self) -> bool {
        self.lookout.ready.borrow_mut().push_back(self.key);
        let mut who = self.lookout.who.borrow_mut();
        match &*who {
            Some(Who::Task(task)) => return task.hit(),
            Some(Who::Future(_)) => {
                let future = who.take();
                drop(who);
                if let Some(Who::Future(waker)) = future {
                    waker.wake();
                }
            }
            None => {}
        }
        true
    }

    /// Says that what it watches is a daemon; until `forget_daemon`.
    pub(crate) fn note_daemon(&self) {
        self.lookout.daemons.set(self.lookout.daemons.get() + 1);
    }

    pub(crate) fn forget_daemon(&self) {
        self.lookout.daemons.set(self.lookout.daemons.get().saturating_sub(1));
    }

    /// The one that may travel; the same each time, until it is recalled.
    pub(crate) fn envoy(&self) -> Envoy {
        let number = match self.get_place() {
            Place::Outside(number) => number,
            Place::Nowhere | Place::In(_) => {
                let number = number();
                self.set_place(Place::Outside(number));
                number
            }
        };
        let door = self.lookout.door.get_or_init(Arc::default).clone();
        Envoy { door, key: self.key, number }
    }

    /// The number of its envoy, which is to be no more.
    pub(crate) fn recall(&self) -> Option<usize> {
        let Place::Outside(number) = self.get_place() else { return None };
        self.set_place(Place::Nowhere);
        Some(number)
    }

    fn ticket(&self) -> Option<Ticket> {
        match self.get_place() {
            Place::In(ticket) => Some(ticket),
            Place::Nowhere | Place::Outside(_) => None,
        }
    }

    fn get_place(&self) -> Place {
        self.lookout.places.borrow()[self.key]
    }

    fn set_place(&self, place: Place) {
        let is_outside = |place| usize::from(matches!(place, Place::Outside(_)));
        let more = is_outside(place);
        let old = std::mem::replace(&mut self.lookout.places.borrow_mut()[self.key], place);
        let outside = &self.lookout.outside;
        outside.set(outside.get() + more - is_outside(old));
    }
}

impl PartialEq for Watcher {
    fn eq(&self, other: &Watcher) -> bool {
        Rc::ptr_eq(&self.lookout, &other.lookout) && self.key == other.key
    }
}

impl fmt::Debug for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watcher").field("key", &self.key).finish_non_exhaustive()
    }
}

/// Who watches a thing: a field of it. It serves its own waiters first, then these.
pub(crate) struct Watchers {
    /// In line: who is to be told. Out of it: who was told and has not looked yet.
    line: RefCell<WaitList<Watcher, ()>>,
}

impl Watchers {
    pub(crate) const fn new() -> Watchers {
        Watchers { line: RefCell::new(WaitList::new()) }
    }

    /// As [`Waitable::watch`]; `ready` is whether the thing is.
    pub(crate) fn watch(&self, watcher: Watcher, ready: bool) {
        let mut line = self.line.borrow_mut();
        match self.find(&line, &watcher) {
            Some(place) if line.is_granted(place) => line.return_to_front(place, ()),
            Some(_) => {}
            None => watcher.set_place(Place::In(line.enter((), watcher.clone()))),
        }
        if ready && let Some(place) = watcher.ticket() {
            // This one is told, whoever stands before it: those were told when it became ready.
            line.grant_to(place);
            drop(line);
            watcher.notify();
        }
    }

    /// As [`Waitable::unwatch`]; `ready` is whether the thing is.
    pub(crate) fn unwatch(&self, watcher: &Watcher, ready: bool) {
        let mut line = self.line.borrow_mut();
        let Some(place) = self.find(&line, watcher) else { return };
        let (_, was_told) = line.leave(place);
        watcher.set_place(Place::Nowhere);
        drop(line);
        if was_told && ready {
            self.notify_one();
        }
    }

    /// Tells all, for what stays as it is: an end, an event, a result.
    pub(crate) fn notify_all(&self) {
        while self.notify_one() {}
    }

    /// Tells the first that was not told, for what one can take; whether there was one.
    ///
    /// It stays on the books: if it leaves what it was told of, `unwatch` tells the next.
    #[inline]
    pub(crate) fn notify_one(&self) -> bool {
        !self.line.borrow().is_empty() && self.tell_first()
    }

    #[cold]
    fn tell_first(&self) -> bool {
        loop {
            let next = self.line.borrow_mut().grant(|watcher| watcher.clone());
            match next {
                None => return false,
                Some(((), watcher)) if watcher.notify() => return true,
                Some(_) => {} // it was leaked
            }
        }
    }

    /// How many wait to be told.
    pub(crate) fn len(&self) -> usize {
        self.line.borrow().len()
    }

    /// Where it is, if it is one of these: a key that was used for two things is told.
    fn find(&self, line: &WaitList<Watcher, ()>, watcher: &Watcher) -> Option<Ticket> {
        watcher.ticket().filter(|place| line.holds(*place) == Some(watcher))
    }
}

impl fmt::Debug for Watchers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.len())
    }
}
