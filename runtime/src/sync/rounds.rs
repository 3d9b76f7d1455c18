//! Who has arrived at a barrier, and whether it holds: a state machine that knows no hub.
//!
//! The last to arrive may have something to do before all go on (`Acting`). Who comes meanwhile belongs to the next
//! round and waits at the door. A round that was broken or reset stays so for all who were in it.

use crate::park::Unparker;
use crate::wait::WaitList;

/// The rounds of a barrier.
pub(super) struct Rounds<W = Unparker> {
    parties: usize,
    state: State,
    /// Counts rounds, for the last of one to know whether it is still that.
    round: u32,
    /// Who has arrived in this round, but for the last.
    pub(super) line: WaitList<Place, W>,
    /// Who came while the last of a round was acting.
    pub(super) door: WaitList<(), W>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    Open,
    Acting,
    Broken,
}

/// One who has arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Place {
    /// How many were there before.
    pub(super) index: usize,
    /// Whether it goes on because the round was broken.
    pub(super) is_broken: bool,
}

/// What one who comes is to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Arrival {
    /// Stand in line.
    Wait(Place),
    /// Stand at the door, then come again.
    AtTheDoor,
    /// Act for this round, then `end` it.
    Last(u32),
    /// Turn back: it is broken.
    Broken,
}

impl<W> Rounds<W> {
    pub(super) const fn new(parties: usize) -> Rounds<W> {
        let line = WaitList::new();
        Rounds { parties, state: State::Open, round: 0, line, door: WaitList::new() }
    }

    /// Somebody comes. One that may not wait comes only as the last.
    pub(super) fn arrive(&mut self) -> Arrival {
        let index = self.line.len();
        match self.state {
            State::Broken => Arrival::Broken,
            State::Acting => Arrival::AtTheDoor,
            State::Open if index + 1 < self.parties => {
                Arrival::Wait(Place { index, is_broken: false })
            }
            State::Open => {
                self.state = State::Acting;
                Arrival::Last(self.round)
            }
        }
    }

    /// The last of a round has acted; false if that round is broken. `next` is asked then.
    pub(super) fn end(&mut self, round: u32) -> bool {
        let holds = self.is_acting(round);
        if holds {
            self.begin();
        }
        holds
    }

    /// Whether all wait for the last of that round.
    pub(super) fn is_acting(&self, round: u32) -> bool {
        self.state == State::Acting && self.round == round
    }

    /// Breaks it. `break_next` is asked then.
    pub(super) fn break_up(&mut self) {
        self.state = State::Broken;
    }

    /// Makes it as good as new. `break_next` is asked then, as who was in it is told that it broke.
    pub(super) fn reset(&mut self) {
        self.begin();
    }

    fn begin(&mut self) {
        self.state = State::Open;
        self.round = self.round.wrapping_add(1);
    }

    /// The next who goes on, those at the door last.
    pub(super) fn next(&mut self, is_broken: bool) -> Option<W> {
        let arrived = self.line.grant(|place| place.is_broken = is_broken);
        arrived.or_else(|| self.door.grant(|()| ())).map(|(who, ())| who)
    }

    pub(super) fn is_broken(&self) -> bool {
        self.state == State::Broken
    }

    pub(super) fn parties(&self) -> usize {
        self.parties
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wait::Ticket;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[derive(Clone, Debug)]
    enum Step {
        /// By the task of that number, if it does not wait and does not act.
        Arrive(u64),
        /// By whoever acts.
        End,
        /// By the task of that number, if it waits.
        GiveUp(u64),
        Reset,
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            12 => (0..5_u64).prop_map(Step::Arrive),
            4 => Just(Step::End),
            1 => (0..5_u64).prop_map(Step::GiveUp),
            1 => Just(Step::Reset),
        ]
    }

    /// Where each task is, as one would describe it.
    #[derive(Default)]
    struct Model {
        arrived: Vec<u64>,
        door: Vec<u64>,
        acting: Option<u64>,
        /// One whose round was reset while it acted.
        stale: Vec<u64>,
        is_broken: bool,
        /// Who went on, and how.
        log: Vec<(u64, Option<usize>)>,
    }

