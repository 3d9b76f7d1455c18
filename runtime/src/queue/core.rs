//! The waiting of all queues and channels: standing in line, and what ends it.
//!
//! Who is served finds in its place what it was handed, and that it was served is decided at the hand-over: a kill
//! or a time-out that comes after it in the same turn does not undo it. Where a task may not wait, each
//! operation is its `try_` form: nothing here stops the OS thread.

use std::cell::{RefCell, RefMut};
use std::fmt;
use std::time::Instant;

use super::error::{GetError, PutError};
use super::kind::Kind;
use super::line::{Line, Place};
use super::state::{Refusal, State, UNBOUNDED};
use super::wait::Wait;
use crate::cancel::{deliver, no_switch};
use crate::park::{Unparker, park};
use crate::task::{Reason, Wake};
use crate::wait::{Waitable, Watcher, sealed};

const PEEKING: Reason = Reason::new("waiting to see an item of a queue");
const JOINING: Reason = Reason::new("waiting until all of a queue is done");

/// A queue with the waiting, as handles share it.
pub(crate) struct Core<K: Kind> {
    state: RefCell<State<K>>,
}

impl<K: Kind> Core<K> {
    /// The size that stands for no limit.
    pub(crate) const UNBOUNDED: usize = UNBOUNDED;

    pub(crate) fn new(items: K, maxsize: usize) -> Core<K> {
        Core { state: RefCell::new(State::new(items, maxsize)) }
    }

    /// What it holds. Borrowed while a comparison or a clone of an item runs, and never across a wait.
    #[inline(always)]
    pub(super) fn state(&self) -> RefMut<'_, State<K>> {
        self.state.try_borrow_mut().unwrap_or_else(|_| used_by_its_items())
    }

    #[inline]
    pub(crate) fn try_put(&self, item: K::Item) -> Result<(), PutError<K::Item>> {
        let mut item = Some(item);
        self.try_put_from(&mut item).map_err(|refusal| refused(refusal, item))
    }

    /// Takes the item only if it is put.
    #[inline(always)]
    fn try_put_from(&self, item: &mut Option<K::Item>) -> Result<(), Refusal> {
        match K::COMPARES {
            true => no_switch(|| self.state().put(item)),
            false => self.state().put(item),
        }
    }

    /// Puts what is in there, if there is room; none if it stays, as there is no room.
    #[inline]
    pub(crate) fn put_from(
        &self,
        item: &mut Option<K::Item>,
    ) -> Option<Result<(), PutError<K::Item>>> {
        match self.try_put_from(item) {
            Ok(()) => Some(Ok(())),
            Err(Refusal::Full) => None,
            Err(Refusal::ShutDown) => Some(Err(refused(Refusal::ShutDown, item.take()))),
        }
    }

    #[inline]
    pub(crate) fn put(
        &self,
        item: K::Item,
        deadline: Option<Instant>,
    ) -> Result<(), PutError<K::Item>> {
        let mut item = Some(item);
        match self.try_put_from(&mut item) {
            Ok(()) => Ok(()),
            Err(Refusal::Full) => self.wait_to_put(item, deadline),
            Err(refusal) => Err(refused(refusal, item)),
        }
    }

    #[inline(never)]
    fn wait_to_put(
        &self,
        item: Option<K::Item>,
        deadline: Option<Instant>,
    ) -> Result<(), PutError<K::Item>> {
        let Some(me) = Unparker::if_allowed() else { return Err(refused(Refusal::Full, item)) };
        let place = self.state().enter_putter(me, Wait::alone(item));
        let (wait, ended) = self.stand(|state| &mut state.putters, place, K::PUTTING, deadline);
        match ended {
            Ok(()) => wait.end_put(),
            Err(wake) => match (deliver(wake), wait.item) {
                (_, None) => Ok(()),
                (Wake::TimedOut, Some(item)) => Err(PutError::TimedOut(item)),
                (_, Some(item)) => Err(PutError::Full(item)),
            },
        }
    }

    #[inline(always)]
    pub(crate) fn try_get(&self) -> Result<K::Item, GetError> {
        match K::COMPARES {
            true => no_switch(|| self.state().try_get()),
            false => self.state().try_get(),
        }
    }

    #[inline]
    pub(crate) fn get(&self, deadline: Option<Instant>) -> Result<K::Item, GetError> {
        match self.try_get() {
            Err(GetError::Empty) => self.wait_to_get(deadline),
            result => result,
        }
    }

    #[inline(never)]
    fn wait_to_get(&self, deadline: Option<Instant>) -> Result<K::Item, GetError> {
        let Some(me) = Unparker::if_allowed() else { return Err(GetError::Empty) };
        let place = self.state().getters.enter(me, Wait::alone(None));
        // As `stand`, with less to carry out of the line: this is the hottest wait there is.
        loop {
            let mut left = false;
            let leave = || {
                left = true;
                self.state().getters.leave(place);
            };
            let wake = park(K::GETTING, deadline, leave);
            if left {
                return Err(cut_short(wake));
            }
            let mut state = self.state();
            if state.getters.is_granted(place) {
                return state.getters.leave(place).0.item.ok_or(GetError::ShutDown);
            }
            state.getters.renew(place, Unparker::current());
        }
    }

    /// Looks at the next item.
    pub(super) fn try_peek<R>(&self, look: impl FnOnce(&K::Item) -> R) -> Result<R, GetError> {
        no_switch(|| {
            let mut state = self.state();
            let is_shut = state.is_shut;
            match state.first() {
                Some(item) => Ok(look(item)),
                None if is_shut => Err(GetError::ShutDown),
                None => Err(GetError::Empty),
            }
        })
    }

    pub(super) fn peek<R>(
        &self,
        look: impl Fn(&K::Item) -> R,
        deadline: Option<Instant>,
    ) -> Result<R, GetError> {
        loop {
            let me = match (self.try_peek(&look), Unparker::if_allowed()) {
                (Err(GetError::Empty), Some(me)) => me,
                (result, _) => return result,
            };
            let place = self.state().peekers.enter(me, ());
            // Who gets may be quicker: then this one waits for the next.
            self.stand(|state| &mut state.peekers, place, PEEKING, deadline)
                .1
                .map_err(cut_short)?;
        }
    }

    /// Waits until all that was put is reported as done; whether it is.
    pub(super) fn join(&self, deadline: Option<Instant>) -> bool {
        let is_done = self.state().unfinished == 0;
        let Some(me) = Unparker::if_allowed().filter(|_| !is_done) else { return is_done };
        let place = self.state().joiners.enter(me, ());
        match self.stand(|state| &mut state.joiners, place, JOINING, deadline).1 {
            Ok(()) => true,
            Err(wake) => {
                deliver(wake);
                false
            }
        }
    }

    /// Waits until served, and gives the place up: what is in it, or how else the wait has ended.
    fn stand<V>(
        &self,
        line: impl Fn(&mut State<K>) -> &mut Line<V, Unparker>,
        place: Place,
        reason: Reason,
        deadline: Option<Instant>,
    ) -> (V, Result<(), Wake>) {
        loop {
            let mut left = None;
            // As `undo`, so that the place is given up even if `park` panics, inside of `no_switch`.
            let leave = || left = Some(line(&mut self.state()).leave(place));
            let wake = park(reason, deadline, leave);
            if let Some((value, served)) = left {
                return (value, if served { Ok(()) } else { Err(wake) });
            }
            let mut state = self.state();
            let line = line(&mut state);
            if line.is_granted(place) {
                return (line.leave(place).0, Ok(()));
            }
            line.renew(place, Unparker::current());
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.state().items.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        let state = self.state();
        state.items.len() >= state.maxsize
    }

    pub(crate) fn maxsize(&self) -> usize {
        self.state().maxsize
    }

    pub(super) fn set_maxsize(&self, maxsize: usize) {
        no_switch(|| {
            let mut state = self.state();
            state.maxsize = maxsize;
            state.admit();
        });
    }

    pub(crate) fn shut_down(&self) {
        self.state().shut_down();
    }

    /// Shuts down and drops what is left, with nothing borrowed.
    pub(crate) fn shut_down_now(&self) {
        let left = {
            let mut state = self.state();
            state.shut_down();
            state.clear()
        };
        drop(left);
    }

    /// Stands in line for an item as a branch of a select.
    pub(crate) fn enter_getter(&self, who: Unparker, wait: Wait<K::Item>) -> Place {
        self.state().getters.enter(who, wait)
    }

    /// Stands in line for room as a branch of a select.
    pub(crate) fn enter_putter(&self, who: Unparker, wait: Wait<K::Item>) -> Place {
        self.state().enter_putter(who, wait)
    }

    /// Leaves the line of those who wait for an item; what was handed over.
    pub(crate) fn leave_getter(&self, place: Place) -> Result<K::Item, GetError> {
        self.state().getters.leave(place).0.item.ok_or(GetError::ShutDown)
    }

    /// Leaves the line of those who wait for room; what is in the place, for [`Wait::end_put`].
    pub(crate) fn leave_putter(&self, place: Place) -> Wait<K::Item> {
        self.state().putters.leave(place).0
    }

    pub(crate) fn can_get(&self) -> bool {
        self.state().can_get()
    }

    pub(crate) fn can_put(&self) -> bool {
        self.state().can_put()
    }
}

