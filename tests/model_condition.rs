//! A condition with its mutex, by tasks in any order, against a list of who waits.
//!
//! When exactly one whose time is up leaves the line is not to be seen from outside: it takes the lock again before it
//! says so. So the model is all that could be true by what was seen, and something is wrong
//! when nothing can be.

mod model;

use std::cell::{Cell, RefCell};
use std::panic::resume_unwind;
use std::time::Instant;

use model::{Limit, Scene, Subject, cases, limit, limited, play, script};
use osier::clock;
use osier::sync::{Condition, LockError, Locked, Mutex, MutexGuard};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    /// With the lock, which it takes first, and lets go of afterwards if so said.
    Wait(Limit, bool),
    Lock(Limit),
    Unlock,
    Notify(usize),
    NotifyAll,
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        6 => (limit(), any::<bool>()).prop_map(|(limit, keeps)| Op::Wait(limit, keeps)),
        1 => limit().prop_map(Op::Lock),
        2 => Just(Op::Unlock),
        5 => (1..3_usize).prop_map(Op::Notify),
        1 => Just(Op::NotifyAll),
    ]
}

/// One thing that can be true.
#[derive(Clone, Default, PartialEq, Eq, Debug)]
struct World {
    line: Vec<u32>,
    notified: Vec<u32>,
}

impl World {
    /// What can be true after up to `n` were notified, and how many were. Who may be gone has left the line or not.
    fn notify(
        mut self,
        n: usize,
        count: usize,
        may_be_gone: &impl Fn(u32) -> bool,
        out: &mut Vec<(World, usize)>,
    ) {
        if n == 0 || self.line.is_empty() {
            return out.push((self, count));
        }
        let first = self.line.remove(0);
        if may_be_gone(first) {
            self.clone().notify(n, count, may_be_gone, out);
        }
        self.notified.push(first);
        self.notify(n - 1, count + 1, may_be_gone, out);
    }

    /// Takes one out; whether it was notified.
    fn leave(&mut self, who: u32) -> bool {
        let before = self.notified.len();
        self.notified.retain(|other| *other != who);
        self.line.retain(|other| *other != who);
        self.notified.len() < before
    }
}

struct Room {
    mutex: Mutex<()>,
    condition: Condition,
    /// All that can be true.
    worlds: RefCell<Vec<World>>,
    /// Who waits for the condition: operation, task, until when.
    waits: RefCell<Vec<(u32, usize, Option<Instant>)>>,
    /// Whether somebody knows that it has the lock.
    is_held: Cell<bool>,
    /// How many want the lock, and it alone.
    wanted: Cell<usize>,
}

struct Held<'a>(Option<MutexGuard<'a, ()>>, &'a Room);

impl Drop for Held<'_> {
    fn drop(&mut self) {
        if let Some(guard) = self.0.take() {
            drop(guard);
            self.1.is_held.set(false);
        }
    }
}

impl Room {
    fn new() -> Room {
        Room {
            mutex: Mutex::new(()),
            condition: Condition::new(),
            worlds: RefCell::new(vec![World::default()]),
            waits: RefCell::default(),
            is_held: Cell::new(false),
            wanted: Cell::new(0),
        }
    }

    fn hold<'a>(&'a self, scene: &Scene, guard: MutexGuard<'a, ()>) -> Held<'a> {
        scene.check(!self.is_held.replace(true), || "two have the lock".into());
        Held(Some(guard), self)
    }

