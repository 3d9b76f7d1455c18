//! A queue of any kind, by tasks in any order, against lists that are searched from the front.

mod model;

use std::cell::{Cell, RefCell};

use model::{Exchange, Item, Limit, Order, Scene, Subject, cases, limit, play, script};
use osier::queue::{AnyQueue, Channel, GetError, Kind, LifoQueue, PriorityQueue, PutError, Queue};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    /// An item of this rank.
    Put(u8, Limit),
    Get(Limit),
    TryPut(u8),
    TryGet,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        5 => (0..4_u8, limit()).prop_map(|(rank, limit)| Op::Put(rank, limit)),
        5 => limit().prop_map(Op::Get),
        1 => (0..4_u8).prop_map(Op::TryPut),
        1 => Just(Op::TryGet),
    ]
}

struct Store<K: Kind> {
    queue: AnyQueue<K>,
    model: RefCell<Exchange>,
    /// Whether who is stuck is given an item next, or relieved of one.
    gives: Cell<bool>,
}

impl<K: Kind<Item = Item>> Store<K> {
    fn new(queue: AnyQueue<K>, order: Order, size: usize) -> Store<K> {
        let model = RefCell::new(Exchange::new(&[(order, size)]));
        Store { queue, model, gives: Cell::new(false) }
    }

    /// Puts the item, or gets one if it is none.
    fn exchange(&self, scene: &Scene, me: usize, item: Option<Item>, limit: Limit) {
        let id = scene.name();
        let branch = [(0, item)];
        let mut model = self.model.borrow_mut();
        let at_once = !model.ready(&branch).is_empty();
        let mut granted = at_once.then(|| model.take(&branch, 0));
        if !at_once {
            model.stand(id, branch.into());
        }
        drop(model);
        let op = |deadline| match (item, deadline) {
            (None, None) => got(self.queue.get()),
            (None, Some(at)) => got(self.queue.get_deadline(at)),
            (Some(item), None) => put(scene, item, self.queue.put(item)),
            (Some(item), Some(at)) => put(scene, item, self.queue.put_deadline(item, at)),
        };
        let leave = || granted.take().or_else(|| self.model.borrow_mut().leave(id));
        if let Some((got, (_, right))) = scene.wait((me, limit, at_once), op, leave) {
            scene.check(got == right, || format!("got {got:?}, not {right:?}"));
        }
    }

    fn try_exchange(&self, scene: &Scene, item: Option<Item>) {
        let branch = [(0, item)];
        let mut model = self.model.borrow_mut();
        let right = (!model.ready(&branch).is_empty()).then(|| model.take(&branch, 0).1);
        let found = match item {
            None => got(self.queue.try_get()),
            Some(item) => put(scene, item, self.queue.try_put(item)),
        };
        scene.check(found == right, || format!("got {found:?}, not {right:?}"));
    }

    fn compare(&self, scene: &Scene) {
        let (found, right) = (self.queue.len(), self.model.borrow().len(0));
        scene.check(found == right, || format!("{found} items, not {right}"));
    }
}

fn got(outcome: Result<Item, GetError>) -> Option<Option<Item>> {
    match outcome {
        Ok(item) => Some(Some(item)),
        Err(GetError::Empty | GetError::TimedOut) => None,
        Err(GetError::ShutDown) => panic!("nobody shuts it down"),
    }
}

/// An item that was not put comes back.
fn put(scene: &Scene, item: Item, outcome: Result<(), PutError<Item>>) -> Option<Option<Item>> {
    let error = match outcome {
        Ok(()) => return Some(None),
        Err(error) => error,
    };
    scene.check(!error.is_shut_down(), || "nobody shuts it down".into());
    let back = error.into_inner();
    scene.check(back == item, || format!("{back:?} came back, not {item:?}"));
    None
}

impl<K: Kind<Item = Item> + 'static> Subject for Store<K> {
    type Op = Op;
    type Held<'a> = ();

    fn perform(&self, scene: &Scene, me: usize, op: &Op, (): &mut ()) {
        match *op {
            Op::Put(rank, limit) => self.exchange(scene, me, Some((rank, scene.name())), limit),
            Op::Get(limit) => self.exchange(scene, me, None, limit),
            Op::TryPut(rank) => self.try_exchange(scene, Some((rank, scene.name()))),
            Op::TryGet => self.try_exchange(scene, None),
        }
        self.compare(scene);
    }

    fn rest(&self, scene: &Scene) {
        self.compare(scene);
        let granted = &self.model.borrow().granted;
        scene.check(granted.is_empty(), || format!("not woken: {granted:?}"));
    }

    fn free(&self, scene: &Scene) -> bool {
        let gives = self.gives.replace(!self.gives.get());
        self.try_exchange(scene, gives.then(|| (0, scene.name())));
        true
    }

    /// All that was put and not got is still there, in its order.
    fn end(&self, scene: &Scene) {
        scene.check_nobody_waits(&self.queue);
        (0..=self.queue.len()).for_each(|_| self.try_exchange(scene, None));
        self.compare(scene);
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn items_go_from_first_to_first_and_none_is_lost(
        script in script(op()),
        order in prop::sample::select(vec![Order::Fifo, Order::Lifo, Order::Smallest, Order::Direct]),
        size in 1..4_usize,
    ) {
        match order {
            Order::Fifo => play(&script, || Store::new(Queue::bounded(size), order, size))?,
            Order::Lifo => play(&script, || Store::new(LifoQueue::bounded(size), order, size))?,
            Order::Smallest => {
                play(&script, || Store::new(PriorityQueue::bounded(size), order, size))?;
            }
            Order::Direct => play(&script, || Store::new(Channel::new(), order, 0))?,
        }
    }
}