impl<K: Kind> sealed::Sealed for Core<K> {}

impl<K: Kind> Waitable for Core<K> {
    fn is_ready(&self) -> bool {
        self.can_get()
    }

    fn watch(&self, watcher: Watcher) {
        let mut state = self.state();
        let ready = state.can_get();
        state.watchers.watch(watcher, ready);
    }

    fn unwatch(&self, watcher: &Watcher) {
        let mut state = self.state();
        let ready = state.can_get();
        state.watchers.unwatch(watcher, ready);
    }
}

/// How many, who waits, and what else there is to know.
impl<K: Kind> fmt::Debug for Core<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut out = f.debug_struct(K::NAME);
        let Ok(state) = self.state.try_borrow() else { return out.finish_non_exhaustive() };
        out.field("len", &state.items.len());
        if state.maxsize != UNBOUNDED {
            out.field("maxsize", &state.maxsize);
        }
        if K::COUNTED {
            out.field("unfinished", &state.unfinished).field("joiners", &state.joiners);
        }
        out.field("getters", &state.getters).field("putters", &state.putters);
        out.field("peekers", &state.peekers).field("watchers", &state.watchers);
        out.field("is_shut_down", &state.is_shut).finish()
    }
}

fn cut_short(wake: Wake) -> GetError {
    match deliver(wake) {
        Wake::TimedOut => GetError::TimedOut,
        // It was asked whether this task may wait; nothing else ends one.
        Wake::Woken | Wake::Killed | Wake::Refused => GetError::Empty,
    }
}

fn refused<T>(refusal: Refusal, item: Option<T>) -> PutError<T> {
    let item = item.expect("what is refused stays");
    match refusal {
        Refusal::Full => PutError::Full(item),
        Refusal::ShutDown => PutError::ShutDown(item),
    }
}

#[cold]
#[track_caller]
fn used_by_its_items() -> ! {
    panic!("a queue was used by the comparison or the clone of its own items: do that elsewhere")
}
