//! A reader-writer lock, by tasks in any order, against a list of who is in and one of who waits.

mod model;

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};

use model::{Limit, Scene, Subject, cases, limit, play, script};
use osier::sync::{LockError, Locked, RwLock, RwLockReadGuard, RwLockWriteGuard};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    /// Lets go first of what it has; true: to write.
    Lock(bool, Limit),
    TryLock(bool),
    Unlock,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (any::<bool>(), limit()).prop_map(|(writes, limit)| Op::Lock(writes, limit)),
        1 => any::<bool>().prop_map(Op::TryLock),
        4 => Just(Op::Unlock),
    ]
}

#[derive(Default)]
struct Model {
    /// By operation, and whether it writes. Who was granted it is in.
    inside: Vec<(u32, bool)>,
    line: VecDeque<(u32, bool)>,
    granted: BTreeSet<u32>,
    /// What the lock guards: how often it was written.
    value: u64,
}

impl Model {
    fn serve(&mut self) {
        while let Some(&(who, writes)) = self.line.front()
            && self.inside.iter().all(|(_, other)| !other && !writes)
        {
            self.inside.push((who, writes));
            self.granted.insert(who);
            self.line.pop_front();
        }
    }

    /// Whether it is in at once.
    fn enter(&mut self, who: u32, writes: bool) -> bool {
        self.line.push_back((who, writes));
        self.serve();
        self.granted.contains(&who)
    }

    /// Whether it is in.
    fn arrive(&mut self, who: u32) -> Option<()> {
        self.line.retain(|(other, _)| *other != who);
        self.serve();
        self.granted.remove(&who).then_some(())
    }

    fn leave(&mut self, who: u32) {
        self.inside.retain(|(other, _)| *other != who);
        self.serve();
    }
}

#[derive(Default)]
struct Book {
    lock: RwLock<u64>,
    model: RefCell<Model>,
}

enum Guard<'a> {
    Reads(RwLockReadGuard<'a, u64>),
    Writes(RwLockWriteGuard<'a, u64>),
}

/// Leaves the model as it leaves the lock.
struct Held<'a>(Option<Guard<'a>>, u32, &'a Book);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        drop(self.0.take());
        self.2.model.borrow_mut().leave(self.1);
    }
}

impl Book {
    fn lock(&self, scene: &Scene, me: usize, writes: bool, limit: Limit) -> Option<Held<'_>> {
        let id = scene.name();
        let at_once = self.model.borrow_mut().enter(id, writes);
        let op = |deadline| match (writes, deadline) {
            (false, None) => in_time(self.lock.read()).map(Guard::Reads),
            (false, Some(at)) => in_time(self.lock.read_deadline(at)).map(Guard::Reads),
            (true, None) => in_time(self.lock.write()).map(Guard::Writes),
            (true, Some(at)) => in_time(self.lock.write_deadline(at)).map(Guard::Writes),
        };
        let arrive = || self.model.borrow_mut().arrive(id);
        let (guard, ()) = scene.wait((me, limit, at_once), op, arrive)?;
        Some(self.look(scene, guard, id))
    }

    fn try_lock(&self, scene: &Scene, writes: bool) -> Option<Held<'_>> {
        let id = scene.name();
        let can = self.model.borrow_mut().enter(id, writes);
        self.model.borrow_mut().arrive(id);
        let guard = match writes {
            false => in_time(self.lock.try_read()).map(Guard::Reads),
            true => in_time(self.lock.try_write()).map(Guard::Writes),
        };
        scene.check(guard.is_some() == can, || format!("try: {can} is right"));
        Some(self.look(scene, guard?, id))
    }

    /// What it finds inside is what those before it have left.
    fn look<'a>(&'a self, scene: &Scene, mut guard: Guard<'a>, id: u32) -> Held<'a> {
        let mut model = self.model.borrow_mut();
        let found = match &mut guard {
            Guard::Reads(guard) => **guard,
            Guard::Writes(guard) => {
                **guard += 1;
                model.value += 1;
                **guard
            }
        };
        scene.check(found == model.value, || format!("{found} inside, not {}", model.value));
        Held(Some(guard), id, self)
    }
}

fn in_time<G>(outcome: Locked<G>) -> Option<G> {
    match outcome {
        Ok(guard) => Some(guard),
        Err(LockError::TimedOut | LockError::WouldBlock) => None,
        Err(other) => panic!("{other:?}"),
    }
}

impl Subject for Book {
    type Op = Op;
    type Held<'a> = Option<Held<'a>>;

    fn perform<'a>(&'a self, scene: &Scene, me: usize, op: &Op, held: &mut Option<Held<'a>>) {
        drop(held.take());
        match *op {
            Op::Lock(writes, limit) => *held = self.lock(scene, me, writes, limit),
            Op::TryLock(writes) => *held = self.try_lock(scene, writes),
            Op::Unlock => {}
        }
    }

    fn rest(&self, scene: &Scene) {
        let model = self.model.borrow();
        scene.check(model.granted.is_empty(), || format!("not woken: {:?}", model.granted));
        scene.check(!self.lock.is_poisoned(), || "a kill is no panic".into());
    }

    fn end(&self, scene: &Scene) {
        scene.check_nobody_waits(&self.lock);
        scene.check(self.model.borrow().inside.is_empty(), || "somebody is still in".into());
        scene.check(self.lock.try_write().is_ok(), || "it is not free".into());
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn one_writes_or_many_read_in_the_order_they_came(script in script(op())) {
        play(&script, Book::default)?;
    }
}
