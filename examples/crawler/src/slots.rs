//! How many pages may be in flight, when the system has descriptors for fewer than one wants.
//!
//! As TCP does with its window: give way at once when there is no room, try one more from time to
//! time while there is. A try that fails costs nothing but the try.

/// When descriptors run out, so many fewer are used: looking up a name takes some, too.
const SPARE: usize = 4;

/// The number of pages that may be in flight.
#[derive(Debug, Clone, Copy)]
pub struct Slots {
    /// As many as the user wants.
    wanted: usize,
    /// As many as there are now: at least 1, at most `wanted`.
    now: usize,
    /// The fewest there ever were; `None` until descriptors run out.
    fewest: Option<usize>,
    /// Answers since `now` has changed.
    answers: usize,
}

impl Slots {
    /// Begins with as many as are wanted; there is one at least.
    pub fn new(wanted: usize) -> Self {
        let wanted = wanted.max(1);
        Slots { wanted, now: wanted, fewest: None, answers: 0 }
    }

    /// Whether one more page may join so many in flight.
    pub fn have_room(&self, in_flight: usize) -> bool {
        self.room(in_flight) > 0
    }

    /// How many more pages may join so many in flight.
    pub fn room(&self, in_flight: usize) -> usize {
        self.now.saturating_sub(in_flight)
    }

    /// Takes in that a page had its descriptor; as many as there are slots earn another slot.
    pub fn answered(&mut self) {
        self.answers += 1;
        if self.answers >= self.now && self.now < self.wanted {
            self.now += 1;
            self.answers = 0;
        }
    }

    /// Takes in that there was no descriptor for one more than so many in flight.
    pub fn ran_out(&mut self, in_flight: usize) {
        self.now = self.now.min(in_flight.saturating_sub(SPARE).max(1));
        self.fewest = Some(self.fewest.map_or(self.now, |fewest| fewest.min(self.now)));
        self.answers = 0;
    }

    /// The fewest there ever were; `None` if there were always enough.
    pub fn fewest(&self) -> Option<usize> {
        self.fewest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As many pages in flight as there is room for.
    fn room(slots: Slots) -> usize {
        (0..).find(|&in_flight| !slots.have_room(in_flight)).unwrap()
    }

    #[test]
    fn there_are_as_many_as_wanted() {
        let mut slots = Slots::new(64);
        (0..1000).for_each(|_| slots.answered());
        assert_eq!((room(slots), slots.fewest()), (64, None));
        assert_eq!(room(Slots::new(0)), 1);
    }

    #[test]
    fn they_give_way_at_once_and_come_back_one_by_one() {
        let mut slots = Slots::new(64);
        slots.ran_out(30);
        slots.ran_out(29);
        assert_eq!(room(slots), 25);
        (0..24).for_each(|_| slots.answered());
        assert_eq!(room(slots), 25);
        slots.answered();
        assert_eq!(room(slots), 26);
        (0..10_000).for_each(|_| slots.answered());
        assert_eq!((room(slots), slots.fewest()), (64, Some(25)));
    }

    #[test]
    fn one_is_left_at_the_least() {
        let mut slots = Slots::new(64);
        slots.ran_out(0);
        assert_eq!((room(slots), slots.fewest()), (1, Some(1)));
        let mut slots = Slots::new(1);
        slots.ran_out(0);
        assert_eq!((room(slots), slots.fewest()), (1, Some(1)));
    }
}
