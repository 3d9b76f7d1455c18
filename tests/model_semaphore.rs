//! A semaphore, by tasks in any order, against a number and a list.

mod model;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};

use model::{Limit, Scene, Subject, cases, limit, play, script};
use osier::sync::{AcquireError, Permit, Semaphore};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Acquire(usize, Limit),
    /// Waits until there is one, and takes none.
    Wait(Limit),
    TryAcquire(usize),
    /// Gives back what it has held longest.
    GiveBack,
    /// Keeps it out for good.
    Forget,
    Release(usize),
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (1..4_usize, limit()).prop_map(|(n, limit)| Op::Acquire(n, limit)),
        1 => limit().prop_map(Op::Wait),
        1 => (1..4_usize).prop_map(Op::TryAcquire),
        5 => Just(Op::GiveBack),
        1 => Just(Op::Forget),
        1 => (1..3_usize).prop_map(Op::Release),
    ]
}

/// Who comes first is served first, and nobody else before.
#[derive(Default)]
struct Model {
    free: usize,
    /// All that there are: free, held, granted.
    all: usize,
    line: VecDeque<(u32, usize)>,
    granted: BTreeMap<u32, usize>,
}

impl Model {
    fn serve(&mut self) {
        while let Some(&(who, want)) = self.line.front()
            && self.free >= want.max(1)
        {
            self.granted.insert(who, self.free);
            self.free -= want;
            self.line.pop_front();
        }
    }

    /// Whether it is served at once.
    fn enter(&mut self, who: u32, want: usize) -> bool {
        self.line.push_back((who, want));
        self.serve();
        self.granted.contains_key(&who)
    }

    fn release(&mut self, n: usize) {
        self.free += n;
        self.serve();
    }

    /// How many were free when it was served.
    fn leave(&mut self, who: u32) -> Option<usize> {
        self.line.retain(|(other, _)| *other != who);
        self.serve();
        self.granted.remove(&who)
    }

    fn available(&self) -> usize {
        if self.line.is_empty() { self.free } else { 0 }
    }
}

struct Places {
    semaphore: Semaphore,
    model: RefCell<Model>,
}

/// Goes out of the model as it goes.
struct Held<'a>(Option<Permit<'a>>, &'a Places);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(permit) = self.0.take() {
            let count = permit.count();
            drop(permit);
            self.1.model.borrow_mut().release(count);
        }
    }
}

impl Places {
    fn new(permits: usize) -> Places {
        let model = Model { free: permits, all: permits, ..Model::default() };
        Places { semaphore: Semaphore::new(permits), model: RefCell::new(model) }
    }

    /// Takes so many, or none and waits until there is one.
    fn acquire(&self, scene: &Scene, me: usize, n: usize, limit: Limit) -> Option<Held<'_>> {
        let id = scene.name();
        let at_once = self.model.borrow_mut().enter(id, n);
        let op = |deadline| match (n, deadline) {
            (0, None) => in_time(self.semaphore.wait()).map(|free| (None, free)),
            (0, Some(at)) => in_time(self.semaphore.wait_deadline(at)).map(|free| (None, free)),
            (1, None) => in_time(self.semaphore.acquire()).map(|permit| (Some(permit), 0)),
            (n, None) => in_time(self.semaphore.acquire_many(n)).map(|permit| (Some(permit), 0)),
            (n, Some(at)) => {
                in_time(self.semaphore.acquire_many_deadline(n, at)).map(|permit| (Some(permit), 0))
            }
        };
        let leave = || self.model.borrow_mut().leave(id);
        let ((permit, free), expected) = scene.wait((me, limit, at_once), op, leave)?;
        scene.check(n > 0 || free == expected, || format!("{free} were free, not {expected}"));
        Some(Held(permit, self))
    }

    fn try_acquire(&self, scene: &Scene, n: usize) -> Option<Held<'_>> {
        let can = self.model.borrow().available() >= n;
        let permit = self.semaphore.try_acquire_many(n).ok();
        if !scene.check(permit.is_some() == can, || format!("try_acquire: {can} is right")) {
            return None;
        }
        self.model.borrow_mut().free -= if can { n } else { 0 };
        Some(Held(Some(permit?), self))
    }

    fn release(&self, n: usize) {
        self.semaphore.release(n);
        self.model.borrow_mut().all += n;
        self.model.borrow_mut().release(n);
    }
}

fn in_time<T>(outcome: Result<T, AcquireError>) -> Option<T> {
    match outcome {
        Ok(value) => Some(value),
        Err(AcquireError::TimedOut) => None,
        Err(other) => panic!("{other:?}"),
    }
}

impl Subject for Places {
    type Op = Op;
    type Held<'a> = VecDeque<Held<'a>>;

    fn perform<'a>(&'a self, scene: &Scene, me: usize, op: &Op, held: &mut VecDeque<Held<'a>>) {
        match *op {
            Op::Acquire(n, limit) => held.extend(self.acquire(scene, me, n, limit)),
            Op::Wait(limit) => _ = self.acquire(scene, me, 0, limit),
            Op::TryAcquire(n) => held.extend(self.try_acquire(scene, n)),
            Op::GiveBack => drop(held.pop_front()),
            Op::Forget => {
                if let Some(permit) = held.pop_front().and_then(|mut held| held.0.take()) {
                    self.model.borrow_mut().all -= permit.count();
                    permit.forget();
                }
            }
            Op::Release(n) => self.release(n),
        }
        let (found, right) = (self.semaphore.available(), self.model.borrow().available());
        scene.check(found == right, || format!("{found} are free, not {right}"));
    }

    fn rest(&self, scene: &Scene) {
        let model = self.model.borrow();
        scene.check(model.granted.is_empty(), || format!("not woken: {:?}", model.granted));
    }

    fn end(&self, scene: &Scene) {
        scene.check_nobody_waits(&self.semaphore);
        let (found, all) = (self.semaphore.available(), self.model.borrow().all);
        scene.check(found == all, || format!("{found} of {all} came back"));
    }

    fn free(&self, _: &Scene) -> bool {
        self.release(1);
        true
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn permits_go_to_the_first_and_none_is_lost(script in script(op()), permits in 0..4_usize) {
        play(&script, || Places::new(permits))?;
    }
}
