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

use std::cell::Cell;
use std::fmt;
use std::mem;
use std::panic::Location;
use std::rc::Rc;

use super::cell::VTable;
use super::hook::Hooks;
use super::locals::Locals;
use super::{Annex, Interrupts, Loan, Payload, Reason, TaskId, Tracked, Waiter};
use crate::coroutine::Coroutine;

/// Where a task stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum State {
    /// It gave way and waits for its turn.
    Ready,
    /// Its wait is over and it waits for its turn.
    Woken,
    /// Spawned; it has no stack yet.
    New,
    /// It is the one that runs.
    Running,
    /// It waits to be woken.
    Parked,
    /// It has ended.
    Done,
}

/// How a wait ended.
///
/// ```
/// use osier::{Reason, Wake};
///
/// osier::run(|| {
///     let now = Some(osier::clock::now());
///     assert_eq!(osier::park(Reason::new("waiting"), now, || {}), Wake::TimedOut);
/// });
/// ```
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

/// Of a wait's number: it is beneath another wait, which has the same number without this.
const BENEATH: u32 = 1 << 31;
/// Of a wait's number: kills and time-outs do not end it.
const DEAF: u32 = 1 << 30;
/// Of a wait's number: what counts.
const NUMBERS: u32 = DEAF - 1;

/// The slot of a task that is not in the registry.
pub(crate) const NOWHERE: u32 = u32::MAX;

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
///
/// What a switch touches comes first, in one or two cache lines; then what a wait does.
#[repr(C)]
pub(crate) struct Header {
    /// Where it stands; written by `switch` and by the hub.
    pub(super) state: Cell<State>,
    /// Caches `interrupts.is_due()`, for the fast path.
    pub(crate) due: Cell<bool>,
    /// How many `no_switch` scopes it is in.
    pub(crate) pinned: Cell<u16>,
    /// How many `TaskRef`s there are.
    pub(super) refs: Cell<u32>,
    /// Its stack and, while suspended, where that ends.
    pub(super) coroutine: Coroutine,
    /// The number of the wait it is in, or of the next one.
    pub(crate) wait: Cell<u32>,
    /// Whether this wait was ended before it began.
    pub(crate) token: Cell<bool>,
    /// How the last wait ended; written by who ends it, valid in `Woken`.
    pub(crate) wake: Cell<Wake>,
    /// Whether `run` ends without waiting for it.
    pub(crate) daemon: Cell<bool>,
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
    /// Where the hub's registry has it, or `NOWHERE`.
    pub(crate) slot: Cell<u32>,
    /// Its number.
    pub(crate) id: TaskId,
    /// How to treat what comes after the header.
    pub(super) vtable: &'static VTable,
    /// The first who waits for its end; further ones are in `joiners`.
    pub(crate) joiner: Cell<Option<Waiter>>,
    /// What it waits for, valid while parked.
    pub(crate) reason: Cell<Reason>,
    /// Since when it waits: nanoseconds on the hub's clock, as of the hub's last look at it.
    pub(crate) since: Cell<u64>,
    /// What most tasks never have.
    extra: Cell<Option<Box<Extra>>>,
    /// What it borrows from, if it is scoped.
    pub(super) loan: Cell<Option<Rc<Loan>>>,
    /// Where it was spawned.
    pub(crate) site: &'static Location<'static>,
    /// The least stack it asks for, in KiB.
    stack_kib: u32,
    /// The number of the wait in which its stack was trimmed last.
    pub(crate) trimmed: Cell<u32>,
}

/// What most tasks never have, kept apart so that a task is small: half of its cost is its memory.
#[derive(Default)]
pub(super) struct Extra {
    /// Its name.
    name: Option<Rc<str>>,
    /// All but the first who wait for its end.
    joiners: Vec<Waiter>,
    /// Kills and time-outs in store.
    interrupts: Interrupts,
    /// What is noted of it while tracking is on.
    tracked: Option<Box<Tracked>>,
    /// What a layer above keeps with it.
    annex: Option<Rc<dyn Annex>>,
    /// What is to be done at its end.
    pub(super) hooks: Hooks,
    /// What it keeps for itself.
    pub(super) locals: Locals,
}

