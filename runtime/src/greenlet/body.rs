//! What a greenlet runs: its closure, from the first frame of its stack to its end.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};

use super::close::quietly;
use super::fate::{Exit, Fate};
use super::node::{Payload, StrandRef, alive, parent_of};
use super::switch::{arrive, furnish, note};
use super::trace::Switched;
use crate::complaint::complain;
use crate::coroutine::Stage;
use crate::task::JoinError;

/// A closure whose type its greenlet does not know.
pub(super) trait Body {
    /// Takes its argument out of an `Option` of the right type; false if it is of another.
    fn put(&mut self, value: &mut dyn Any) -> bool;
    /// Puts the argument back there.
    fn take_back(&mut self, value: &mut dyn Any);
    /// Runs to the end, and says who goes on.
    fn run(self: Box<Self>, me: &StrandRef) -> StrandRef;
}

/// A closure and its argument.
pub(super) struct Start<F, T> {
    pub(super) f: F,
    pub(super) first: Option<T>,
}

impl<F: FnOnce(T) -> T + 'static, T: 'static> Body for Start<F, T> {
    fn put(&mut self, value: &mut dyn Any) -> bool {
        match value.downcast_mut::<Option<T>>() {
            Some(value) => {
                self.first = value.take();
                true
            }
            None => false,
        }
    }

    fn take_back(&mut self, value: &mut dyn Any) {
        if let Some(value) = value.downcast_mut::<Option<T>>() {
            *value = self.first.take();
        }
    }

    fn run(self: Box<Self>, me: &StrandRef) -> StrandRef {
        // All is moved inside of what is caught: it may be large, and this may be a debug build.
        let run = || {
            arrive(me.knot());
            let start = *self;
            (start.f)(start.first.expect("whoever lets it begin gives it an argument"))
        };
        let result = catch_unwind(AssertUnwindSafe(run));
        me.data.dead.set(true);
        let parcel = match result {
            Ok(value) => Parcel::Value(value),
            Err(payload) if Exit::is_for(&payload, me.data.id) => Parcel::Nothing,
            Err(payload) => Parcel::Panic(payload),
        };
        send(me, parcel)
    }
}

/// What comes of a greenlet.
enum Parcel<T> {
    Value(T),
    /// It was killed.
    Nothing,
    Panic(Payload),
}

/// Brings what comes of an ended one to whom it goes, and gives that one, ready to go on.
fn send<T: 'static>(me: &StrandRef, parcel: Parcel<T>) -> StrandRef {
    let knot = me.knot();
    if let Some(fate) = me.data.fate.take() {
        quietly("what was thrown into a greenlet", || drop(fate));
    }
    let dropper = me.data.dropper.borrow_mut().take();
    let (to, how) = match dropper {
        Some(dropper) => {
            discard(me, parcel);
            (dropper, Switched::Switch)
        }
        None => deliver(me, parcel),
    };
    note(knot, how, &to);
    to
}

/// There is nobody to be told: whoever has dropped it wants nothing of it.
fn discard<T>(me: &StrandRef, parcel: Parcel<T>) {
    match parcel {
        Parcel::Nothing => {}
        Parcel::Value(value) => quietly("result of a greenlet that was dropped", || drop(value)),
        Parcel::Panic(payload) => {
            let error = JoinError::unwound(payload);
            complain(format_args!("greenlet {}, dropped, panicked: {error}", me.data.title()));
            std::mem::forget(error); // its destructor may panic as well
        }
    }
}

/// To the nearest ancestor that takes it.
fn deliver<T: 'static>(me: &StrandRef, mut parcel: Parcel<T>) -> (StrandRef, Switched) {
    let mut to = alive(&parent_of(me));
    loop {
        if to.stage() == Stage::New {
            parcel = match begin(&to, parcel) {
                Ok(()) => return (to, Switched::Switch),
                Err(parcel) => parcel,
            };
            to = alive(&parent_of(&to));
            continue;
        }
        let (how, fate) = match parcel {
            Parcel::Value(value) if to.data.dropping.get() => {
                quietly("value for a greenlet that waits in a drop", || drop(value));
                (Switched::Switch, None)
            }
            Parcel::Value(value) if to.waits_for::<T>() => {
                (Switched::Switch, Some(Fate::Value(Box::new(value))))
            }
            Parcel::Value(value) => {
                quietly("value of a type that nobody waits for", || drop(value));
                (Switched::Switch, Some(Fate::Misfit(me.data.id)))
            }
            Parcel::Nothing => (Switched::Switch, Some(Fate::Ended(me.data.id))),
            Parcel::Panic(payload) => (Switched::Throw, Some(Fate::Raise(payload))),
        };
        to.data.fate.set(fate);
        return (to, how);
    }
}

/// Lets an ancestor begin with what has come of a descendant; what goes on to the next, if it cannot.
fn begin<T: 'static>(to: &StrandRef, parcel: Parcel<T>) -> Result<(), Parcel<T>> {
    match parcel {
        Parcel::Value(value) => furnish(to, value).map_err(|(error, value)| {
            quietly("value for a greenlet that cannot begin", || drop(value));
            Parcel::Panic(Box::new(error.to_string()))
        }),
        Parcel::Nothing => Err(Parcel::Nothing),
        Parcel::Panic(payload) => {
            never_run(to);
            Err(Parcel::Panic(payload))
        }
    }
}

/// Ends one that has not begun.
pub(super) fn never_run(strand: &StrandRef) {
    strand.data.dead.set(true);
    let body = strand.data.body.borrow_mut().take();
    quietly("closure of a greenlet that never ran", || drop(body));
}