    impl Model {
        /// All who wait go on; those at the door come again.
        fn clear(&mut self, broken: bool) {
            let ok = |i: usize| (!broken).then_some(i);
            self.log.extend(self.arrived.drain(..).enumerate().map(|(i, task)| (task, ok(i))));
            for task in std::mem::take(&mut self.door) {
                self.log.push((task, None));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..Default::default() })]

        #[test]
        fn all_go_on_together_or_none(
            parties in 1..4_usize,
            steps in prop::collection::vec(step(), 50..200),
        ) {
            let mut rounds: Rounds<u64> = Rounds::new(parties);
            let mut model = Model::default();
            let mut log: Vec<(u64, Option<usize>)> = Vec::new();
            let mut line: BTreeMap<u64, Ticket> = BTreeMap::new();
            let mut door: BTreeMap<u64, Ticket> = BTreeMap::new();
            let mut acting: Vec<(u64, u32)> = Vec::new();
            for step in steps {
                let mut cleared = None;
                match step {
                    Step::Arrive(task) => {
                        let is_busy = line.contains_key(&task) || door.contains_key(&task)
                            || acting.iter().any(|(other, _)| *other == task);
                        if is_busy { continue }
                        match rounds.arrive() {
                            Arrival::Wait(place) => {
                                prop_assert_eq!(place.index, model.arrived.len());
                                line.insert(task, rounds.line.enter(task, place));
                                model.arrived.push(task);
                                prop_assert!(model.arrived.len() < parties && !model.is_broken);
                            }
                            Arrival::AtTheDoor => {
                                door.insert(task, rounds.door.enter(task, ()));
                                model.door.push(task);
                                prop_assert!(model.acting.is_some());
                            }
                            Arrival::Last(round) => {
                                prop_assert_eq!(model.arrived.len() + 1, parties);
                                prop_assert_eq!(model.acting.replace(task), None);
                                acting.push((task, round));
                            }
                            Arrival::Broken => prop_assert!(model.is_broken),
                        }
                    }
                    Step::End if acting.is_empty() => {}
                    Step::End => {
                        let (task, round) = acting.remove(0);
                        let holds = rounds.end(round);
                        prop_assert_eq!(holds, model.acting == Some(task));
                        if holds {
                            cleared = Some(false);
                            model.acting = None;
                            model.clear(false);
                        }
                        model.stale.retain(|other| *other != task);
                    }
                    Step::GiveUp(task) => {
                        let left = line.remove(&task).map(|t| !rounds.line.leave(t).1)
                            .or(door.remove(&task).map(|t| !rounds.door.leave(t).1));
                        let Some(left) = left else { continue };
                        prop_assert!(left);
                        rounds.break_up();
                        cleared = Some(true);
                        model.arrived.retain(|other| *other != task);
                        model.door.retain(|other| *other != task);
                        model.stale.extend(model.acting.take());
                        model.is_broken = true;
                        model.clear(true);
                    }
                    Step::Reset => {
                        rounds.reset();
                        cleared = Some(true);
                        model.stale.extend(model.acting.take());
                        model.is_broken = false;
                        model.clear(true);
                    }
                }
                while let Some(task) = cleared.and_then(|broken| rounds.next(broken)) {
                    match line.remove(&task) {
                        Some(ticket) => {
                            let (place, granted) = rounds.line.leave(ticket);
                            prop_assert!(granted);
                            log.push((task, (!place.is_broken).then_some(place.index)));
                        }
                        None => {
                            rounds.door.leave(door.remove(&task).unwrap());
                            log.push((task, None));
                        }
                    }
                }
                prop_assert_eq!(&log, &model.log);
                prop_assert_eq!(rounds.is_broken(), model.is_broken);
                prop_assert_eq!(rounds.line.len(), model.arrived.len());
            }
        }
    }
}
