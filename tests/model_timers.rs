//! Sleeps, waits that are ended early, time-outs in time-outs and timers, by tasks in any order, against sums of times.
//!
//! By a clock that stands still while anybody can run, whatever ends by time ends at its very time.

mod model;

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::rc::Rc;
use std::time::{Duration, Instant};

use model::{Limit, Scene, Subject, cases, limited, play, script};
use osier::{Reason, Timer, Unparker, Wake, clock, deliver, park, sleep, sleep_until, timeout};
use proptest::prelude::*;

#[derive(Clone, Debug)]
enum Op {
    Sleep(Duration),
    /// From now on, or so long ago.
    Until(Duration, bool),
    /// True: woken before it begins.
    Park(Duration, bool),
    /// One of the last waits of `Park`, be it over or not.
    Unpark(usize),
    /// The last in the second in the first.
    Nested([Duration; 3]),
    After(Duration),
    /// The timer that was set first.
    Cancel,
}

/// From nanoseconds to more than a year: through every level of a wheel.
fn length() -> impl Strategy<Value = Duration> {
    const DAY: u64 = 86_400_000_000;
    let micros = prop_oneof![0..20_u64, 0..5_000_u64, 0..3_000_000_u64, 0..DAY / 12, 0..DAY * 400];
    let nanos = prop_oneof![3 => Just(0), 1 => 0..1000_u64];
    (micros, nanos).prop_map(|(us, ns)| Duration::from_micros(us) + Duration::from_nanos(ns))
}

/// After so long the virtual clock, which counts microseconds, says that it is over: never early.
fn whole(length: Duration) -> Duration {
    Duration::from_micros(length.as_nanos().div_ceil(1000).try_into().expect("a few years"))
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        3 => length().prop_map(Op::Sleep),
        2 => (length(), any::<bool>()).prop_map(|(length, ago)| Op::Until(length, ago)),
        3 => (length(), prop::bool::weighted(0.2)).prop_map(|(length, early)| Op::Park(length, early)),
        2 => (0..WAITS).prop_map(Op::Unpark),
        4 => [length(), length(), length()].prop_map(Op::Nested),
        3 => length().prop_map(Op::After),
        1 => Just(Op::Cancel),
    ]
}

/// A timer, with when it is to go off and when it did.
struct Alarm {
    timer: Timer,
    due: Instant,
    gone_off: Rc<Cell<Option<Instant>>>,
}

/// A wait that may be ended early, and when it was.
#[derive(Clone)]
struct Wait {
    unparker: Unparker,
    is_over: Rc<Cell<bool>>,
    woken: Rc<Cell<Option<Instant>>>,
}

impl Wait {
    fn new(unparker: Unparker) -> Wait {
        Wait { unparker, is_over: Rc::default(), woken: Rc::default() }
    }
}

/// How many waits are remembered.
const WAITS: usize = 8;

#[derive(Default)]
struct Clockwork {
    /// The latest first.
    waits: RefCell<VecDeque<Wait>>,
    alarms: RefCell<Vec<Alarm>>,
    cancelled: RefCell<Vec<Alarm>>,
}

impl Clockwork {
    /// Does what takes exactly so long.
    fn take<T>(&self, scene: &Scene, me: usize, length: Duration, f: impl FnOnce() -> T) -> T {
        let (began, length) = (clock::now(), whole(length));
        let outcome = limited(Limit::None, |_| Some(f()));
        let took = clock::now() - began;
        scene.moves();
        match outcome {
            Ok(value) => {
                scene.check(took == length, || format!("took {took:?}, not {length:?}"));
                value.expect("there is no limit")
            }
            Err(payload) => {
                scene.check(took <= length, || format!("killed after {took:?} of {length:?}"));
                scene.check_doom(me);
                resume_unwind(payload)
            }
        }
    }

    fn nest(&self, scene: &Scene, me: usize, lengths: [Duration; 3]) {
        let [outer, inner, last] = lengths;
        let shortest = whole(outer.min(inner).min(last));
        let nest = || timeout(outer, || timeout(inner, || sleep(last)));
        let ended_by = match self.take(scene, me, shortest, nest) {
            Err(_) => whole(outer),
            Ok(Err(_)) => whole(inner),
            Ok(Ok(())) => whole(last),
        };
        scene.check(ended_by == shortest, || format!("{ended_by:?} ended it, of {lengths:?}"));
    }

