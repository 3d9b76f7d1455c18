//! How many permits are free and who wants some: a state machine that knows no hub.
//!
//! First come, first served, whatever each asks for: one that wants many is not overtaken by those who want few. So whoever
//! leaves the line may make room for those behind it, and [`Permits::next`] is asked after that as after a release.

use crate::park::Unparker;
use crate::wait::WaitList;

/// Permits and the line for them.
pub(super) struct Permits<W = Unparker> {
    /// How many are free; `UNLIMITED`: as many as anybody wants.
    free: usize,
    /// How many may be free at most.
    bound: usize,
    pub(super) line: WaitList<Ask, W>,
}

/// What somebody in line asks for; then how many were free when it was served.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ask {
    /// How many it takes; 0: it waits until there is one, and leaves it.
    pub(super) want: usize,
    pub(super) free: usize,
}

impl Ask {
    pub(super) fn new(want: usize) -> Ask {
        Ask { want, free: 0 }
    }

    /// How many have to be free.
    fn needs(self) -> usize {
        self.want.max(1)
    }
}

pub(super) const UNLIMITED: usize = usize::MAX;

/// The largest number that is one.
pub(super) const MOST: usize = usize::MAX - 1;

impl<W> Permits<W> {
    pub(super) const fn new(free: usize, bound: usize) -> Permits<W> {
        Permits { free, bound, line: WaitList::new() }
    }

    /// Takes as many as are wanted, if nobody stands before; how many were free.
    #[inline]
    pub(super) fn try_take(&mut self, want: usize) -> Option<usize> {
        let free = self.free;
        if !self.line.is_empty() || free < want.max(1) {
            return None;
        }
        self.take(want);
        Some(free)
    }

    #[inline]
    fn take(&mut self, want: usize) {
        if self.free != UNLIMITED {
            self.free -= want;
        }
    }

    /// Adds so many; false if they would be beyond the bound.
    #[inline]
    pub(super) fn add(&mut self, more: usize) -> bool {
        let sum = match self.free {
            UNLIMITED => Some(UNLIMITED),
            free => free.checked_add(more).filter(|sum| *sum <= self.bound),
        };
        self.free = sum.unwrap_or(self.free);
        sum.is_some()
    }

    /// Serves the first in line, who is to be woken, if there is enough for it; and how many it got.
    #[inline]
    pub(super) fn next(&mut self) -> Option<(W, usize)> {
        let ask = *self.line.first()?;
        if self.free < ask.needs() {
            return None;
        }
        let free = self.free;
        self.take(ask.want);
        self.line.grant(|ask| ask.free = free).map(|(who, ())| (who, ask.want))
    }

    /// Takes back what somebody got who will never use it.
    pub(super) fn take_back(&mut self, got: usize) {
        if self.free != UNLIMITED {
            self.free += got;
        }
    }

    /// How many are free. With somebody in line, they are too few for the first.
    pub(super) fn free(&self) -> usize {
        self.free
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
        Take(usize),
        TryTake(usize),
        Release(usize),
        /// Of those in line, by index.
        GiveUp(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..4_usize).prop_map(Step::Take),
            1 => (0..4_usize).prop_map(Step::TryTake),
            3 => (0..4_usize).prop_map(Step::Release),
            1 => any::<prop::sample::Index>().prop_map(Step::GiveUp),
        ]
    }

    /// As one would describe it: a number, and a list of numbers.
    #[derive(Default)]
    struct Model {
        free: usize,
        line: VecDeque<(usize, usize)>, // who wants how many
        served: Vec<usize>,
    }

    impl Model {
        fn serve(&mut self) {
            while let Some(&(who, want)) = self.line.front()
                && self.free >= want.max(1)
            {
                self.free -= want;
                self.served.push(who);
                self.line.pop_front();
            }
        }
    }

    fn serve(permits: &mut Permits<usize>, served: &mut Vec<usize>) {
        while let Some((who, _)) = permits.next() {
            served.push(who);
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn permits_are_handed_out_in_order_and_counted(
            start in 0..3_usize,
            steps in prop::collection::vec(step(), 50..150),
        ) {
            let mut permits: Permits<usize> = Permits::new(start, MOST);
            let mut model = Model { free: start, ..Model::default() };
            let mut served = Vec::new();
            let mut tickets: Vec<(usize, Ticket)> = Vec::new();
            for (who, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Take(want) => {
                        if permits.try_take(want).is_some() {
                            served.push(who);
                        } else {
                            tickets.push((who, permits.line.enter(who, Ask::new(want))));
                        }
                        model.line.push_back((who, want));
                    }
                    Step::TryTake(want) => {
                        let can = model.line.is_empty() && model.free >= want.max(1);
                        prop_assert_eq!(permits.try_take(want), can.then_some(model.free));
                        model.free -= if can { want } else { 0 };
                    }
                    Step::Release(more) => {
                        prop_assert!(permits.add(more));
                        model.free += more;
                    }
                    Step::GiveUp(_) if model.line.is_empty() => {}
                    Step::GiveUp(i) => {
                        let (who, _) = model.line.remove(i.index(model.line.len())).unwrap();
                        let at = tickets.iter().position(|(other, _)| *other == who).unwrap();
                        prop_assert!(!permits.line.leave(tickets[at].1).1);
                    }
                }
                serve(&mut permits, &mut served);
                model.serve();
                prop_assert_eq!(&served, &model.served);
                prop_assert_eq!((permits.free(), permits.line.len()), (model.free, model.line.len()));
            }
        }
    }

    #[test]
    fn what_is_beyond_the_bound_is_not_added() {
        let mut permits: Permits<usize> = Permits::new(1, MOST);
        assert!(!permits.add(MOST) && permits.free() == 1);
        let mut permits: Permits<usize> = Permits::new(1, 2);
        assert!(permits.add(1) && !permits.add(1) && permits.free() == 2);
        let mut permits: Permits<usize> = Permits::new(UNLIMITED, MOST);
        assert!(permits.add(7) && permits.free() == UNLIMITED);
        assert!(permits.try_take(1000).is_some() && permits.free() == UNLIMITED);
    }
}
