//! The wheel against its borders and against a sorted map.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use proptest::prelude::*;

use super::{Key, Wheel};

/// One tick, in nanoseconds.
const TICK: u64 = 1 << 16;

fn expired<T>(wheel: &mut Wheel<T>, now_ns: u64) -> Vec<T> {
    let mut fired = Vec::new();
    wheel.expire(now_ns, |payload| fired.push(payload));
    fired
}

#[test]
fn fires_never_early_and_less_than_a_tick_late() {
    for deadline in [1, TICK - 1, TICK, TICK + 1, 64 * TICK - 1, 64 * TICK, 1_000_000_007] {
        let mut wheel = Wheel::new();
        wheel.insert(deadline, ());
        assert_eq!(expired(&mut wheel, deadline - 1).len(), 0, "early: {deadline}");
        assert_eq!(expired(&mut wheel, deadline + TICK - 1).len(), 1, "late: {deadline}");
    }
}

#[test]
fn fires_on_the_spot_what_falls_on_a_tick() {
    let mut wheel = Wheel::new();
    wheel.insert(4096 * TICK, ());
    assert!(expired(&mut wheel, 4096 * TICK - 1).is_empty());
    assert_eq!(expired(&mut wheel, 4096 * TICK).len(), 1);
}

#[test]
fn fires_the_past_at_the_next_call() {
    let mut wheel = Wheel::new();
    assert!(expired(&mut wheel, 1000 * TICK).is_empty());
    wheel.insert(3, "long ago");
    wheel.insert(0, "at the origin");
    assert_eq!(wheel.next_deadline(), Some(1000 * TICK));
    assert_eq!(expired(&mut wheel, 1000 * TICK), ["long ago", "at the origin"]);
}

#[test]
fn fires_at_the_origin() {
    let mut wheel = Wheel::new();
    wheel.insert(0, ());
    assert_eq!(wheel.next_deadline(), Some(0));
    assert_eq!(expired(&mut wheel, 0).len(), 1);
}

#[test]
fn keeps_the_order_of_insertion_within_a_tick_across_levels() {
    let mut wheel = Wheel::new();
    let at = 70_000 * TICK; // three levels away from the origin
    wheel.insert(at, 1);
    wheel.insert(at - 5, 2);
    expired(&mut wheel, at - 5000 * TICK);
    wheel.insert(at - 9, 3);
    expired(&mut wheel, at - 50 * TICK);
    wheel.insert(at, 4);
    expired(&mut wheel, at - TICK);
    wheel.insert(at - 1, 5);
    assert_eq!(expired(&mut wheel, at), [1, 2, 3, 4, 5]);
}

#[test]
fn fires_in_order_of_ticks_in_one_jump() {
    let mut wheel = Wheel::new();
    let far = 86_400_000_000_000; // a day
    let deadlines = [far, 5 * TICK, 64 * TICK, 4097 * TICK, 65 * TICK, far - TICK, 0];
    for deadline in deadlines {
        wheel.insert(deadline, deadline);
    }
    let mut sorted = deadlines;
    sorted.sort_unstable();
    // Ticking through a thousand years would never end.
    assert_eq!(expired(&mut wheel, u64::MAX), sorted);
    assert!(wheel.is_empty());
}

#[test]
fn never_fires_in_the_last_tick_of_all() {
    let mut wheel = Wheel::new();
    let key = wheel.insert(u64::MAX, "never");
    wheel.insert(u64::MAX - TICK, "the last tick but one, rounded up");
    wheel.insert(u64::MAX - 2 * TICK, "then");
    assert_eq!(expired(&mut wheel, u64::MAX), ["then"]);
    assert_eq!(wheel.remove(key), Some("never"));
    assert_eq!(wheel.len(), 1);
    wheel.insert(5, "past");
    assert_eq!(expired(&mut wheel, u64::MAX), ["past"]);
}

#[test]
fn does_not_go_back_in_time() {
    let mut wheel = Wheel::new();
    expired(&mut wheel, 100 * TICK);
    wheel.insert(50 * TICK, ());
    assert!(expired(&mut wheel, 50 * TICK).is_empty());
    wheel.insert(60 * TICK, ());
    assert!(expired(&mut wheel, 99 * TICK).is_empty());
    assert_eq!(expired(&mut wheel, 100 * TICK).len(), 2);
}

#[test]
fn takes_a_stale_key_for_nothing() {
    let mut wheel = Wheel::new();
    let fired = wheel.insert(TICK, 1);
    expired(&mut wheel, TICK);
    assert_eq!(wheel.remove(fired), None);
    let heir = wheel.insert(2 * TICK, 2);
    assert_eq!(wheel.remove(fired), None);
    assert_eq!(wheel.remove(heir), Some(2));
    assert_eq!(wheel.remove(heir), None);
    assert!(wheel.is_empty());
    assert_eq!(wheel.next_deadline(), None);
}

#[test]
fn removes_from_both_ends_and_the_middle_of_a_slot() {
    for gone in 0..3 {
        let mut wheel = Wheel::new();
        let keys: Vec<Key> = (0..3).map(|i| wheel.insert(5000 * TICK, i)).collect();
        assert_eq!(wheel.remove(keys[gone]), Some(gone));
        let rest: Vec<usize> = (0..3).filter(|&i| i != gone).collect();
        assert_eq!(expired(&mut wheel, 5000 * TICK), rest);
    }
}

