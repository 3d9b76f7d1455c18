//! What a greenlet is beside its stack: its name, its parent, what it runs.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

use super::GreenletId;
use super::body::Body;
use super::fate::Fate;
use super::knot::Common;
use super::link::Link;
use crate::coroutine::{Life, Stage, Strand};

/// What an unwinding carries.
pub(super) type Payload = Box<dyn Any + Send>;

/// One that can be switched to.
pub(super) type StrandRef = Rc<Strand<Node>>;

/// What goes with each strand.
pub(super) struct Node {
    pub(super) id: GreenletId,
    pub(super) name: Option<Rc<str>>,
    /// The least stack it asks for, in bytes.
    pub(super) stack_size: usize,
    /// How many handles there are, parents' links included.
    pub(super) handles: Cell<u32>,
    /// Whether it has ended, or never will begin.
    pub(super) dead: Cell<bool>,
    /// Whether it was unwound in vain: nobody asks it again.
    pub(super) given_up: Cell<bool>,
    /// None: it is the main one.
    pub(super) parent: RefCell<Option<Link>>,
    /// Who is waiting in a drop for it to end; goes before the parent.
    pub(super) dropper: RefCell<Option<StrandRef>>,
    /// Whether it waits in a drop: it takes values of any type, and drops them.
    pub(super) dropping: Cell<bool>,
    /// What it runs; there until it begins.
    pub(super) body: RefCell<Option<Box<dyn Body>>>,
    /// What it finds when it goes on, if not a value.
    pub(super) fate: Cell<Option<Fate>>,
    /// The user's.
    pub(super) context: RefCell<Option<Rc<dyn Any>>>,
}

impl Node {
    pub(super) fn new(
        name: Option<Rc<str>>,
        stack_size: usize,
        parent: Option<Link>,
        body: Option<Box<dyn Body>>,
    ) -> Node {
        Node {
            id: GreenletId::fresh(),
            name,
            stack_size,
            handles: Cell::new(0),
            dead: Cell::new(false),
            given_up: Cell::new(false),
            parent: RefCell::new(parent),
            dropper: RefCell::new(None),
            dropping: Cell::new(false),
            body: RefCell::new(body),
            fate: Cell::new(None),
            context: RefCell::new(None),
        }
    }

    /// "7" or "7 'name'", as reports say it.
    pub(super) fn title(&self) -> String {
        match &self.name {
            Some(name) => format!("{} '{name}'", self.id),
            None => self.id.to_string(),
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // A chain of parents is taken apart in a loop: it may be longer than the stack is deep.
        let mut next = self.parent.take();
        while let Some(link) = next {
            next = link.let_go();
        }
    }
}

impl Life for Node {
    type Common = Common;

    fn live(me: &StrandRef) -> StrandRef {
        let body = me.data.body.take().expect("it begins once");
        body.run(me)
    }
}

/// In words.
pub(super) fn state(strand: &Strand<Node>) -> &'static str {
    match (strand.stage(), strand.data.dead.get()) {
        (_, true) => "dead",
        (Stage::New | Stage::Prepared, _) => "pending",
        (Stage::Running, _) => "current",
        (Stage::Suspended, _) => "suspended",
        (Stage::Ended, _) => "dead",
    }
}

/// The nearest that has not ended, itself or an ancestor.
pub(super) fn alive(strand: &StrandRef) -> StrandRef {
    let mut at = strand.clone();
    while at.data.dead.get() {
        at = parent_of(&at);
    }
    at
}

/// The parent of one that is not the main one.
pub(super) fn parent_of(strand: &StrandRef) -> StrandRef {
    let parent = strand.data.parent.borrow();
    parent.as_ref().expect("the main greenlet outlives the others").strand().clone()
}
