//! The control block of a task and its states.
//!
//! ```text
//!            run            park               unpark, interrupt, timer
//!   New ----------> Running ------> Parked ----------------------------> Woken
//!    |               |  ^  \ yield                                        |
//!    |               |  |   `------> Ready                                |
//!    |  kill         |  `-------------'----------- run -------------------'
//!    `----> Done <---' end
//! ```
//!
//! New, Ready and Woken tasks are in the run queue, exactly once.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::panic::Location;
use std::rc::Rc;

use super::cell::VTable;
use super::{Interrupts, Loan, Reason, TaskId, Waiter};
use crate::coroutine::Coroutine;

/// Where a task stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// Spawned; it has no stack yet.
    New,
    /// It gave way and waits for its turn.
    Ready,
    /// It is the one that runs.
    Running,
    /// It waits to be woken.
    Parked,
    /// Its wait is over and it waits for its turn.
    Woken,
    /// It has ended.
    Done,
}

/// How a wait ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wake {
    /// By [`Unparker::unpark`](crate::Unparker::unpark).
    Woken,
    /// The deadline came first.
    TimedOut,
    /// The task is to unwind: call [`deliver`](crate::deliver) when your own state is in order.
    Killed,
    /// The task is unwinding, or no task runs: nothing was waited for.
    Refused,
}

/// What the half after the header holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Content {
    /// The closure, not yet called.
    Closure,
    /// Nothing: the closure runs, or the result was taken.
    Nothing,
    /// The result, or why there is none.
    Outcome,
}

/// What a task is born with.
pub(crate) struct Spec {
    /// Its number.
    pub(crate) id: TaskId,
    /// Its name, if it was given one.
    pub(crate) name: Option<Rc<str>>,
    /// The least stack it asks for, in bytes.
    pub(crate) stack_size: usize,
    /// Whether `run` ends without waiting for it.
    pub(crate) daemon: bool,
    /// Where it was spawned.
    pub(crate) site: &'static Location<'static>,
}

/// The control block. One thread only: nothing in here is atomic.
pub(crate) struct Header {
    /// Its stack and, while suspended, its registers.
    pub(super) coroutine: Coroutine,
    /// How many `TaskRef`s there are.
    pub(super) refs: Cell<u32>,
    /// Where it stands; written by `switch` and by the hub.
    pub(super) state: Cell<State>,
    /// Which half of the union behind the header is alive.
    pub(super) content: Cell<Content>,
    /// Whether the outcome is an error.
    pub(super) failed: Cell<bool>,
    /// Whether that error is a panic.
    pub(super) panicked: Cell<bool>,
    /// Whether the typed end, which a join handle holds, is still there.
    pub(super) held: Cell<bool>,
    /// Whether somebody has looked at the outcome.
    pub(super) seen: Cell<bool>,
    /// Caches `interrupts.is_due()`, for the fast path.
    pub(crate) due: Cell<bool>,
    /// Whether this wait was ended before it began.
    pub(crate) token: Cell<bool>,
    /// How the last wait ended; written by who ends it, valid in `Woken`.
    pub(crate) wake: Cell<Wake>,
    /// Whether `run` ends without waiting for it.
    pub(crate) daemon: Cell<bool>,
    /// How many `no_switch` scopes it is in.
    pub(crate) pinned: Cell<u16>,
    /// The number of the wait it is in, or of the next one.
    pub(crate) wait: Cell<u32>,
    /// Where the hub keeps it; set once, when it is entered there.
    pub(crate) slot: Cell<u32>,
    /// Its number.
    pub(crate) id: TaskId,
    /// How to treat what comes after the header.
    pub(super) vtable: &'static VTable,
    /// What it waits for, valid while parked.
    pub(crate) reason: Cell<Reason>,
    /// Since when it waits: nanoseconds on the hub's clock, as of the hub's last look at it.
    pub(crate) since: Cell<u64>,
    /// The number of the wait in which its stack was trimmed last.
    pub(crate) trimmed: Cell<u32>,
    /// The first who waits for its end; further ones are in `joiners`.
    pub(crate) joiner: Cell<Option<Waiter>>,
    /// All but the first who wait for its end.
    pub(crate) joiners: RefCell<Vec<Waiter>>,
    /// Kills and time-outs in store, once there was one.
    pub(super) interrupts: RefCell<Option<Box<Interrupts>>>,
    /// What it borrows from, if it is scoped.
    pub(super) loan: RefCell<Option<Rc<Loan>>>,
    /// Its name, if it was given one.
    pub(super) name: RefCell<Option<Rc<str>>>,
    /// The least stack it asks for, in bytes.
    pub(crate) stack_size: usize,
    /// Where it was spawned.
    pub(crate) site: &'static Location<'static>,
}