    fn lock(&self, scene: &Scene, me: usize, limit: Limit) -> Option<Held<'_>> {
        self.wanted.set(self.wanted.get() + 1);
        let outcome = limited(limit, |deadline| match deadline {
            None => in_time(self.mutex.lock()),
            Some(at) => in_time(self.mutex.lock_deadline(at)),
        });
        self.wanted.set(self.wanted.get() - 1);
        scene.moves();
        let guard = outcome.unwrap_or_else(|payload| {
            scene.check_doom(me);
            resume_unwind(payload)
        });
        Some(self.hold(scene, guard?))
    }

    fn wait<'a>(
        &'a self,
        scene: &Scene,
        (me, limit): (usize, Limit),
        mut held: Held<'a>,
    ) -> Option<Held<'a>> {
        let (id, until) = (scene.name(), limit.length().and_then(clock::deadline));
        let guard = held.0.take().expect("it is held");
        self.is_held.set(false);
        self.worlds.borrow_mut().iter_mut().for_each(|world| world.line.push(id));
        self.waits.borrow_mut().push((id, me, until));
        let outcome = limited(limit, |deadline| match deadline {
            None => self.condition.wait(guard).ok().map(|guard| (guard, true)),
            Some(at) => self.condition.wait_deadline(guard, at).ok(),
        });
        match &outcome {
            Ok(Some((_, was_notified))) => self.ended(scene, id, *was_notified),
            Ok(None) | Err(_) => self.passed_on(scene, id),
        }
        self.waits.borrow_mut().retain(|(other, ..)| *other != id);
        scene.moves();
        let is_over = until.is_some_and(|until| clock::now() >= until);
        match outcome {
            Ok(Some((guard, was_notified))) => {
                scene.check(was_notified || is_over, || "a time-out too early".into());
                Some(self.hold(scene, guard))
            }
            Ok(None) => {
                scene.check(is_over, || "a time-out too early".into());
                None
            }
            Err(payload) => {
                scene.check_doom(me);
                resume_unwind(payload)
            }
        }
    }

    /// One has the lock again, and says whether it was notified.
    fn ended(&self, scene: &Scene, id: u32, was_notified: bool) {
        let mut worlds = self.worlds.borrow_mut();
        let before = worlds.clone();
        worlds.retain_mut(|world| world.leave(id) == was_notified);
        let right = !worlds.is_empty();
        scene.check(right, || format!("{id} notified: {was_notified}, of {before:?}"));
    }

    /// One was cut short: if it had been notified, that went on to the next.
    fn passed_on(&self, scene: &Scene, id: u32) {
        let mut after = Vec::new();
        for mut world in self.worlds.take() {
            let passes = usize::from(world.leave(id));
            world.notify(passes, 0, &|who| self.may_be_gone(scene, who), &mut after);
        }
        self.replace(after.into_iter().map(|(world, _)| world));
    }

    fn notify(&self, scene: &Scene, n: usize) {
        let notified = match n {
            1 => usize::from(self.condition.notify_one()),
            usize::MAX => self.condition.notify_all(),
            n => self.condition.notify(n),
        };
        let before = self.worlds.take();
        let mut after = Vec::new();
        for world in before.clone() {
            world.notify(n, 0, &|who| self.may_be_gone(scene, who), &mut after);
        }
        self.replace(after.into_iter().filter(|(_, c)| *c == notified).map(|(world, _)| world));
        let right = !self.worlds.borrow().is_empty();
        scene.check(right, || format!("{notified} of {n} notified of {before:?}"));
    }

    fn replace(&self, worlds: impl Iterator<Item = World>) {
        let mut distinct: Vec<World> = Vec::new();
        for world in worlds {
            if !distinct.contains(&world) {
                distinct.push(world);
            }
        }
        self.worlds.replace(distinct);
    }

    /// Whether its wait may be over without a notification.
    fn may_be_gone(&self, scene: &Scene, id: u32) -> bool {
        let waits = self.waits.borrow();
        waits.iter().any(|&(other, me, until)| {
            let is_over = until.is_some_and(|until| clock::now() >= until);
            other == id && (is_over || scene.is_doomed(me))
        })
    }
}

fn in_time<G>(outcome: Locked<G>) -> Option<G> {
    match outcome {
        Ok(guard) => Some(guard),
        Err(LockError::TimedOut) => None,
        Err(other) => panic!("{other:?}"),
    }
}

impl Subject for Room {
    type Op = Op;
    type Held<'a> = Option<Held<'a>>;

    fn perform<'a>(&'a self, scene: &Scene, me: usize, op: &Op, held: &mut Option<Held<'a>>) {
        match *op {
            Op::Wait(limit, keeps) => {
                let lock = held.take().or_else(|| self.lock(scene, me, Limit::None));
                let lock = lock.expect("a wait without a limit ends with the lock");
                *held = self.wait(scene, (me, limit), lock).filter(|_| keeps);
            }
            Op::Lock(limit) => {
                drop(held.take());
                *held = self.lock(scene, me, limit);
            }
            Op::Unlock => drop(held.take()),
            Op::Notify(n) => self.notify(scene, n),
            Op::NotifyAll => self.notify(scene, usize::MAX),
        }
    }

    fn rest(&self, scene: &Scene) {
        if self.is_held.get() {
            return;
        }
        // Nobody has the lock: then nobody wants it, and who was notified has come back.
        scene.check(self.wanted.get() == 0, || "the lock is free, and wanted".into());
        let mut worlds = self.worlds.borrow_mut();
        let before = worlds.clone();
        worlds.retain(|world| world.notified.is_empty());
        scene.check(!worlds.is_empty(), || format!("not woken: {before:?}"));
        scene.check(!self.mutex.is_poisoned(), || "a kill is no panic".into());
    }

    fn end(&self, scene: &Scene) {
        scene.check_nobody_waits(&(&self.condition, &self.mutex));
        scene.check(self.mutex.try_lock().is_ok(), || "the lock is not free".into());
    }

    fn free(&self, scene: &Scene) -> bool {
        self.notify(scene, 1);
        true
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn notifications_wake_in_order_and_are_not_lost(script in script(op())) {
        play(&script, Room::new)?;
    }
}
