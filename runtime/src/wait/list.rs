//! The line of those who wait for one thing: first come, first served.
//!
//! Here so that each primitive hands over in the same way. Whoever lets go of something grants it
//! to the first in line, and nobody who comes later can take it on the way: what was granted is
//! that waiter's own, woken or not. The structure itself knows neither hub nor clock ([`stand`] does);
//! what is asked for and when it can be had is its owner's business.

use std::cell::RefCell;
use std::fmt;
use std::time::Instant;

use slab::Slab;

use crate::park::{Unparker, park};
use crate::task::{Reason, Wake};

/// FIFO of waiting tasks, each with a value: what it asks for, then what it was handed.
///
/// Everything takes the same time however long the line is. `W` is who waits; numbers, in tests.
pub(crate) struct WaitList<T, W = Unparker> {
    /// All who have entered and not left; those who were granted something are not in line.
    entries: Slab<Entry<T, W>>,
    /// The two ends of the line, `NONE` when nobody is in it.
    first: u32,
    last: u32,
    /// How many are in line.
    len: u32,
    /// Counts entries, to tell a ticket from one of an earlier user of its place.
    count: u32,
}

/// A place in the line, or, once granted, beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ticket {
    at: u32,
    count: u32,
}

struct Entry<T, W> {
    who: W,
    value: T,
    /// Neighbours in line; `NONE` at the ends.
    before: u32,
    behind: u32,
    /// Whether it was taken out of the line.
    granted: bool,
    count: u32,
}

/// No place.
const NONE: u32 = u32::MAX;

impl<T, W> WaitList<T, W> {
    /// A line with nobody in it; takes no memory.
    pub(crate) const fn new() -> WaitList<T, W> {
        WaitList { entries: Slab::new(), first: NONE, last: NONE, len: 0, count: 0 }
    }

    /// Goes to the end of the line.
    pub(crate) fn enter(&mut self, who: W, value: T) -> Ticket {
        self.count = self.count.wrapping_add(1);
        let (count, before) = (self.count, self.last);
        let entry = Entry { who, value, before, behind: NONE, granted: false, count };
        let at = u32::try_from(self.entries.insert(entry)).expect("fewer than 4 billion wait");
        match before {
            NONE => self.first = at,
            before => self.entry(before).behind = at,
        }
        self.last = at;
        self.len += 1;
        Ticket { at, count }
    }

    /// What the first in line asks for.
    pub(crate) fn first(&self) -> Option<&T> {
        self.entries.get(self.first as usize).map(|entry| &entry.value)
    }

    /// Takes the first out of the line and lets `f` change its value.
    ///
    /// The caller wakes it, once what this stands in is borrowed no more.
    pub(crate) fn grant<R>(&mut self, f: impl FnOnce(&mut T) -> R) -> Option<(W, R)>
    where
        W: Clone,
    {
        let at = self.first;
        let entry = self.entries.get_mut(at as usize)?;
        entry.granted = true;
        let granted = (entry.who.clone(), f(&mut entry.value));
        self.unlink(at);
        Some(granted)
    }

    /// The same, and wakes it first: if that says that it will never run again its value stays.
    pub(crate) fn grant_if(
        &mut self,
        wake: impl FnOnce(&W) -> bool,
        f: impl FnOnce(&mut T),
    ) -> Option<bool> {
        let at = self.first;
        let entry = self.entries.get_mut(at as usize)?;
        entry.granted = true;
        let woken = wake(&entry.who);
        if woken {
            f(&mut entry.value);
        }
        self.unlink(at);
        Some(woken)
    }

    /// Takes this one out of the line, wherever it stands, as if it had been granted something.
    pub(crate) fn grant_to(&mut self, ticket: Ticket) {
        assert!(!self.is_granted(ticket), "one is granted something once");
        self.unlink(ticket.at);
        self.get_mut(ticket).granted = true;
    }

    /// Whether it was granted something.
    ///
    /// A wake without that is for something else: park again, with a new unparker (see [`renew`](Self::renew)).
    pub(crate) fn is_granted(&self, ticket: Ticket) -> bool {
        self.get(ticket).granted
    }

    /// Changes who is to be woken, in the same place.
    pub(crate) fn renew(&mut self, ticket: Ticket, who: W) {
        self.get_mut(ticket).who = who;
    }