impl Header {
    pub(super) fn new(spec: Spec, vtable: &'static VTable) -> Header {
        Header {
            coroutine: Coroutine::new(),
            refs: Cell::new(1),
            state: Cell::new(State::New),
            content: Cell::new(Content::Closure),
            failed: Cell::new(false),
            panicked: Cell::new(false),
            held: Cell::new(true),
            seen: Cell::new(false),
            due: Cell::new(false),
            token: Cell::new(false),
            wake: Cell::new(Wake::Woken),
            daemon: Cell::new(spec.daemon),
            pinned: Cell::new(0),
            wait: Cell::new(0),
            slot: Cell::new(u32::MAX),
            id: spec.id,
            vtable,
            reason: Cell::new(Reason::new("parked")),
            since: Cell::new(0),
            trimmed: Cell::new(u32::MAX),
            joiner: Cell::new(None),
            joiners: RefCell::new(Vec::new()),
            interrupts: RefCell::new(None),
            loan: RefCell::new(None),
            name: RefCell::new(spec.name),
            stack_size: spec.stack_size,
            site: spec.site,
        }
    }

    /// Where it stands.
    #[inline]
    pub(crate) fn state(&self) -> State {
        self.state.get()
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state.get() == State::Done
    }

    /// The ticket of the wait it is in, or of its next one.
    #[inline]
    pub(crate) fn waiter(&self) -> Waiter {
        Waiter { id: self.id, slot: self.slot.get(), wait: self.wait.get() }
    }

    /// Marks the present wait as over and forgets early wakes of it.
    #[inline]
    pub(crate) fn end_wait(&self) {
        self.token.set(false);
        self.wait.set(self.wait.get().wrapping_add(1));
    }

    /// Ends its wait; true when it has to be put in the run queue now.
    ///
    /// A wake beats a time-out or a kill that came first in the same turn, or what was handed over
    /// with it would be lost.
    #[inline]
    pub(crate) fn end_park(&self, wake: Wake) -> bool {
        match self.state.get() {
            State::Parked => {
                self.wake.set(wake);
                self.state.set(State::Woken);
                return true;
            }
            State::Woken if wake == Wake::Woken => self.wake.set(wake),
            State::New | State::Ready | State::Running if wake == Wake::Woken => {
                self.token.set(true)
            }
            _ => {}
        }
        false
    }

    /// Works on the interrupts in store and brings `due` up to date.
    pub(crate) fn interrupts<R>(&self, f: impl FnOnce(&mut Interrupts) -> R) -> R {
        let mut store = self.interrupts.borrow_mut();
        let store = store.get_or_insert_default();
        let result = f(store);
        self.due.set(store.is_due());
        result
    }

    /// Whether it has ended without a result.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// Whether a kill is in store.
    pub(crate) fn is_killed(&self) -> bool {
        self.interrupts.borrow().as_ref().is_some_and(|i| i.is_killed())
    }

    pub(crate) fn name(&self) -> Option<Rc<str>> {
        self.name.borrow().clone()
    }

    pub(crate) fn set_name(&self, name: Option<Rc<str>>) {
        *self.name.borrow_mut() = name;
    }

    /// Calls `f` with the name unless it is being changed; for the overflow handler.
    pub(crate) fn peek_name(&self, f: impl FnOnce(Option<&str>)) {
        match self.name.try_borrow() {
            Ok(name) => f(name.as_deref()),
            Err(_) => f(None),
        }
    }

    /// Enters somebody who waits for its end.
    pub(crate) fn add_joiner(&self, waiter: Waiter) {
        match self.joiner.get() {
            None => self.joiner.set(Some(waiter)),
            Some(_) => self.joiners.borrow_mut().push(waiter),
        }
    }

    /// Removes somebody who no longer waits for its end.
    pub(crate) fn remove_joiner(&self, waiter: Waiter) {
        if self.joiner.get() == Some(waiter) {
            self.joiner.set(None);
        }
        self.joiners.borrow_mut().retain(|other| *other != waiter);
    }

    /// Takes out one who waits for its end, in the order they came.
    pub(crate) fn take_joiner(&self) -> Option<Waiter> {
        let first = self.joiner.take();
        if first.is_some() {
            return first;
        }
        let mut rest = self.joiners.borrow_mut();
        if rest.is_empty() { None } else { Some(rest.remove(0)) }
    }
}

/// "7" or "7 'name'", as reports say it.
impl fmt::Display for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => write!(f, "{} '{name}'", self.id),
            None => write!(f, "{}", self.id),
        }
    }
}

impl fmt::Debug for Header {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task")
            .field("id", &self.id)
            .field("name", &self.name())
            .field("state", &self.state.get())
            .finish_non_exhaustive()
    }
}