    /// Ends when it is woken, and its time if it is not.
    fn park(&self, scene: &Scene, me: usize, length: Duration, is_early: bool) {
        let began = clock::now();
        let wait = Wait::new(Unparker::current());
        self.waits.borrow_mut().push_front(wait.clone());
        self.waits.borrow_mut().truncate(WAITS);
        if is_early {
            self.unpark(0);
        }
        let reason = Reason::new("waiting for time to pass");
        let how = park(reason, clock::deadline(length), || {});
        wait.is_over.set(true);
        let woken = wait.woken.get();
        scene.moves();
        if how == Wake::Killed {
            scene.check(woken.is_none(), || "a wake was lost to a kill".into());
            scene.check_doom(me);
        } else {
            let right = (how == Wake::Woken) == woken.is_some();
            scene.check(right, || format!("{how:?}, and woken: {woken:?}"));
        }
        let (took, ends) = (clock::now() - began, woken.unwrap_or(began + whole(length)));
        let right = if how == Wake::Killed { began + took <= ends } else { began + took == ends };
        scene.check(right, || format!("{how:?} after {took:?} of {length:?}"));
        deliver(how);
    }

    /// Ends one of the last waits; nothing if that is over.
    fn unpark(&self, at: usize) {
        if let Some(wait) = self.waits.borrow().get(at) {
            wait.unparker.unpark();
            if !wait.is_over.get() {
                wait.woken.set(wait.woken.get().or(Some(clock::now())));
            }
        }
    }

    fn set(&self, length: Duration) {
        let gone_off = Rc::new(Cell::new(None));
        let tells = gone_off.clone();
        let timer = Timer::after(length, move || tells.set(Some(clock::now())));
        let due = clock::now() + whole(length);
        self.alarms.borrow_mut().push(Alarm { timer, due, gone_off });
    }

    fn cancel(&self, scene: &Scene) {
        if self.alarms.borrow().is_empty() {
            return;
        }
        let alarm = self.alarms.borrow_mut().remove(0);
        let (cancels, gone_off) = (alarm.timer.cancel(), alarm.gone_off.get().is_some());
        scene.check(cancels != gone_off, || format!("cancelled: {cancels}, gone off: {gone_off}"));
        if cancels {
            self.cancelled.borrow_mut().push(alarm);
        }
    }
}

impl Subject for Clockwork {
    type Op = Op;
    type Held<'a> = ();

    fn perform(&self, scene: &Scene, me: usize, op: &Op, (): &mut ()) {
        match *op {
            Op::Sleep(length) => self.take(scene, me, length, || sleep(length)),
            Op::Until(length, true) => {
                let past = clock::now().checked_sub(length).unwrap_or_else(clock::now);
                self.take(scene, me, Duration::ZERO, || sleep_until(past));
            }
            Op::Until(length, false) => {
                let until = clock::now() + length;
                self.take(scene, me, length, || sleep_until(until));
            }
            Op::Park(length, early) => self.park(scene, me, length, early),
            Op::Unpark(at) => self.unpark(at),
            Op::Nested(lengths) => self.nest(scene, me, lengths),
            Op::After(length) => self.set(length),
            Op::Cancel => self.cancel(scene),
        }
    }

    /// Whatever was due has gone off, at its time.
    fn rest(&self, scene: &Scene) {
        let now = clock::now();
        for Alarm { due, gone_off, .. } in &*self.alarms.borrow() {
            let right = (*due <= now).then_some(*due);
            let found = gone_off.get();
            scene.check(found == right, || format!("gone off: {found:?}, not {right:?}"));
        }
        let quiet = self.cancelled.borrow().iter().all(|alarm| alarm.gone_off.get().is_none());
        scene.check(quiet, || "one that was cancelled has gone off".into());
    }

    fn end(&self, scene: &Scene) {
        self.alarms.borrow().iter().for_each(|alarm| alarm.timer.join());
        self.rest(scene);
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn time_is_up_exactly_when_it_is(script in script(op())) {
        play(&script, Clockwork::default)?;
    }
}
