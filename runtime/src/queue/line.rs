//! A line of a queue: a `WaitList` with a seat in front.
//!
//! Mostly one waits, and a place in a slab with links to its neighbours costs several times what it takes to write down that
//! one. So whoever comes to an empty line has the seat, and the others stand behind it.

use std::fmt;

use crate::park::Unparker;
use crate::wait::{Ticket, WaitList};

/// How one who waits is told.
pub(super) trait Wake {
    /// Tells it; false if it will never run again.
    fn wake(&self) -> bool;

    /// Whether it could be told.
    fn is_live(&self) -> bool;
}

impl Wake for Unparker {
    #[inline]
    fn wake(&self) -> bool {
        self.hit()
    }

    fn is_live(&self) -> bool {
        Unparker::is_live(self)
    }
}

/// First come, first served; as `WaitList`, and faster while there is one.
pub(super) struct Line<T, W> {
    /// Who came when nobody was there; until he leaves.
    seat: Option<Seat<T, W>>,
    /// All others. They came after the one in the seat, if that one still waits.
    rest: WaitList<T, W>,
}

struct Seat<T, W> {
    who: W,
    value: T,
    /// Whether it is in line no more.
    granted: bool,
}

/// A place in a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Place(Option<Ticket>);

impl<T, W> Line<T, W> {
    pub(super) const fn new() -> Line<T, W> {
        Line { seat: None, rest: WaitList::new() }
    }

    /// Whether nobody is in line.
    #[inline(always)]
    pub(super) fn is_empty(&self) -> bool {
        self.seated().is_none() && self.rest.is_empty()
    }

    #[inline]
    fn seated(&self) -> Option<&Seat<T, W>> {
        self.seat.as_ref().filter(|seat| !seat.granted)
    }

    /// Goes to the end of the line.
    #[inline(always)]
    pub(super) fn enter(&mut self, who: W, value: T) -> Place {
        if self.seat.is_none() && self.rest.is_empty() {
            self.seat = Some(Seat { who, value, granted: false });
            return Place(None);
        }
        self.enter_rest(who, value)
    }

    #[cold]
    fn enter_rest(&mut self, who: W, value: T) -> Place {
        Place(Some(self.rest.enter(who, value)))
    }

    /// What is in the first place.
    #[inline(always)]
    pub(super) fn first(&self) -> Option<&T> {
        self.seated().map(|seat| &seat.value).or_else(|| self.rest.first())
    }

    /// Takes the first out of the line, wakes it, and lets `f` change its value; whether there was one that
    /// could be woken.
    #[inline(always)]
    pub(super) fn serve(&mut self, mut f: impl FnMut(&mut T)) -> bool
    where
        W: Wake,
    {
        match &mut self.seat {
            Some(seat) if !seat.granted => {
                seat.granted = true;
                let woken = seat.who.wake();
                if woken {
                    f(&mut seat.value);
                }
                woken
            }
            _ => self.rest.grant_if(Wake::wake, f).is_some_and(|woken| woken),
        }
    }

    /// Whether the first could be woken.
    pub(super) fn is_first_live(&self) -> bool
    where
        W: Wake,
    {
        let first = self.seated().map(|seat| &seat.who);
        first.or_else(|| self.rest.iter().next().map(|(who, _)| who)).is_some_and(Wake::is_live)
    }

    /// Takes the first out of the line without a word.
    pub(super) fn pass_by(&mut self) {
        match &mut self.seat {
            Some(seat) if !seat.granted => seat.granted = true,
            _ => _ = self.rest.grant(|_| ()),
        }
    }

    /// Whether it was taken out of the line.
    #[inline(always)]
    pub(super) fn is_granted(&self, place: Place) -> bool {
        match (place, &self.seat) {
            (Place(Some(ticket)), _) => self.rest.is_granted(ticket),
            (Place(None), seat) => seat.as_ref().is_some_and(|seat| seat.granted),
        }
    }

    /// Changes who is to be woken, in the same place.
    pub(super) fn renew(&mut self, place: Place, who: W) {
        match (place, &mut self.seat) {
            (Place(Some(ticket)), _) => self.rest.renew(ticket, who),
            (Place(None), Some(seat)) => seat.who = who,
            (Place(None), None) => unreachable!("{}", LEFT),
        }
    }

    /// Gives the place up: what was in it, and whether it was granted something.
    #[inline(always)]
    pub(super) fn leave(&mut self, place: Place) -> (T, bool) {
        match place.0 {
            Some(ticket) => self.rest.leave(ticket),
            None => self.seat.take().map(|seat| (seat.value, seat.granted)).expect(LEFT),
        }
    }
}

const LEFT: &str = "a place is good until one leaves";

/// Who is in line, in order.
impl<T, W: fmt::Debug> fmt::Debug for Line<T, W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seated = self.seated().map(|seat| &seat.who);
        f.debug_list()
            .entries(seated.into_iter().chain(self.rest.iter().map(|(who, _)| who)))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local!(static WOKEN: Cell<u32> = const { Cell::new(0) });

    impl Wake for u32 {
        fn wake(&self) -> bool {
            WOKEN.set(*self);
            self.is_live()
        }

        fn is_live(&self) -> bool {
            *self < 100 // those were leaked
        }
    }

    /// Whom it wakes.
    fn serve(line: &mut Line<u32, u32>, f: impl FnMut(&mut u32)) -> Option<u32> {
        line.serve(f).then(|| WOKEN.get())
    }

    fn waiting(line: &Line<u32, u32>) -> String {
        format!("{line:?}")
    }

    #[test]
    fn who_was_leaked_is_handed_nothing() {
        let mut line = Line::new();
        let places = [100, 101, 1].map(|who| line.enter(who, 0));
        let mut tries =
            [(); 4].map(|()| (line.is_first_live(), serve(&mut line, |value| *value = 7)));
        assert_eq!(tries, [(false, None), (false, None), (true, Some(1)), (false, None)]);
        assert_eq!(places.map(|place| line.leave(place)), [(0, true), (0, true), (7, true)]);
        tries[0].0 = line.is_empty();
        assert!(tries[0].0);
    }

    #[test]
    fn the_seat_is_for_who_finds_nobody() {
        let mut line = Line::new();
        let places = [1, 2, 3].map(|who| line.enter(who, who * 10));
        assert_eq!(waiting(&line), "[1, 2, 3]");
        assert_eq!(serve(&mut line, |value| *value += 1), Some(1));
        let late = line.enter(4, 40); // the first has been served, and has not left
        assert_eq!((line.leave(places[0]), waiting(&line)), ((11, true), "[2, 3, 4]".into()));
        let later = line.enter(5, 50);
        line.renew(places[1], 7);
        assert_eq!((line.first(), waiting(&line)), (Some(&20), "[7, 3, 4, 5]".into()));
        assert_eq!(line.leave(places[2]), (30, false));
        assert_eq!([(); 4].map(|()| serve(&mut line, |_| ())), [Some(7), Some(4), Some(5), None]);
        assert!(line.is_empty() && line.is_granted(places[1]) && line.is_granted(late));
        [places[1], late, later].into_iter().for_each(|place| _ = line.leave(place));
        assert_eq!((line.enter(8, 0), line.is_granted(Place(None))), (Place(None), false));
        line.renew(Place(None), 9);
        assert_eq!((serve(&mut line, |_| ()), line.is_granted(Place(None))), (Some(9), true));
    }
}