impl Extra {
    fn named(name: Rc<str>) -> Box<Extra> {
        Box::new(Extra { name: Some(name), ..Extra::default() })
    }
}

impl Header {
    #[inline(always)]
    pub(super) fn new(spec: Spec, vtable: &'static VTable) -> Header {
        Header {
            coroutine: Coroutine::new(),
            refs: Cell::new(1),
            wait: Cell::new(0),
            state: Cell::new(State::New),
            due: Cell::new(false),
            pinned: Cell::new(0),
            token: Cell::new(false),
            wake: Cell::new(Wake::Woken),
            daemon: Cell::new(spec.daemon),
            content: Cell::new(Content::Closure),
            failed: Cell::new(false),
            panicked: Cell::new(false),
            held: Cell::new(true),
            seen: Cell::new(false),
            slot: Cell::new(NOWHERE),
            id: spec.id,
            vtable,
            joiner: Cell::new(None),
            reason: Cell::new(Reason::new("parked")),
            since: Cell::new(0),
            extra: Cell::new(spec.name.map(Extra::named)),
            loan: Cell::new(None),
            site: spec.site,
            stack_kib: u32::try_from(spec.stack_size.div_ceil(1024)).unwrap_or(u32::MAX),
            trimmed: Cell::new(u32::MAX),
        }
    }

    /// The least stack it asks for, in bytes, rounded up to KiB.
    #[inline]
    pub(crate) fn stack_size(&self) -> usize {
        self.stack_kib as usize * 1024
    }

    /// Where it stands.
    #[inline]
    pub(crate) fn state(&self) -> State {
        self.state.get()
    }

    /// Whether it may not give way now: it is to unwind, or in a `no_switch`.
    #[inline]
    pub(crate) fn has_to_stay(&self) -> bool {
        // One test for both, as they lie side by side.
        (u32::from(self.pinned.get()) | u32::from(self.due.get()) << 16) != 0
    }

    pub(crate) fn is_done(&self) -> bool {
        self.state.get() == State::Done
    }

    /// The ticket of the wait it is in, or of its next one; good once it is in the registry, as
    /// `Hub::ticket` sees to.
    #[inline]
    pub(crate) fn waiter(&self) -> Waiter {
        Waiter { id: self.id, slot: self.slot.get(), wait: self.wait.get() }
    }

    /// Marks the present wait as over and forgets early wakes of it.
    #[inline]
    pub(crate) fn end_wait(&self) {
        self.token.set(false);
        self.wait.set(self.wait.get().wrapping_add(1) & NUMBERS);
    }

    /// Begins a wait beneath the present or next one, whose number and early wake stay as they are; `deaf`: kills and
    /// time-outs do not end it.
    pub(crate) fn descend(&self, deaf: bool) {
        self.wait.set(self.wait.get() | BENEATH | if deaf { DEAF } else { 0 });
    }

    /// Ends that.
    pub(crate) fn ascend(&self) {
        self.wait.set(self.wait.get() & NUMBERS);
    }

    /// Whether it is in a wait beneath another.
    pub(crate) fn is_beneath(&self) -> bool {
        self.wait.get() & BENEATH != 0
    }

    /// Whether nothing that is in store for it may end its wait.
    #[inline]
    pub(crate) fn is_deaf(&self) -> bool {
        self.wait.get() & DEAF != 0
    }

    /// Whether the wait of that number is above the one that it is in.
    pub(crate) fn is_above(&self, number: u32) -> bool {
        self.is_beneath() && self.wait.get() & NUMBERS == number
    }

