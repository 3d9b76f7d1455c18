//! Telling somebody of every switch.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use super::GreenletId;
use super::knot::{KnotRef, expect_current};

/// How control came to a greenlet.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Switched {
    /// With a value, or to be told of an end.
    Switch,
    /// With something to unwind with.
    Throw,
}

/// A switch, as a tracer is told of it.
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
/// use osier::greenlet::{self, Greenlet, Switched};
///
/// let events = Rc::new(RefCell::new(Vec::new()));
/// let seen = events.clone();
/// greenlet::set_trace(Some(Rc::new(move |event| seen.borrow_mut().push(event))));
/// let one = Greenlet::new(|()| ());
/// one.switch(());
/// greenlet::set_trace(None);
/// let main = greenlet::current::<()>().id();
/// let events = events.borrow();
/// assert_eq!((events[0].origin, events[0].target), (main, one.id()));
/// assert_eq!((events[1].origin, events[1].target), (one.id(), main));
/// assert!(events.iter().all(|event| event.how == Switched::Switch));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Event {
    /// With a value, or with something thrown.
    pub how: Switched,
    /// Who has left.
    pub origin: GreenletId,
    /// Who goes on.
    pub target: GreenletId,
}

/// What is told of switches.
type Tracer = Rc<dyn Fn(Event)>;

/// Who is told, and of what.
#[derive(Default)]
pub(super) struct Tracing {
    tracer: RefCell<Option<Tracer>>,
    /// The switch that is being made.
    event: Cell<Option<Event>>,
    /// Whether it is being told: what it switches itself is not told again.
    telling: Cell<bool>,
}

impl Tracing {
    pub(super) fn is_on(&self) -> bool {
        self.tracer.borrow().is_some()
    }

    /// Notes a switch, for the one who arrives.
    pub(super) fn note(&self, how: Switched, origin: GreenletId, target: GreenletId) {
        if self.is_on() && !self.telling.get() {
            self.event.set(Some(Event { how, origin, target }));
        }
    }

    /// Tells of the switch that was noted; called by the one who has arrived.
    ///
    /// A tracer that panics is removed, and its panic goes on in the one who has arrived.
    pub(super) fn tell(&self) {
        struct Stop<'a>(&'a Tracing, bool);
        impl Drop for Stop<'_> {
            fn drop(&mut self) {
                self.0.telling.set(false);
                if !self.1 {
                    self.0.tracer.take();
                }
            }
        }
        let Some(event) = self.event.take() else { return };
        let Some(tracer) = self.tracer.borrow().clone() else { return };
        self.telling.set(true);
        let mut stop = Stop(self, false);
        tracer(event);
        stop.1 = true;
    }
}

impl fmt::Debug for Tracing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tracing").field("on", &self.is_on()).finish_non_exhaustive()
    }
}

fn ours() -> KnotRef {
    expect_current().0
}

/// Has every switch among the greenlets of this task told to a closure.
///
/// Outside of tasks, of this thread. The closure is called in the greenlet that is switched to, before that goes on; switches that
/// it makes itself are not told. If it panics it is removed, and the panic goes on in that
/// greenlet. Gives the one that was told before. Switches are slower meanwhile.
///
/// # Panics
/// Where no greenlet runs, see [`current`](super::current()).
///
/// # Blocking
/// Never switches.
#[track_caller]
pub fn set_trace(tracer: Option<Rc<dyn Fn(Event)>>) -> Option<Rc<dyn Fn(Event)>> {
    let knot = ours();
    knot.set_attention(true);
    knot.common.tracing.tracer.replace(tracer)
}

/// What is told of switches in this task, if anything is.
///
/// # Panics
/// Where no greenlet runs, see [`current`](super::current()).
///
/// # Blocking
/// Never switches.
#[track_caller]
pub fn trace() -> Option<Rc<dyn Fn(Event)>> {
    ours().common.tracing.tracer.borrow().clone()
}
