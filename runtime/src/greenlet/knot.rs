//! The greenlets of a task, or of a thread outside of tasks: which those are, and what they share.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;

use super::close::close;
use super::error::Error;
use super::handle::Greenlet;
use super::home::{self, Stacks};
use super::node::{Node, StrandRef};
use super::trace::Tracing;
use crate::coroutine::{Knot, Place};
use crate::hub::hub;
use crate::task::Annex;

/// Greenlets that switch among each other.
pub(super) type KnotRef = Rc<Knot<Node>>;

/// What they share.
pub(super) struct Common {
    /// Where their stacks come from and go back to.
    pub(super) stacks: Rc<Stacks>,
    /// Begun, and without a handle when it was looked at last: to be unwound at the next switch.
    pub(super) orphans: RefCell<Vec<StrandRef>>,
    /// Whether all are being unwound: then none begins any more.
    pub(super) closing: Cell<bool>,
    /// Who is told of switches.
    pub(super) tracing: Tracing,
}

impl fmt::Debug for Common {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Common").field("stacks", &self.stacks).finish_non_exhaustive()
    }
}

/// Kept with a task that has greenlets.
struct OfTask(KnotRef);

impl Annex for OfTask {
    fn close(self: Rc<Self>) {
        close(&self.0);
    }
}

/// Makes the code that runs the main greenlet of its place.
pub(super) fn make(place: Place, stacks: Rc<Stacks>) -> KnotRef {
    let common = Common {
        stacks,
        orphans: RefCell::default(),
        closing: Cell::new(false),
        tracing: Tracing::default(),
    };
    let main = Node::new(Some(Rc::from("main")), 0, None, None);
    Knot::new(place, common, main)
}

/// The greenlets among which the code that calls this is.
pub(super) fn ours() -> Result<KnotRef, Error> {
    hub(|hub| {
        let Some(hub) = hub else { return home::knot() };
        let task = hub.current().ok_or(Error::InHub)?;
        if let Some(annex) = task.annex() {
            let annex: Rc<dyn Any> = annex;
            let knot = annex.downcast::<OfTask>().expect("nobody else annexes");
            return Ok(knot.0.clone());
        }
        let knot = make(Place::numbered(task.id.get()), home::stacks()?);
        task.set_annex(Rc::new(OfTask(knot.clone())));
        Ok(knot)
    })
}

/// The greenlet that runs, and those that it is among.
#[track_caller]
pub(super) fn expect_current() -> (KnotRef, StrandRef) {
    let found = ours().and_then(|knot| {
        let current = knot.current().ok_or(Error::TaskEnded)?;
        Ok((knot, current))
    });
    found.unwrap_or_else(|why| panic!("{why}"))
}

/// The greenlet that runs, as one that takes `T`s.
///
/// In a task or a thread that has made none, it is the main one.
///
/// # Panics
/// In a destructor that the hub runs outside of any task, or that runs when the task's closure, or the thread, has ended.
///
/// # Blocking
/// Never switches.
///
/// ```
/// use osier::greenlet::{self, Greenlet};
///
/// let main = greenlet::current();
/// let child = Greenlet::new(move |n: u32| main.switch(n + 1));
/// assert_eq!(child.switch(1), 2);
/// ```
#[track_caller]
pub fn current<T: 'static>() -> Greenlet<T> {
    let (_, current) = expect_current();
    Greenlet::of(&current)
}
