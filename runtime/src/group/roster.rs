//! Who is in a group, who waits for its end, and how many places are left: a state machine that knows no hub.
//!
//! Whoever ends a member wakes what is returned. Waiting is `crew`'s.

use slab::Slab;

use crate::park::Unparker;
use crate::task::JoinError;
use crate::wait::WaitList;

/// The members of one group or pool. `M` is a member; `W` who waits: numbers, in tests.
pub(super) struct Roster<M, W = Unparker> {
    members: Slab<Member<M>>,
    /// How many members may hold a place; none: any number.
    size: Option<usize>,
    /// How many places are held.
    held: usize,
    /// Who waits for a place, first come first served; one that is granted holds it. Empty while a place is free.
    pub(super) places: WaitList<(), W>,
    /// Who waits until there is no member.
    pub(super) ends: WaitList<(), W>,
    /// Who waits for that or for the first error, which it is handed.
    pub(super) strict: WaitList<Option<JoinError>, W>,
    /// How many are killing: whoever enters meanwhile is killed as well.
    pub(super) killers: u32,
}

struct Member<M> {
    who: M,
    /// Whether it holds a place.
    placed: bool,
}

impl<M: Clone, W> Roster<M, W> {
    pub(super) const fn new(size: Option<usize>) -> Roster<M, W> {
        Roster {
            members: Slab::new(),
            size,
            held: 0,
            places: WaitList::new(),
            ends: WaitList::new(),
            strict: WaitList::new(),
            killers: 0,
        }
    }

    pub(super) fn len(&self) -> usize {
        self.members.len()
    }

    pub(super) fn members(&self) -> Vec<M> {
        self.members.iter().map(|(_, member)| member.who.clone()).collect()
    }

    pub(super) fn size(&self) -> Option<usize> {
        self.size
    }

    /// How many places are free.
    pub(super) fn free(&self) -> usize {
        self.size.map_or(usize::MAX, |size| size - self.held)
    }

    /// Takes a place, if one is free.
    pub(super) fn take_place(&mut self) -> bool {
        let free = self.free() > 0;
        self.held += usize::from(free);
        free
    }

    /// Gives a place to the first who waits for one and can be woken, or back: true when it is free now.
    pub(super) fn give_place(&mut self, mut wake: impl FnMut(W) -> bool) -> bool {
        while let Some((who, ())) = self.places.grant(|()| ()) {
            if wake(who) {
                return false;
            }
        }
        self.held -= 1;
        true
    }

    /// Enters a member, which holds a place that was taken, or none; its key.
    pub(super) fn enter(&mut self, who: M, placed: bool) -> usize {
        self.members.insert(Member { who, placed })
    }

    /// Notes that a member holds a place now; false when that is no member.
    pub(super) fn place(&mut self, key: usize) -> bool {
        let member = self.members.get_mut(key);
        member.map(|member| member.placed = true).is_some()
    }

    /// Takes a member out, and calls `wake` for whoever that is good for; true when a place is free now.
    pub(super) fn leave(&mut self, key: usize, mut wake: impl FnMut(W) -> bool) -> bool {
        let member = self.members.remove(key);
        let freed = member.placed && self.give_place(&mut wake);
        if self.members.is_empty() {
            while let Some((who, ())) = self.ends.grant(|()| ()) {
                wake(who);
            }
            while let Some((who, ())) = self.strict.grant(|_| ()) {
                wake(who);
            }
        }
        freed
    }

    /// Hands an error to all who wait for one.
    pub(super) fn fail(&mut self, error: &JoinError, mut wake: impl FnMut(W)) {
        while let Some((who, ())) = self.strict.grant(|slot| *slot = Some(error.clone())) {
            wake(who);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(size: usize) -> Roster<&'static str, u32> {
        Roster::new(Some(size))
    }

    fn note(woken: &mut Vec<u32>, who: u32) -> bool {
        woken.push(who);
        true
    }

    #[test]
    fn a_place_passes_by_who_was_leaked() {
        let mut roster = roster(1);
        assert!(roster.take_place());
        [1, 2].iter().for_each(|who| _ = roster.places.enter(*who, ()));
        assert!(!roster.give_place(|who| who == 2));
        assert_eq!(roster.free(), 0);
        roster.places.enter(3, ());
        assert!(roster.give_place(|_| false));
        assert_eq!(roster.free(), 1);
    }

    #[test]
    fn a_place_goes_to_the_first_in_line_and_nobody_overtakes() {
        let mut roster = roster(1);
        assert!(roster.take_place() && !roster.take_place());
        let key = roster.enter("a", true);
        let ticket = roster.places.enter(1, ());
        let mut woken = Vec::new();
        assert!(!roster.leave(key, |who| note(&mut woken, who)));
        assert_eq!((woken, roster.free()), (vec![1], 0), "it is granted, not free");
        assert!(!roster.take_place());
        roster.places.leave(ticket);
        assert!(roster.give_place(|_| true));
        assert_eq!(roster.free(), 1);
    }

    #[test]
    fn the_last_member_wakes_all_who_wait_for_the_end() {
        let mut roster = roster(2);
        let keys = ["a", "b"].map(|who| roster.enter(who, false));
        let ticket = roster.strict.enter(3, None);
        roster.ends.enter(1, ());
        roster.ends.enter(2, ());
        let mut woken = Vec::new();
        roster.leave(keys[0], |who| note(&mut woken, who));
        assert_eq!(woken, []);
        roster.leave(keys[1], |who| note(&mut woken, who));
        assert_eq!(woken, [1, 2, 3]);
        assert!(matches!(roster.strict.leave(ticket), (None, true)));
        assert_eq!((roster.len(), roster.free()), (0, 2), "who held no place frees none");
    }

    #[test]
    fn an_error_is_for_those_who_wait_for_one() {
        let mut roster = roster(2);
        let key = roster.enter("a", false);
        let (end, strict) = (roster.ends.enter(1, ()), roster.strict.enter(2, None));
        let mut woken = Vec::new();
        roster.fail(&JoinError::new("late"), |who| woken.push(who));
        roster.fail(&JoinError::new("later"), |who| woken.push(who));
        assert_eq!(woken, [2]);
        let (error, granted) = roster.strict.leave(strict);
        assert!(granted && error.unwrap().to_string() == "late");
        assert!(!roster.ends.is_granted(end));
        assert!(roster.place(key) && !roster.place(7));
    }

    #[test]
    fn without_a_size_there_is_always_a_place() {
        let mut roster: Roster<u32, u32> = Roster::new(None);
        assert!((0..100).all(|_| roster.take_place()));
        assert_eq!(roster.free(), usize::MAX);
        assert!(roster.give_place(|_| true));
        assert!(!Roster::<u32, u32>::new(Some(0)).take_place());
    }
}
