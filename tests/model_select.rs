//! Selects over several queues, by tasks in any order, against lists that are searched from the front.
//!
//! Of several branches that can go on at once any is right; the others must leave no trace.

mod model;

use std::cell::{Cell, RefCell};
use std::time::Instant;

use model::{Branch, Exchange, Item, Limit, Order, Scene, Subject, cases, limit, play, script};
use osier::queue::{Channel, Queue};
use osier::select::{Get, Put, get, put, select, select_deadline, set_seed, try_select};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    /// Of which queues, and whether each is a put.
    Select(Vec<(usize, bool)>, Limit),
    Try(Vec<(usize, bool)>),
}

const QUEUES: usize = 3;

fn op() -> impl Strategy<Value = Op> {
    let branches = || prop::collection::vec((0..QUEUES, any::<bool>()), 1..5);
    prop_oneof![
        8 => (branches(), limit()).prop_map(|(branches, limit)| Op::Select(branches, limit)),
        1 => branches().prop_map(Op::Try),
    ]
}

/// Two that keep one and two items, and one that keeps none.
struct Market {
    kept: [Queue<Item>; 2],
    direct: Channel<Item>,
    model: RefCell<Exchange>,
    turn: Cell<usize>,
}

impl Market {
    fn new(seed: u64) -> Market {
        set_seed(seed);
        let orders = [(Order::Fifo, 1), (Order::Fifo, 2), (Order::Direct, 0)];
        Market {
            kept: [Queue::bounded(1), Queue::bounded(2)],
            direct: Channel::new(),
            model: RefCell::new(Exchange::new(&orders)),
            turn: Cell::new(0),
        }
    }

    fn branch(&self, branch: Branch) -> Box<dyn Ending + '_> {
        match branch {
            (at @ 0..=1, None) => Box::new(get(&self.kept[at])),
            (at @ 0..=1, Some(item)) => Box::new(put(&self.kept[at], item)),
            (_, None) => Box::new(get(&self.direct)),
            (_, Some(item)) => Box::new(put(&self.direct, item)),
        }
    }

    /// Which was done and what was got, by one of the forms of a select.
    fn exchange(&self, scene: &Scene, branches: &[Branch], form: Form) -> Option<Outcome> {
        let mut real: Vec<_> = branches.iter().map(|branch| self.branch(*branch)).collect();
        let mut inner: Vec<&mut dyn osier::select::Branch> =
            real.iter_mut().map(|branch| branch.branch()).collect();
        let which = match form {
            Form::Plain => Some(select(&mut inner)),
            Form::Try => try_select(&mut inner),
            Form::Deadline(at) => select_deadline(&mut inner, at),
        };
        drop(inner);
        let outcome = which.map(|which| (which, real[which].outcome()));
        for (at, branch) in real.into_iter().enumerate().filter(|(at, _)| Some(*at) != which) {
            let (left, right) = (branch.left(), branches[at].1);
            scene.check(left == right, || format!("not chosen, and has {left:?} of {right:?}"));
        }
        outcome
    }

    fn select(&self, scene: &Scene, me: usize, branches: &[Branch], limit: Limit) {
        let id = scene.name();
        let ready = self.model.borrow().ready(branches);
        let at_once = !ready.is_empty();
        if !at_once {
            self.model.borrow_mut().stand(id, branches.to_vec());
        }
        let chosen = Cell::new(None);
        let op = |deadline: Option<Instant>| {
            let form = deadline.map_or(Form::Plain, Form::Deadline);
            let outcome = self.exchange(scene, branches, form);
            chosen.set(outcome.map(|(which, _)| which));
            outcome
        };
        let leave = || match chosen.get().filter(|which| ready.contains(which)) {
            Some(which) if at_once => Some(self.model.borrow_mut().take(branches, which)),
            _ => self.model.borrow_mut().leave(id),
        };
        if let Some((outcome, right)) = scene.wait((me, limit, at_once), op, leave) {
            scene.check(outcome == right, || format!("{outcome:?}, not {right:?}"));
        }
    }

    fn try_select(&self, scene: &Scene, branches: &[Branch]) {
        let ready = self.model.borrow().ready(branches);
        match self.exchange(scene, branches, Form::Try) {
            None => _ = scene.check(ready.is_empty(), || format!("{ready:?} were ready")),
            Some((which, got)) => {
                let fits = || format!("{which} was chosen of {ready:?}");
                if scene.check(ready.contains(&which), fits) {
                    let right = self.model.borrow_mut().take(branches, which).1;
                    scene.check(got == right, || format!("got {got:?}, not {right:?}"));
                }
            }
        }
    }

    fn compare(&self, scene: &Scene) {
        let model = self.model.borrow();
        let right = [0, 1, 2].map(|at| model.len(at));
        let found = [self.kept[0].len(), self.kept[1].len(), self.direct.len()];
        scene.check(found == right, || format!("{found:?} items, not {right:?}"));
    }
}

type Outcome = (usize, Option<Item>);

enum Form {
    Plain,
    Try,
    Deadline(Instant),
}

/// A branch whose outcome can be told without knowing its kind.
trait Ending {
    fn branch(&mut self) -> &mut dyn osier::select::Branch;
    fn outcome(&mut self) -> Option<Item>;
    fn left(self: Box<Self>) -> Option<Item>;
}

impl<K: osier::queue::Kind<Item = Item>> Ending for Get<'_, K> {
    fn branch(&mut self) -> &mut dyn osier::select::Branch {
        self
    }

    fn outcome(&mut self) -> Option<Item> {
        Some(self.take().expect("it was done").expect("nobody shuts it down"))
    }

    fn left(mut self: Box<Self>) -> Option<Item> {
        self.take().map(|got| got.expect("nobody shuts it down"))
    }
}

impl<K: osier::queue::Kind<Item = Item>> Ending for Put<'_, K> {
    fn branch(&mut self) -> &mut dyn osier::select::Branch {
        self
    }

    fn outcome(&mut self) -> Option<Item> {
        self.take().expect("it was done").expect("nobody shuts it down");
        None
    }

    fn left(self: Box<Self>) -> Option<Item> {
        self.into_item()
    }
}

impl Subject for Market {
    type Op = Op;
    type Held<'a> = ();

    fn perform(&self, scene: &Scene, me: usize, op: &Op, (): &mut ()) {
        let (Op::Select(list, _) | Op::Try(list)) = op;
        let item = |puts: bool| puts.then(|| (0, scene.name()));
        let branches: Vec<Branch> = list.iter().map(|&(at, puts)| (at, item(puts))).collect();
        match *op {
            Op::Select(_, limit) => self.select(scene, me, &branches, limit),
            Op::Try(_) => self.try_select(scene, &branches),
        }
        self.compare(scene);
    }

    fn rest(&self, scene: &Scene) {
        self.compare(scene);
        let granted = &self.model.borrow().granted;
        scene.check(granted.is_empty(), || format!("not woken: {granted:?}"));
    }

    fn free(&self, scene: &Scene) -> bool {
        let turn = self.turn.replace(self.turn.get() + 1);
        let item = (turn / QUEUES).is_multiple_of(2).then(|| (0, scene.name()));
        self.try_select(scene, &[(turn % QUEUES, item)]);
        true
    }

    /// All that was put and not got is still there.
    fn end(&self, scene: &Scene) {
        scene.check_nobody_waits(&(&self.kept, &self.direct));
        (0..6).for_each(|n| self.try_select(scene, &[(n % QUEUES, None)]));
        self.compare(scene);
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn one_branch_is_done_and_the_others_are_as_if_never_tried(script in script(op())) {
        play(&script, || Market::new(script.seed))?;
    }
}
