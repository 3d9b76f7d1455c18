//! The FIFO of those who wait for another thread, each with what it asks for, then what it got.
//!
//! A pure structure. Whoever has something to give *grants* it to the first, who is then out of the
//! line but keeps its place until it comes for what it was granted. So what is granted belongs to somebody
//! at any time, and who gives up in that moment finds it.

use slab::Slab;

/// Waiting people (`W` wakes one) and their values, the first in line first.
#[derive(Debug)]
pub(super) struct Line<W, T> {
    slots: Slab<Place<W, T>>,
    /// The ends of the line; places that were granted are in no line.
    first: Option<usize>,
    last: Option<usize>,
    /// How many are in the line.
    len: usize,
    /// How many there have been: the next one's number.
    count: u64,
}

#[derive(Debug)]
struct Place<W, T> {
    /// None: it was granted.
    who: Option<W>,
    value: T,
    before: Option<usize>,
    behind: Option<usize>,
    /// Tells it from a later one in the same slot.
    number: u64,
}

/// Somebody's place.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Ticket {
    slot: usize,
    number: u64,
}

impl<W, T> Line<W, T> {
    pub(super) const fn new() -> Self {
        Line { slots: Slab::new(), first: None, last: None, len: 0, count: 0 }
    }

    /// Enters somebody behind all others.
    pub(super) fn enter(&mut self, who: W, value: T) -> Ticket {
        self.count += 1;
        let (number, before) = (self.count, self.last);
        let slot = self.slots.insert(Place { who: Some(who), value, before, behind: None, number });
        match before {
            Some(before) => self.slots[before].behind = Some(slot),
            None => self.first = Some(slot),
        }
        self.last = Some(slot);
        self.len += 1;
        Ticket { slot, number }
    }

    /// How many are in the line.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.first.is_none()
    }

    /// Takes the first out of the line and lets `give` change its value.
    pub(super) fn grant<R>(&mut self, give: impl FnOnce(&mut T) -> R) -> Option<(W, Ticket, R)> {
        let slot = self.first?;
        self.unlink(slot);
        let place = &mut self.slots[slot];
        let who = place.who.take().expect("who is in line has not been granted");
        let given = give(&mut place.value);
        Some((who, Ticket { slot, number: place.number }, given))
    }

    /// Gives its new waker to one that goes on waiting.
    pub(super) fn renew(&mut self, ticket: Ticket, who: W) {
        if let Some(old) = &mut self.slots[ticket.slot].who {
            *old = who;
        }
    }

    /// Whether it was granted.
    pub(super) fn is_granted(&self, ticket: Ticket) -> bool {
        self.slots[ticket.slot].who.is_none()
    }

    /// Takes one out, in line or granted; its value and whether it was granted.
    pub(super) fn leave(&mut self, ticket: Ticket) -> (T, bool) {
        let granted = self.is_granted(ticket);
        if !granted {
            self.unlink(ticket.slot);
        }
        (self.slots.remove(ticket.slot).value, granted)
    }

    /// Takes one out that was granted and will never come, if it has not come.
    pub(super) fn revoke(&mut self, ticket: Ticket) -> Option<T> {
        let place = self.slots.get(ticket.slot)?;
        (place.number == ticket.number).then(|| self.slots.remove(ticket.slot).value)
    }

    fn unlink(&mut self, slot: usize) {
        let (before, behind) = (self.slots[slot].before, self.slots[slot].behind);
        match before {
            Some(before) => self.slots[before].behind = behind,
            None => self.first = behind,
        }
        match behind {
            Some(behind) => self.slots[behind].before = before,
            None => self.last = before,
        }
        self.len -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn three() -> (Line<char, u32>, [Ticket; 3]) {
        let mut line = Line::new();
        let tickets = ['a', 'b', 'c'].map(|who| line.enter(who, 0));
        (line, tickets)
    }

    #[test]
    fn the_first_is_granted_first() {
        let (mut line, tickets) = three();
        let order: Vec<char> =
            std::iter::from_fn(|| line.grant(|v| *v += 1).map(|(who, ..)| who)).collect();
        assert_eq!(order, ['a', 'b', 'c']);
        assert!(line.is_empty());
        assert_eq!(tickets.map(|ticket| line.leave(ticket)), [(1, true); 3]);
    }

    #[test]
    fn who_leaves_from_anywhere_leaves_the_order_of_the_rest() {
        for out in 0..3 {
            let (mut line, tickets) = three();
            assert_eq!(line.leave(tickets[out]), (0, false));
            line.enter('d', 0);
            assert_eq!(line.len(), 3);
            let order: String =
                std::iter::from_fn(|| line.grant(|_| ()).map(|(who, ..)| who)).collect();
            assert_eq!(order, ["bcd", "acd", "abd"][out]);
        }
    }

    #[test]
    fn a_granted_one_stays_until_it_comes() {
        let (mut line, tickets) = three();
        line.grant(|value| *value = 7);
        line.renew(tickets[0], 'x');
        line.renew(tickets[1], 'y');
        assert_eq!(tickets.map(|ticket| line.is_granted(ticket)), [true, false, false]);
        assert_eq!(line.len(), 2);
        assert_eq!(line.leave(tickets[0]), (7, true));
        assert_eq!(line.grant(|_| ()).map(|(who, ..)| who), Some('y'));
    }

    #[test]
    fn a_grant_is_revoked_once_and_never_from_a_stranger() {
        let (mut line, tickets) = three();
        let (_, ticket, ()) = line.grant(|value| *value = 7).unwrap();
        assert_eq!(ticket, tickets[0]);
        assert_eq!(line.revoke(ticket), Some(7));
        assert_eq!(line.revoke(ticket), None);
        line.enter('d', 1); // in the same slot
        assert_eq!(line.revoke(ticket), None);
        assert_eq!(line.len(), 3);
    }
}