    /// Puts one that was granted something back, as the first in line.
    pub(crate) fn return_to_front(&mut self, ticket: Ticket) {
        let first = self.first;
        let entry = self.get_mut(ticket);
        assert!(entry.granted, "only who has left the line comes back to it");
        (entry.granted, entry.before, entry.behind) = (false, NONE, first);
        match first {
            NONE => self.last = ticket.at,
            first => self.entry(first).before = ticket.at,
        }
        self.first = ticket.at;
        self.len += 1;
    }

    /// Takes it out, in line or granted: its value, and whether it was granted.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> (T, bool) {
        if !self.is_granted(ticket) {
            self.unlink(ticket.at);
        }
        let entry = self.entries.remove(ticket.at as usize);
        (entry.value, entry.granted)
    }

    /// Whether the ticket is one of somebody who has entered here and not left.
    pub(crate) fn holds(&self, ticket: Ticket) -> Option<&W> {
        let entry = self.entries.get(ticket.at as usize)?;
        (entry.count == ticket.count).then_some(&entry.who)
    }

    /// How many are in line.
    pub(crate) fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether nobody is in line.
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.first == NONE
    }

    /// Who is in line, and what each asks for, in order.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&W, &T)> {
        let mut at = self.first;
        std::iter::from_fn(move || {
            let entry = self.entries.get(at as usize)?;
            at = entry.behind;
            Some((&entry.who, &entry.value))
        })
    }

    fn unlink(&mut self, at: u32) {
        let Entry { before, behind, .. } = *self.entry(at);
        match before {
            NONE => self.first = behind,
            before => self.entry(before).behind = behind,
        }
        match behind {
            NONE => self.last = before,
            behind => self.entry(behind).before = before,
        }
        self.len -= 1;
    }

    fn entry(&mut self, at: u32) -> &mut Entry<T, W> {
        &mut self.entries[at as usize]
    }

    fn get(&self, ticket: Ticket) -> &Entry<T, W> {
        let entry = &self.entries[ticket.at as usize];
        assert!(entry.count == ticket.count, "a ticket is good until one leaves");
        entry
    }

    fn get_mut(&mut self, ticket: Ticket) -> &mut Entry<T, W> {
        let entry = &mut self.entries[ticket.at as usize];
        assert!(entry.count == ticket.count, "a ticket is good until one leaves");
        entry
    }
}

/// Who is in line, in order.
impl<T, W: fmt::Debug> fmt::Debug for WaitList<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(who, _)| who)).finish()
    }
}

