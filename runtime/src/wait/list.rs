//! The line of those who wait for one thing: first come, first served.
//!
//! Here so that each primitive hands over in the same way. Whoever lets go of something grants it
//! to the first in line, and nobody who comes later can take it on the way: what was granted is
//! that waiter's own, woken or not, and whoever gives up in that moment finds it in its place. A pure
//! structure: it knows neither hub nor clock nor thread. What is asked for and when it can be had is its
//! owner's business.

use std::fmt;

use slab::Slab;

/// FIFO of those who wait, each with a value: what it asks for, then what it was handed.
///
/// Everything takes the same time however long the line is. `W` wakes one who waits; numbers, in tests.
pub(crate) struct WaitList<T, W> {
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
    /// None: it was granted something, and is out of the line.
    who: Option<W>,
    value: T,
    /// Neighbours in line; `NONE` at the ends.
    before: u32,
    behind: u32,
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
        let entry = Entry { who: Some(who), value, before, behind: NONE, count };
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
    pub(crate) fn grant<R>(&mut self, f: impl FnOnce(&mut T) -> R) -> Option<(W, R)> {
        self.grant_place(f).map(|(who, _, given)| (who, given))
    }

    /// The same, and tells the place, for [`revoke`](Self::revoke).
    pub(crate) fn grant_place<R>(&mut self, f: impl FnOnce(&mut T) -> R) -> Option<(W, Ticket, R)> {
        let at = self.first;
        let entry = self.entries.get_mut(at as usize)?;
        let who = entry.who.take()?;
        let granted = (who, Ticket { at, count: entry.count }, f(&mut entry.value));
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
        let woken = wake(&entry.who.take()?);
        if woken {
            f(&mut entry.value);
        }
        self.unlink(at);
        Some(woken)
    }

    /// Takes this one out of the line, wherever it stands, as if it had been granted something.
    pub(crate) fn grant_to(&mut self, ticket: Ticket) {
        let who = self.get_mut(ticket).who.take();
        assert!(who.is_some(), "one is granted something once");
        self.unlink(ticket.at);
    }

    /// Whether it was granted something.
    ///
    /// A wake without that is for something else: park again, with a new unparker (see [`renew`](Self::renew)).
    pub(crate) fn is_granted(&self, ticket: Ticket) -> bool {
        self.get(ticket).who.is_none()
    }

    /// Changes who is to be woken, in the same place; nothing if it was granted something.
    pub(crate) fn renew(&mut self, ticket: Ticket, who: W) {
        if let Some(old) = &mut self.get_mut(ticket).who {
            *old = who;
        }
    }

    /// Puts one that was granted something back, as the first in line.
    pub(crate) fn return_to_front(&mut self, ticket: Ticket, who: W) {
        let first = self.first;
        let entry = self.get_mut(ticket);
        assert!(entry.who.is_none(), "only who has left the line comes back to it");
        (entry.who, entry.before, entry.behind) = (Some(who), NONE, first);
        match first {
            NONE => self.last = ticket.at,
            first => self.entry(first).before = ticket.at,
        }
        self.first = ticket.at;
        self.len += 1;
    }

    /// Takes it out, in line or granted: its value, and whether it was granted.
    pub(crate) fn leave(&mut self, ticket: Ticket) -> (T, bool) {
        let granted = self.is_granted(ticket);
        if !granted {
            self.unlink(ticket.at);
        }
        (self.entries.remove(ticket.at as usize).value, granted)
    }

    /// Takes one out that was granted something and will never come, if it has not come.
    pub(crate) fn revoke(&mut self, ticket: Ticket) -> Option<T> {
        self.holds(ticket)?;
        Some(self.leave(ticket).0)
    }

    /// The value of somebody who has entered here with that ticket and not left.
    pub(crate) fn holds(&self, ticket: Ticket) -> Option<&T> {
        let entry = self.entries.get(ticket.at as usize)?;
        (entry.count == ticket.count).then_some(&entry.value)
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
            Some((entry.who.as_ref()?, &entry.value))
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
