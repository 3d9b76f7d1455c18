//! Switches: the rules about who goes on, and what those who go on find.
//!
//! The short way, from one that runs to one that waits for this type of value, is `Strand::switch`;
//! here is the rest: greenlets that have not begun, or have ended; types that do not fit; what to do
//! after a switch.

use std::any::Any;
use std::backtrace::Backtrace;
use std::cell::Cell;
use std::panic::resume_unwind;

use super::body::never_run;
use super::close::{exit_orphans, quietly};
use super::error::{Error, SwitchError};
use super::fate::{Exit, Fate};
use super::knot::KnotRef;
use super::node::{Payload, StrandRef, alive, parent_of};
use super::trace::Switched;
use crate::coroutine::{Place, Stage};
use crate::hub::{here, hub};
use crate::stack::Kind;

thread_local! {
    /// What was asked for by `Fate::Show`.
    static SHOWN: Cell<Option<Backtrace>> = const { Cell::new(None) };
}

/// Hands `value` to `to`, or to whoever it goes to by the rules.
#[inline(always)]
pub(super) fn switch<T: 'static>(to: &StrandRef, value: T) -> Result<T, SwitchError<T>> {
    match to.switch(value) {
        Ok(Some(value)) => Ok(value),
        Ok(None) => land(to.knot(), None),
        Err(value) => by_the_rules(to, value),
    }
}

#[cold]
#[inline(never)]
fn by_the_rules<T: 'static>(to: &StrandRef, value: T) -> Result<T, SwitchError<T>> {
    if let Err(error) = allowed(to) {
        return Err(SwitchError::unsent(error, value));
    }
    let knot = to.knot();
    settle(knot);
    let to = alive(to);
    let value = match to.stage() {
        Stage::Running => return Ok(value),
        Stage::New => match furnish(&to, value) {
            Ok(()) => None,
            Err((error, value)) => return Err(SwitchError::unsent(error, value)),
        },
        _ if to.data.dropping.get() => {
            drop(value);
            None
        }
        _ if !to.waits_for::<T>() => {
            return Err(SwitchError::unsent(Error::OtherType(None), value));
        }
        _ if knot.has_attention() => {
            // Who arrives finds that there is more to be done by finding no value.
            to.data.fate.set(Some(Fate::Value(Box::new(value))));
            None
        }
        _ => Some(value),
    };
    note(knot, Switched::Switch, &to);
    land(knot, knot.go(&to, value))
}

/// Gives one that has not begun its argument and its stack.
pub(super) fn furnish<T: 'static>(to: &StrandRef, value: T) -> Result<(), (Error, T)> {
    let (node, common) = (&to.data, &to.knot().common);
    if common.closing.get() {
        return Err((Error::TaskEnded, value));
    }
    let mut value = Some(value);
    let taken = match &mut *node.body.borrow_mut() {
        Some(body) => body.put(&mut value as &mut dyn Any),
        None => false,
    };
    if !taken {
        return Err((Error::OtherType(None), value.expect("it was not taken")));
    }
    let id = node.id.get();
    match common.stacks.take(node.stack_size, Kind::Greenlet, id, node.name.as_deref()) {
        Ok(stack) => to.prepare(stack),
        Err(error) => {
            let put = node.body.borrow_mut().as_mut().map(|body| body.take_back(&mut value));
            debug_assert!(put.is_some());
            return Err((error, value.expect("it was put there before")));
        }
    }
    Ok(())
}

/// Whether the code that calls this may switch to it, or to an ancestor of it.
pub(super) fn allowed(to: &StrandRef) -> Result<(), Error> {
    let (here, place) = (here(), to.knot().place());
    if place == Place::GONE {
        return Err(Error::TaskEnded);
    }
    if here == Place::PINNED {
        return Err(Error::Pinned);
    }
    if here != place {
        let in_hub = hub(|hub| hub.is_some_and(|hub| !hub.is_running()));
        return Err(if in_hub { Error::InHub } else { Error::OtherTask });
    }
    if std::thread::panicking() {
        return Err(Error::Unwinding);
    }
    Ok(())
}

/// Notes a switch for the tracer.
pub(super) fn note(knot: &KnotRef, how: Switched, to: &StrandRef) {
    if let Some(me) = knot.current() {
        knot.common.tracing.note(how, me.data.id, to.data.id);
    }
}