/// Stands in line until it is granted something, and gives that; an error says how else it ended.
///
/// `line` finds the line in what it is kept with. On an error the waiter is out of the line, which may
/// make room for those behind it; then the caller [`deliver`](crate::deliver)s what it got. What was granted is never lost:
/// a kill or a time-out in the same turn comes after it.
///
/// The caller is in a task, and does not unwind: else there is nobody who could stand.
pub(crate) fn stand<S, T>(
    state: &RefCell<S>,
    line: impl Fn(&mut S) -> &mut WaitList<T>,
    value: T,
    reason: Reason,
    deadline: Option<Instant>,
) -> Result<T, Wake> {
    let ticket = line(&mut state.borrow_mut()).enter(Unparker::current(), value);
    loop {
        // As `undo`, so that it is out of the line also when `park` panics, inside of `no_switch`.
        let leave = || _ = line(&mut state.borrow_mut()).leave(ticket);
        match park(reason, deadline, leave) {
            Wake::Woken => {}
            other => return Err(other),
        }
        let mut state = state.borrow_mut();
        let line = line(&mut state);
        if line.is_granted(ticket) {
            return Ok(line.leave(ticket).0);
        }
        line.renew(ticket, Unparker::current());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::VecDeque;

    fn line() -> WaitList<u32, u32> {
        WaitList::new()
    }

    #[test]
    fn the_first_is_served_first() {
        let mut line = line();
        let tickets = [1, 2, 3].map(|who| line.enter(who, who * 10));
        assert_eq!(line.grant(|value| *value += 1), Some((1, ())));
        assert_eq!((line.len(), line.first()), (2, Some(&20)));
        assert!(line.is_granted(tickets[0]) && !line.is_granted(tickets[1]));
        assert_eq!(line.leave(tickets[0]), (11, true));
        assert_eq!(line.leave(tickets[2]), (30, false));
        assert_eq!(line.grant(|_| ()), Some((2, ())));
        assert_eq!((line.is_empty(), line.grant(|_| ())), (true, None));
    }

    #[test]
    fn one_that_comes_back_is_the_first() {
        let mut line = line();
        let tickets = [1, 2].map(|who| line.enter(who, 0));
        line.grant(|_| ());
        line.return_to_front(tickets[0]);
        assert_eq!(line.iter().map(|(who, _)| *who).collect::<Vec<_>>(), [1, 2]);
        line.grant(|_| ());
        line.grant(|_| ());
        line.return_to_front(tickets[1]);
        assert_eq!(line.iter().map(|(who, _)| *who).collect::<Vec<_>>(), [2]);
    }

    #[test]
    fn a_ticket_of_an_earlier_user_of_the_place_is_told() {
        let mut line = line();
        let old = line.enter(1, 0);
        line.leave(old);
        let new = line.enter(2, 0);
        assert_eq!((line.holds(old), line.holds(new)), (None, Some(&2)));
    }

    #[test]
    #[should_panic(expected = "a ticket is good until one leaves")]
    fn a_ticket_is_used_up_by_leaving() {
        let mut line = line();
        let old = line.enter(1, 0);
        line.leave(old);
        line.enter(2, 0);
        line.leave(old);
    }

    #[derive(Clone, Debug)]
    enum Step {
        Enter,
        Grant,
        /// Of those who have entered, by index.
        Leave(prop::sample::Index),
        GrantTo(prop::sample::Index),
        Renew(prop::sample::Index),
        ToFront(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        let index = any::<prop::sample::Index>;
        prop_oneof![
            4 => Just(Step::Enter),
            2 => Just(Step::Grant),
            2 => index().prop_map(Step::Leave),
            1 => index().prop_map(Step::GrantTo),
            1 => index().prop_map(Step::Renew),
            1 => index().prop_map(Step::ToFront),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn it_is_a_queue_that_can_be_left(steps in prop::collection::vec(step(), 0..100)) {
            let mut line = line();
            let mut all: Vec<(Ticket, u32)> = Vec::new(); // and the value, which is unique
            let mut queue: VecDeque<(u32, u32)> = VecDeque::new(); // who and value
            let mut names = 0..;
            let mut name = move || names.next().expect("numbers do not end");
            for step in steps {
                match step {
                    Step::Enter => {
                        let value = name();
                        all.push((line.enter(value, value), value));
                        queue.push_back((value, value));
                    }
                    Step::Grant => {
                        let granted = line.grant(|value| *value);
                        prop_assert_eq!(granted, queue.pop_front());
                    }
                    _ if all.is_empty() => {}
                    Step::Leave(i) => {
                        let (ticket, value) = all.swap_remove(i.index(all.len()));
                        let place = queue.iter().position(|(_, other)| *other == value);
                        prop_assert_eq!(line.leave(ticket), (value, place.is_none()));
                        place.map(|at| queue.remove(at));
                    }
                    Step::GrantTo(i) => {
                        let (ticket, value) = all[i.index(all.len())];
                        if !line.is_granted(ticket) {
                            line.grant_to(ticket);
                            queue.retain(|(_, other)| *other != value);
                        }
                    }
                    Step::Renew(i) => {
                        let (ticket, value) = all[i.index(all.len())];
                        let who = name();
                        line.renew(ticket, who);
                        queue.iter_mut().filter(|(_, v)| *v == value).for_each(|(w, _)| *w = who);
                        prop_assert_eq!(line.holds(ticket), Some(&who));
                    }
                    Step::ToFront(i) => {
                        let (ticket, value) = all[i.index(all.len())];
                        if line.is_granted(ticket) {
                            line.return_to_front(ticket);
                            queue.push_front((*line.holds(ticket).unwrap(), value));
                        }
                    }
                }
                prop_assert_eq!(line.len(), queue.len());
                prop_assert_eq!(line.is_empty(), queue.is_empty());
                prop_assert_eq!(line.first(), queue.front().map(|(_, value)| value));
                prop_assert!(line.iter().map(|(w, v)| (*w, *v)).eq(queue.iter().copied()));
            }
        }
    }
}