#[test]
fn leads_to_a_far_deadline_in_at_most_eight_steps() {
    let mut wheel = Wheel::new();
    let deadline = u64::MAX / 3;
    wheel.insert(deadline, ());
    for steps in 1.. {
        let next = wheel.next_deadline().expect("a timer is set");
        if !expired(&mut wheel, next).is_empty() {
            assert!(steps <= 8, "{steps} steps");
            assert!(deadline <= next && next < deadline + TICK);
            return;
        }
    }
}

#[test]
fn stays_whole_when_a_callback_panics() {
    let mut wheel = Wheel::new();
    for i in 0..3 {
        wheel.insert(TICK, i);
    }
    let mut panicking = |i| assert_ne!(i, 1, "provoked");
    let caught = catch_unwind(AssertUnwindSafe(|| wheel.expire(TICK, &mut panicking)));
    assert!(caught.is_err());
    assert_eq!(wheel.len(), 1);
    assert_eq!(expired(&mut wheel, TICK), [2]);
}

#[test]
fn drops_the_payloads_that_are_left() {
    let payload = std::rc::Rc::new(());
    let mut wheel = Wheel::new();
    wheel.insert(TICK, payload.clone());
    drop(wheel);
    assert_eq!(std::rc::Rc::strong_count(&payload), 1);
}

#[test]
fn reuses_nodes() {
    let mut wheel = Wheel::new();
    let first = wheel.insert(TICK, ());
    for _ in 0..1000 {
        let key = wheel.insert(30_000_000_000, ());
        assert_eq!(key.index(), first.index() + 1);
        wheel.remove(key);
    }
}

/// What a program does to a wheel.
#[derive(Debug, Clone)]
enum Step {
    /// Sets a timer, this far after the present.
    Insert(u64),
    /// Sets a timer at this time, which may be past.
    InsertAt(u64),
    /// Removes one of the keys ever given out.
    Remove(prop::sample::Index),
    /// Lets time go by.
    Advance(u64),
    /// Sleeps until the wheel says so.
    Follow,
}

/// Spans of time from nothing to centuries, with the borders of all levels.
fn span() -> impl Strategy<Value = u64> {
    let border = (0..9u32, 0..3u64, 0..3u64).prop_map(|(level, factor, around)| {
        let width = 1u64.checked_shl(16 + 6 * level).unwrap_or(u64::MAX / 4);
        (width * factor.min(2)).saturating_add(around).saturating_sub(1)
    });
    prop_oneof![
        4 => 0..200 * TICK,
        3 => 0..10_000_000_000u64,
        2 => border,
        1 => 0..u64::MAX / 16,
    ]
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => span().prop_map(Step::Insert),
        1 => prop_oneof![span(), Just(u64::MAX)].prop_map(Step::InsertAt),
        3 => any::<prop::sample::Index>().prop_map(Step::Remove),
        2 => span().prop_map(Step::Advance),
        2 => Just(Step::Follow),
    ]
}

/// The same as the wheel, by sorting: timers by (tick, number), at the model's present time.
#[derive(Default)]
struct Model {
    /// Deadline by (tick in which it fires, order of insertion).
    timers: BTreeMap<(u64, usize), u64>,
    /// The present, in nanoseconds.
    now: u64,
}

impl Model {
    fn insert(&mut self, number: usize, deadline: u64) -> (u64, usize) {
        let place = (deadline.div_ceil(TICK).max(self.now / TICK), number);
        self.timers.insert(place, deadline);
        place
    }

    fn expire(&mut self) -> Vec<usize> {
        let later = self.timers.split_off(&(self.now / TICK + 1, 0));
        let due = std::mem::replace(&mut self.timers, later);
        assert!(due.values().all(|&deadline| deadline <= self.now), "the model is early");
        due.into_keys().map(|(_, number)| number).collect()
    }

    /// The end of the tick in which the first timer falls due.
    fn first(&self) -> Option<u64> {
        self.timers.keys().next().map(|(tick, _)| tick.saturating_mul(TICK))
    }
}

fn run(steps: Vec<Step>) {
    let (mut wheel, mut model) = (Wheel::new(), Model::default());
    let mut given = Vec::new();
    for step in steps {
        match step {
            Step::Insert(_) | Step::InsertAt(_) => {
                let deadline = match step {
                    Step::Insert(span) => model.now.saturating_add(span),
                    Step::InsertAt(at) => at,
                    _ => unreachable!(),
                };
                let place = model.insert(given.len(), deadline);
                given.push((wheel.insert(deadline, given.len()), place));
            }
            Step::Remove(_) if given.is_empty() => {}
            Step::Remove(which) => {
                let (key, place) = *which.get(&given);
                let expected = model.timers.remove(&place).map(|_| place.1);
                assert_eq!(wheel.remove(key), expected);
            }
            Step::Advance(span) => model.now = model.now.saturating_add(span).min(u64::MAX / 2),
            Step::Follow => {
                let next = wheel.next_deadline();
                assert!(next.is_none_or(|at| at <= model.first().expect("not empty")));
                model.now = next.unwrap_or(model.now).max(model.now).min(u64::MAX / 2);
            }
        }
        if matches!(step, Step::Advance(_) | Step::Follow) {
            assert_eq!(expired(&mut wheel, model.now), model.expire());
            assert!(wheel.next_deadline().is_none_or(|at| at > model.now), "no progress");
        }
        assert_eq!(wheel.len(), model.timers.len());
        assert_eq!(wheel.next_deadline().is_none(), wheel.is_empty());
    }
}

proptest! {
    #[test]
    fn does_what_a_sorted_map_does(steps in prop::collection::vec(step(), 1..400)) {
        run(steps);
    }
}