/// What is to be done where a switch arrives, before anything else.
pub(super) fn arrive(knot: &KnotRef) {
    if knot.has_attention() {
        bury(knot);
        exit_orphans(knot);
        knot.common.tracing.tell();
    }
    settle(knot);
}

/// Unwinds who is to be unwound, and finds out whether the short way can be taken from here on.
fn settle(knot: &KnotRef) {
    exit_orphans(knot);
    let more = knot.common.tracing.is_on() || !knot.common.orphans.borrow().is_empty();
    if more || (knot.place() == here() && !std::thread::panicking()) {
        knot.set_attention(more);
    }
}

/// Takes back the stack of the one that has ended last.
pub(super) fn bury(knot: &KnotRef) {
    if let Some((ended, stack)) = knot.take_ended() {
        if let Some(stack) = stack {
            knot.common.stacks.give(stack);
        }
        quietly("what a greenlet that has ended had", || drop(ended));
    }
}

/// Goes on after a switch with what was found.
#[cold]
#[inline(never)]
fn land<T: 'static>(knot: &KnotRef, mut got: Option<T>) -> Result<T, SwitchError<T>> {
    loop {
        if let Some(value) = got {
            return Ok(value);
        }
        let me = knot.current().expect("it runs");
        let fate = me.data.fate.take().expect("a value or a fate");
        drop(me);
        if let Fate::Show(asker) = fate {
            SHOWN.set(Some(Backtrace::force_capture()));
            got = knot.go(&asker, None);
            continue;
        }
        arrive(knot);
        match fate {
            Fate::Value(value) => {
                let value = value.downcast().expect("whoever has left it has looked at the type");
                return Ok(*value);
            }
            Fate::Raise(payload) => resume_unwind(payload),
            Fate::Ended(id) => return Err(SwitchError::sent(Error::Ended(id))),
            Fate::Misfit(id) => return Err(SwitchError::sent(Error::OtherType(Some(id)))),
            Fate::Show(_) => unreachable!("seen to above"),
        }
    }
}

/// Unwinds `to` with a payload, or whoever that goes to by the rules.
pub(super) fn throw<T: 'static>(to: &StrandRef, payload: Payload) -> Result<T, SwitchError<T>> {
    allowed(to).map_err(SwitchError::sent)?;
    let knot = to.knot();
    settle(knot);
    let mut to = alive(to);
    while to.stage() == Stage::New {
        never_run(&to);
        to = alive(&parent_of(&to));
    }
    if to.stage() == Stage::Running {
        resume_unwind(payload);
    }
    raise(knot, &to, payload);
    land(knot, knot.go(&to, None))
}

/// Leaves a suspended one something to unwind with.
pub(super) fn raise(knot: &KnotRef, to: &StrandRef, payload: Payload) {
    to.data.fate.set(Some(Fate::Raise(payload)));
    note(knot, Switched::Throw, to);
}

/// Ends `to`; gives the value that it comes back with, if it does not end.
pub(super) fn kill<T: 'static>(to: &StrandRef) -> Result<Option<T>, SwitchError<T>> {
    if to.data.dead.get() {
        return Ok(None);
    }
    allowed(to).map_err(SwitchError::sent)?;
    if to.is_main() {
        return Err(SwitchError::sent(Error::Main));
    }
    if to.stage() == Stage::New {
        never_run(to);
        return Ok(None);
    }
    let id = to.data.id;
    match throw(to, Box::new(Exit(id))) {
        Ok(value) => Ok(Some(value)),
        Err(error) if *error.error() == Error::Ended(id) => Ok(None),
        Err(error) => Err(error),
    }
}

/// The frames of a suspended one: it goes on for as long as it takes to look.
pub(super) fn show(to: &StrandRef) -> Option<Backtrace> {
    if to.stage() != Stage::Suspended || to.data.dropping.get() || allowed(to).is_err() {
        return None;
    }
    let knot = to.knot();
    let me = knot.current()?;
    to.data.fate.set(Some(Fate::Show(me)));
    struct Nothing;
    let nothing: Option<Nothing> = knot.go(to, None);
    debug_assert!(nothing.is_none());
    SHOWN.take()
}
