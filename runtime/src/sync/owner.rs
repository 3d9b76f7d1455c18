//! Who owns a lock and who is next: a state machine that knows no hub.
//!
//! Free, held, or held and wanted; in the last case letting go makes the first in line the owner, there and then. What is held and
//! not wanted never looks at the line: that is what an uncontended lock costs.

use std::cell::{Cell, RefCell};

use crate::park::Unparker;
use crate::task::TaskId;
use crate::wait::WaitList;

/// One owner at a time. An owner is a task, or, as `None`, code outside of any.
pub(super) struct Owner<W = Unparker> {
    state: Cell<State>,
    /// Valid unless it is free.
    owner: Cell<Option<TaskId>>,
    /// Who wants it: somebody exactly while `Wanted`, but for the moment in which one leaves.
    pub(super) line: RefCell<WaitList<TaskId, W>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum State {
    Free,
    /// And nobody waits.
    Held,
    /// And the line is not empty.
    Wanted,
}

impl<W> Owner<W> {
    pub(super) const fn nobody() -> Owner<W> {
        let line = RefCell::new(WaitList::new());
        Owner { state: Cell::new(State::Free), owner: Cell::new(None), line }
    }

    /// Makes it this one's, if it is free.
    #[inline]
    pub(super) fn take(&self, me: Option<TaskId>) -> bool {
        let is_free = self.state.get() == State::Free;
        if is_free {
            self.state.set(State::Held);
            self.owner.set(me);
        }
        is_free
    }

    /// Lets go of it, unless somebody wants it: then `hand_over` does that.
    #[inline]
    pub(super) fn let_go(&self) -> bool {
        let is_held = self.state.get() == State::Held;
        if is_held {
            self.state.set(State::Free);
        }
        is_held
    }

    /// Makes the first in line the owner, who is to be woken; frees it if there is none.
    pub(super) fn hand_over(&self) -> Option<W> {
        let mut line = self.line.borrow_mut();
        let next = line.grant(|id| *id);
        let state = match (&next, line.is_empty()) {
            (None, _) => State::Free,
            (Some(_), true) => State::Held,
            (Some(_), false) => State::Wanted,
        };
        self.state.set(state);
        let (who, id) = next?;
        self.owner.set(Some(id));
        Some(who)
    }

    /// Notes that somebody is about to stand in line.
    pub(super) fn want(&self) {
        self.state.set(State::Wanted);
    }

    /// Notes that one who stood in line has left it; whether nobody wants it any more.
    pub(super) fn lose_interest(&self) -> bool {
        let is_over = self.line.borrow().is_empty();
        if is_over && self.state.get() == State::Wanted {
            self.state.set(State::Held);
        }
        is_over
    }

    #[inline]
    pub(super) fn state(&self) -> State {
        self.state.get()
    }

    /// The owner, unless it is free.
    #[inline]
    pub(super) fn owner(&self) -> Option<Option<TaskId>> {
        (self.state.get() != State::Free).then(|| self.owner.get())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    fn id(count: u64) -> TaskId {
        TaskId::new(1, count)
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        /// Four tasks, each step by one of them: take or wait, let go, or give up waiting.
        #[test]
        fn it_is_passed_on_in_the_order_of_the_line(
            steps in prop::collection::vec((1..=4_u64, any::<bool>()), 50..200),
        ) {
            let lock: Owner<u64> = Owner::nobody();
            let mut owner: Option<u64> = None;
            let mut waiting: VecDeque<u64> = VecDeque::new();
            let mut tickets = std::collections::HashMap::new();
            for (task, acts) in steps {
                if owner == Some(task) {
                    let free = lock.let_go();
                    prop_assert_eq!(free, waiting.is_empty());
                    owner = waiting.pop_front();
                    if !free {
                        prop_assert_eq!(lock.hand_over(), owner);
                        let ticket = tickets.remove(&owner.unwrap()).unwrap();
                        prop_assert!(lock.line.borrow_mut().leave(ticket).1);
                    }
                } else if let Some(at) = waiting.iter().position(|other| *other == task) {
                    if acts {
                        waiting.remove(at);
                        let ticket = tickets.remove(&task).unwrap();
                        prop_assert!(!lock.line.borrow_mut().leave(ticket).1);
                        prop_assert_eq!(lock.lose_interest(), waiting.is_empty());
                    }
                } else if lock.take(Some(id(task))) {
                    prop_assert_eq!(owner.replace(task), None);
                } else {
                    lock.want();
                    tickets.insert(task, lock.line.borrow_mut().enter(task, id(task)));
                    waiting.push_back(task);
                }
                prop_assert_eq!(lock.owner(), owner.map(|task| Some(id(task))));
                let state = match (owner, waiting.is_empty()) {
                    (None, _) => State::Free,
                    (_, true) => State::Held,
                    (_, false) => State::Wanted,
                };
                prop_assert_eq!(lock.state(), state);
            }
        }
    }

    #[test]
    fn one_that_is_wanted_by_nobody_any_more_becomes_free() {
        let lock: Owner<u64> = Owner::nobody();
        assert!(lock.take(None));
        lock.want(); // and then the wait did not begin
        assert!(!lock.let_go());
        assert_eq!((lock.hand_over(), lock.state()), (None, State::Free));
    }
}
