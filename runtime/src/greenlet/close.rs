//! Unwinding: of a greenlet whose last handle has gone, and of all at the end of their task.

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use super::fate::{Exit, Fate};
use super::knot::KnotRef;
use super::node::StrandRef;
use super::switch::{arrive, bury, raise};
use crate::complaint::complain;
use crate::coroutine::{Place, Stage};
use crate::hub::here;
use crate::task::JoinError;

/// How often one is asked to end that catches what it is unwound with.
const ROUNDS: u32 = 5;

/// Whether anything can be unwound: else what is dropped while it is suspended is leaked.
pub(super) const UNWINDS: bool = cfg!(panic = "unwind");

/// What whoever waits in a drop waits for: nothing has this type.
struct Nothing;

/// Runs what has nobody to report a panic to.
pub(super) fn quietly(what: &str, f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        let error = JoinError::unwound(payload);
        complain(format_args!("a destructor panicked: {what}: {error}"));
        mem::forget(error); // or its own destructor may panic, and so on
    }
}

/// Sees to one whose last handle has gone.
#[cold]
pub(super) fn abandon(strand: &StrandRef) {
    let (knot, node) = (strand.knot(), &strand.data);
    // One that is being unwound, and has let a handle of itself go meanwhile, is seen to by who unwinds it.
    let seen_to = node.dead.get() || node.given_up.get() || node.dropper.borrow().is_some();
    if strand.is_main() || seen_to {
        return;
    }
    match strand.stage() {
        Stage::Suspended if may_exit(knot) => exit(strand, false),
        Stage::Suspended | Stage::Running => {
            // It runs, or is another task's: at the next switch over there.
            let mut orphans = knot.common.orphans.borrow_mut();
            if !orphans.iter().any(|orphan| Rc::ptr_eq(orphan, strand)) {
                orphans.push(strand.clone());
            }
            knot.set_attention(true);
        }
        Stage::New | Stage::Prepared | Stage::Ended => {}
    }
}

fn may_exit(knot: &KnotRef) -> bool {
    let place = knot.place();
    place == here() && place != Place::GONE
}

/// Unwinds those that have lost their last handle where they could not be.
pub(super) fn exit_orphans(knot: &KnotRef) {
    if !knot.has_attention() || knot.common.orphans.borrow().is_empty() || !may_exit(knot) {
        return;
    }
    let mut left = mem::take(&mut *knot.common.orphans.borrow_mut());
    while let Some(orphan) = left.pop() {
        let node = &orphan.data;
        if node.dead.get() || node.handles.get() != 0 || node.given_up.get() {
            continue;
        }
        match orphan.stage() {
            Stage::Suspended if !node.dropping.get() => exit(&orphan, false),
            _ => knot.common.orphans.borrow_mut().push(orphan), // it runs: later
        }
    }
}

/// Unwinds a suspended one, on its own stack, and comes back when it has ended.
///
/// It may also come back with the greenlet alive: somebody has a handle again, or it has caught
/// what it was unwound with too often; then its stack is leaked.
fn exit(strand: &StrandRef, all: bool) {
    let (knot, node) = (strand.knot(), &strand.data);
    let Some(me) = knot.current() else { return };
    if !UNWINDS {
        node.given_up.set(true);
        return;
    }
    for _ in 0..ROUNDS {
        if node.dead.get() || (!all && node.handles.get() != 0) {
            return;
        }
        *node.dropper.borrow_mut() = Some(me.clone());
        raise(knot, strand, Box::new(Exit(node.id)));
        me.data.dropping.set(true);
        let nothing: Option<Nothing> = knot.go(strand, None);
        debug_assert!(nothing.is_none());
        me.data.dropping.set(false);
        node.dropper.borrow_mut().take();
        if let Some(Fate::Raise(payload)) = me.data.fate.take() {
            let error = JoinError::unwound(payload);
            complain(format_args!("a panic had come out of a greenlet into a drop: {error}"));
            mem::forget(error);
        }
        quietly("tracer of greenlets", || arrive(knot));
    }
    if node.dead.get() || (!all && node.handles.get() != 0) {
        return;
    }
    node.given_up.set(true);
    complain(format_args!(
        "greenlet {} does not end when it is dropped; its stack is leaked",
        node.title()
    ));
}

/// Unwinds all that are left; nobody switches here afterwards. Called by the main one.
pub(super) fn close(knot: &KnotRef) {
    if !knot.is_in_main() {
        return; // a thread that ends inside of a greenlet, by C's exit: all stays as it is
    }
    knot.common.closing.set(true);
    while let Some(strand) = knot.find(|strand| !strand.data.given_up.get()) {
        exit(&strand, true);
    }
    bury(knot);
    knot.common.orphans.borrow_mut().clear();
    knot.undo();
}