    /// Keeps a wake of the wait above the one that it is in; false if the ticket is for neither.
    pub(crate) fn wake_above(&self, number: u32) -> bool {
        let is_it = self.is_above(number);
        if is_it {
            self.token.set(true);
        }
        is_it
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

    /// Works on what most tasks never have; `f` must not come back to it.
    pub(super) fn extra<R>(&self, f: impl FnOnce(&mut Extra) -> R) -> R {
        let mut extra = self.extra.take().unwrap_or_default();
        let result = f(&mut extra);
        self.extra.set(Some(extra));
        result
    }

    /// Works on what most tasks never have, if this one has it; `f` must not come back to it.
    pub(super) fn peek_extra<R>(&self, f: impl FnOnce(&mut Extra) -> R) -> Option<R> {
        let mut extra = self.extra.take()?;
        let result = f(&mut extra);
        self.extra.set(Some(extra));
        Some(result)
    }

    #[inline]
    pub(super) fn peek_annex(&self) -> Option<Rc<dyn Annex>> {
        self.peek_extra(|extra| extra.annex.clone())?
    }

    pub(super) fn put_annex(&self, annex: Rc<dyn Annex>) {
        self.extra(|extra| extra.annex = Some(annex));
    }

    /// Whether it has what most tasks never have.
    #[inline]
    pub(super) fn has_extra(&self) -> bool {
        let extra = self.extra.take();
        let has = extra.is_some();
        self.extra.set(extra);
        has
    }

    /// Works on the interrupts in store and brings `due` up to date.
    pub(crate) fn interrupts<R>(&self, f: impl FnOnce(&mut Interrupts) -> R) -> R {
        self.extra(|extra| {
            let result = f(&mut extra.interrupts);
            self.due.set(extra.interrupts.is_due());
            result
        })
    }

    /// Whether it has ended without a result.
    pub(crate) fn has_failed(&self) -> bool {
        self.failed.get()
    }

    /// Takes back a kill that was not delivered.
    pub(crate) fn take_kill(&self) -> Option<Payload> {
        self.peek_extra(|extra| {
            let payload = extra.interrupts.take_kill();
            self.due.set(extra.interrupts.is_due());
            payload
        })?
    }

    pub(crate) fn name(&self) -> Option<Rc<str>> {
        self.peek_extra(|extra| extra.name.clone())?
    }

    pub(crate) fn set_name(&self, name: Option<Rc<str>>) {
        let old = self.extra(|extra| mem::replace(&mut extra.name, name));
        drop(old);
    }

    /// Begins to take notes.
    pub(crate) fn track(&self, tracked: Tracked) {
        self.extra(|extra| extra.tracked = Some(Box::new(tracked)));
    }

    /// Works on the notes, if any are taken.
    pub(crate) fn with_tracked<R>(&self, f: impl FnOnce(&mut Tracked) -> R) -> Option<R> {
        self.peek_extra(|extra| extra.tracked.as_deref_mut().map(f))?
    }

    /// Calls `f` with the name unless it is being looked at; for the overflow handler.
    pub(crate) fn peek_name(&self, f: impl FnOnce(Option<&str>)) {
        let extra = self.extra.take();
        f(extra.as_ref().and_then(|extra| extra.name.as_deref()));
        self.extra.set(extra);
    }

    /// Enters somebody who waits for its end.
    pub(crate) fn add_joiner(&self, waiter: Waiter) {
        match self.joiner.get() {
            None => self.joiner.set(Some(waiter)),
            Some(_) => self.extra(|extra| extra.joiners.push(waiter)),
        }
    }

    /// Removes somebody who no longer waits for its end.
    pub(crate) fn remove_joiner(&self, waiter: Waiter) {
        self.extra(|Extra { joiners, .. }| {
            if self.joiner.get() == Some(waiter) {
                // The first place is empty only when all are.
                self.joiner.set((!joiners.is_empty()).then(|| joiners.remove(0)));
            } else {
                joiners.retain(|other| *other != waiter);
            }
        });
    }

    /// Takes out all who wait for its end, in the order they came.
    #[inline]
    pub(crate) fn take_joiners(&self, mut wake: impl FnMut(Waiter)) {
        let Some(first) = self.joiner.take() else { return };
        wake(first);
        let others = self.peek_extra(|extra| mem::take(&mut extra.joiners));
        others.into_iter().flatten().for_each(wake);
    }

    /// Looks at what it borrows from, if it is scoped.
    pub(super) fn with_loan<R>(&self, look: impl FnOnce(Option<&Rc<Loan>>) -> R) -> R {
        let loan = self.loan.take();
        let seen = look(loan.as_ref());
        self.loan.set(loan);
        seen
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

#[cfg(all(test, osier_jump))]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_small() {
        // What grows it costs each of a million tasks: put it into `Extra`.
        assert!(size_of::<Header>() <= 144, "{} bytes", size_of::<Header>());
    }
}
