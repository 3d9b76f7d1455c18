//! A barrier, by tasks in any order, against a list of who has arrived.

mod model;

use std::cell::RefCell;
use std::collections::BTreeMap;

use model::{Limit, Scene, Subject, cases, limit, play, script};
use osier::sync::{Barrier, BrokenBarrier};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Wait(Limit),
    Abort,
    Reset,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        12 => limit().prop_map(Op::Wait),
        1 => Just(Op::Abort),
        4 => Just(Op::Reset),
    ]
}

type Outcome = Result<usize, BrokenBarrier>;

/// All go on together, or none.
struct Model {
    parties: usize,
    arrived: Vec<u32>,
    is_broken: bool,
    granted: BTreeMap<u32, Outcome>,
}

impl Model {
    /// Whether it goes on at once.
    fn arrive(&mut self, who: u32) -> bool {
        self.arrived.push(who);
        if self.is_broken {
            self.clear(false);
        } else if self.arrived.len() == self.parties {
            self.clear(true);
        }
        self.granted.contains_key(&who)
    }

    fn clear(&mut self, together: bool) {
        let outcome = |place| if together { Ok(place) } else { Err(BrokenBarrier) };
        let all = std::mem::take(&mut self.arrived).into_iter().enumerate();
        self.granted.extend(all.map(|(place, who)| (who, outcome(place))));
    }

    /// How it went on; who gives up before that breaks it for all.
    fn leave(&mut self, who: u32) -> Option<Outcome> {
        let outcome = self.granted.remove(&who);
        if outcome.is_none() {
            self.arrived.retain(|other| *other != who);
            self.abort();
        }
        outcome
    }

    fn abort(&mut self) {
        self.is_broken = true;
        self.clear(false);
    }

    fn reset(&mut self) {
        self.is_broken = false;
        self.clear(false);
    }
}

struct Gate {
    barrier: Barrier,
    model: RefCell<Model>,
}

impl Gate {
    fn new(parties: usize) -> Gate {
        let model = Model { parties, arrived: vec![], is_broken: false, granted: BTreeMap::new() };
        Gate { barrier: Barrier::new(parties), model: RefCell::new(model) }
    }

    fn wait(&self, scene: &Scene, me: usize, limit: Limit) {
        let id = scene.name();
        let at_once = self.model.borrow_mut().arrive(id);
        let op = |deadline| {
            let outcome = match deadline {
                None => self.barrier.wait(),
                Some(at) => self.barrier.wait_deadline(at),
            };
            // Whether its own time is up or another's the error does not say.
            let gave_up = outcome.is_err() && !self.model.borrow().granted.contains_key(&id);
            (!gave_up).then_some(outcome)
        };
        let leave = || self.model.borrow_mut().leave(id);
        if let Some((outcome, right)) = scene.wait((me, limit, at_once), op, leave) {
            scene.check(outcome == right, || format!("{outcome:?}, not {right:?}"));
        }
    }

    fn compare(&self, scene: &Scene) {
        let model = self.model.borrow();
        let found = (self.barrier.waiting(), self.barrier.is_broken());
        let right = (model.arrived.len(), model.is_broken);
        scene.check(found == right, || format!("{found:?}, not {right:?}"));
    }
}

impl Subject for Gate {
    type Op = Op;
    type Held<'a> = ();

    fn perform(&self, scene: &Scene, me: usize, op: &Op, (): &mut ()) {
        match *op {
            Op::Wait(limit) => self.wait(scene, me, limit),
            Op::Abort => {
                self.barrier.abort();
                self.model.borrow_mut().abort();
            }
            Op::Reset => {
                self.barrier.reset();
                self.model.borrow_mut().reset();
            }
        }
        self.compare(scene);
    }

    fn rest(&self, scene: &Scene) {
        self.compare(scene);
        let model = self.model.borrow();
        scene.check(model.granted.is_empty(), || format!("not woken: {:?}", model.granted));
    }

    fn end(&self, scene: &Scene) {
        scene.check_nobody_waits(&self.barrier);
    }

    fn free(&self, _: &Scene) -> bool {
        self.barrier.reset();
        self.model.borrow_mut().reset();
        true
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn all_go_on_together_or_none(script in script(op()), parties in 1..5_usize) {
        play(&script, || Gate::new(parties))?;
    }
}
