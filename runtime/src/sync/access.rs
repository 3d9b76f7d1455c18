//! Who reads, who writes, who is next: a state machine that knows no hub.
//!
//! First come, first served: a reader that comes while somebody waits waits as well, or a stream of readers would keep
//! writers out for ever. Readers that stand next to each other in line are let in together.

use std::cell::RefCell;
use std::rc::Rc;

use slab::Slab;

use crate::park::Unparker;
use crate::task::TaskId;
use crate::wait::WaitList;

/// Several readers, or one writer.
pub(super) struct Access<W = Unparker> {
    /// Whether the one in `holders` writes.
    writes: bool,
    /// Who is in, each with its key; none: code outside of any task. Reports read it, too.
    holders: Rc<RefCell<Slab<Option<TaskId>>>>,
    pub(super) line: WaitList<Ask, W>,
}

/// What somebody in line asks for; then the key that it got.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ask {
    pub(super) who: Option<TaskId>,
    pub(super) writes: bool,
    pub(super) key: usize,
}

impl<W> Access<W> {
    pub(super) fn new() -> Access<W> {
        Access { writes: false, holders: Rc::default(), line: WaitList::new() }
    }

    /// Lets one in, if nobody stands before; its key.
    pub(super) fn try_enter(&mut self, who: Option<TaskId>, writes: bool) -> Option<usize> {
        (self.line.is_empty() && self.is_open(writes)).then(|| self.enter(who, writes))
    }

    fn is_open(&self, writes: bool) -> bool {
        self.holders.borrow().is_empty() || !(self.writes || writes)
    }

    fn enter(&mut self, who: Option<TaskId>, writes: bool) -> usize {
        self.writes = writes;
        self.holders.borrow_mut().insert(who)
    }

    /// Lets the holder of that key out. `next` is asked then.
    pub(super) fn leave(&mut self, key: usize) {
        self.holders.borrow_mut().remove(key);
        self.writes = false;
    }

    /// Lets the first in line in, who is to be woken, if that can be; and its key.
    pub(super) fn next(&mut self) -> Option<(W, usize)> {
        let Ask { who, writes, .. } = *self.line.first()?;
        if !self.is_open(writes) {
            return None;
        }
        let key = self.enter(who, writes);
        self.line.grant(|ask| ask.key = key).map(|(who, ())| (who, key))
    }

    /// Whether somebody is in, and whether that one writes.
    pub(super) fn state(&self) -> Option<bool> {
        (!self.holders.borrow().is_empty()).then_some(self.writes)
    }

    /// Whether this one is in.
    pub(super) fn is_in(&self, who: Option<TaskId>) -> bool {
        self.holders.borrow().iter().any(|(_, other)| *other == who)
    }

    pub(super) fn holders(&self) -> &Rc<RefCell<Slab<Option<TaskId>>>> {
        &self.holders
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::Ticket;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    #[derive(Clone, Debug)]
    enum Step {
        Enter(bool),
        TryEnter(bool),
        /// Of those who are in, by index.
        Leave(prop::sample::Index),
        /// Of those in line.
        GiveUp(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        let index = any::<prop::sample::Index>;
        prop_oneof![
            4 => any::<bool>().prop_map(Step::Enter),
            1 => any::<bool>().prop_map(Step::TryEnter),
            4 => index().prop_map(Step::Leave),
            1 => index().prop_map(Step::GiveUp),
        ]
    }

    /// Who is in and who waits: task, and whether it writes.
    #[derive(Default)]
    struct Model {
        inside: Vec<(u64, bool)>,
        line: VecDeque<(u64, bool)>,
    }

    impl Model {
        fn can(&self, writes: bool) -> bool {
            self.inside.iter().all(|(_, other)| !other && !writes)
        }

        fn serve(&mut self) {
            while let Some(&(who, writes)) = self.line.front()
                && self.can(writes)
            {
                self.inside.push((who, writes));
                self.line.pop_front();
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn one_writes_or_several_read_in_the_order_they_came(
            steps in prop::collection::vec(step(), 50..150),
        ) {
            let mut access: Access<u64> = Access::new();
            let mut model = Model::default();
            let mut inside: Vec<(u64, usize)> = Vec::new(); // and its key
            let mut tickets: Vec<(u64, Ticket)> = Vec::new();
            for (task, step) in (1..).zip(steps) {
                let id = Some(TaskId::new(1, task));
                match step {
                    Step::Enter(writes) => {
                        match access.try_enter(id, writes) {
                            Some(key) => inside.push((task, key)),
                            None => {
                                let ask = Ask { who: id, writes, key: usize::MAX };
                                tickets.push((task, access.line.enter(task, ask)));
                            }
                        }
                        model.line.push_back((task, writes));
                    }
                    Step::TryEnter(writes) => {
                        let can = model.line.is_empty() && model.can(writes);
                        let key = access.try_enter(id, writes);
                        prop_assert_eq!(key.is_some(), can);
                        inside.extend(key.map(|key| (task, key)));
                        model.inside.extend(key.map(|_| (task, writes)));
                    }
                    Step::Leave(i) if !inside.is_empty() => {
                        let (task, key) = inside.swap_remove(i.index(inside.len()));
                        access.leave(key);
                        model.inside.retain(|(other, _)| *other != task);
                    }
                    Step::GiveUp(i) if !tickets.is_empty() => {
                        let (task, ticket) = tickets.swap_remove(i.index(tickets.len()));
                        prop_assert!(!access.line.leave(ticket).1);
                        model.line.retain(|(other, _)| *other != task);
                    }
                    Step::Leave(_) | Step::GiveUp(_) => {}
                }
                while let Some((task, _)) = access.next() {
                    let at = tickets.iter().position(|(other, _)| *other == task).unwrap();
                    let (ask, granted) = access.line.leave(tickets.remove(at).1);
                    prop_assert!(granted);
                    inside.push((task, ask.key));
                }
                model.serve();
                let sorted = |mut tasks: Vec<u64>| { tasks.sort_unstable(); tasks };
                prop_assert_eq!(
                    sorted(inside.iter().map(|(task, _)| *task).collect()),
                    sorted(model.inside.iter().map(|(task, _)| *task).collect())
                );
                prop_assert_eq!(access.state(), model.inside.first().map(|(_, writes)| *writes));
                prop_assert!(access.line.iter().map(|(task, _)| *task)
                    .eq(model.line.iter().map(|(task, _)| *task)));
                prop_assert!(inside.iter().all(|(task, _)| access.is_in(Some(TaskId::new(1, *task)))));
            }
        }
    }
}
