//! Locks between processes: one holder at a time, no wake is lost, the order is kept, and whoever ends leaves nothing held.
//!
//! A process is a thread here, and its bell a flag. Who takes and gives does what `process/src/sync/gate.rs` does, in the same order. Where
//! nobody ends, nobody looks by itself: a lost wake is a deadlock, which loom reports. Where one does, which may be before any of its accesses, the
//! others look once after that, as they do by and by.

use std::sync::atomic::AtomicU64 as Count;
use std::sync::atomic::Ordering::Relaxed;

use loom::model::Builder;
use loom::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use super::line::{FIRST, Line, Place};
use super::mortal::live;
use super::permits::{Had, Mark, Permits, TURN_TAKES, World};
use super::words::Words;
use crate::stamp::Stamp;

/// Where the permit of a lock stands, and the words of a slot.
const ONE: usize = 8;
const SLOT: usize = 8;
/// As many processes as a model has at most, from 1 on.
const PROCESSES: usize = 3;

/// Why a waiter wakes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Woken {
    Rung,
    Look,
}

/// What a process waits at.
struct Bell {
    state: Mutex<(bool, bool)>,
    changes: Condvar,
}

impl Bell {
    fn new() -> Bell {
        Bell { state: Mutex::new((false, false)), changes: Condvar::new() }
    }

    fn strike(&self, what: Woken) {
        let mut state = self.state.lock().unwrap();
        match what {
            Woken::Rung => state.0 = true,
            Woken::Look => state.1 = true,
        }
        self.changes.notify_one();
    }

    fn wait(&self) -> Woken {
        let mut state = self.state.lock().unwrap();
        loop {
            if std::mem::take(&mut state.0) {
                return Woken::Rung;
            }
            if std::mem::take(&mut state.1) {
                return Woken::Look;
            }
            state = self.changes.wait(state).unwrap();
        }
    }
}

/// Bells, who has ended, and a clock.
struct Small {
    bells: Vec<Bell>,
    dead: Vec<AtomicBool>,
    /// Not loom's: what time it is decides who goes first, not whether somebody goes.
    now: Count,
    /// How far the clock goes with each look at it.
    tick: u64,
}

impl World for Small {
    fn now(&self) -> u64 {
        self.now.fetch_add(self.tick, Relaxed)
    }

    fn ring(&self, bell: u64) -> bool {
        self.bells[at(bell)].strike(Woken::Rung);
        !self.is_dead(bell)
    }

    fn is_dead(&self, who: Stamp) -> bool {
        self.dead[at(who)].load(Ordering::Acquire)
    }
}

fn at(who: Stamp) -> usize {
    usize::try_from(who).unwrap() - 1
}

/// A lock, and what it guards.
struct Lock {
    words: Vec<AtomicU64>,
    world: Small,
    /// Read and written by its holder alone, in no order but that of the lock.
    inside: AtomicUsize,
    sum: AtomicUsize,
}

impl Lock {
    /// Nobody may overtake if `tick` is as long as a turn.
    fn new(tick: u64) -> Arc<Lock> {
        let words = (0..FIRST + PROCESSES * SLOT).map(|_| AtomicU64::new(0)).collect();
        let world = Small {
            bells: (0..PROCESSES).map(|_| Bell::new()).collect(),
            dead: (0..PROCESSES).map(|_| AtomicBool::new(false)).collect(),
            now: Count::new(TURN_TAKES),
            tick,
        };
        let (inside, sum) = (AtomicUsize::new(0), AtomicUsize::new(0));
        let lock = Lock { words, world, inside, sum };
        lock.permits().found(1);
        Arc::new(lock)
    }

    fn line(&self) -> Line<'_> {
        Line(Words::new(&self.words))
    }

    fn permits(&self) -> Permits<'_> {
        Permits::new(Words::new(&self.words), ONE, 1)
    }

    /// As `Gate::lock`; whether its last holder has ended.
    fn lock(&self, me: Stamp) -> bool {
        if self.permits().take_first(me) {
            return false;
        }
        let quick = self.permits().take_fairly(me, 0, &self.world);
        quick.unwrap_or_else(|| self.stand(me)).marked
    }

    /// As `Gate::acquire` from the line on.
    fn stand(&self, me: Stamp) -> Had {
        let place = self.line().enter(me, me).expect("there is a slot for each");
        self.bury();
        let had = loop {
            if let Some(had) = self.permits().ask(me, place, &self.world) {
                break had;
            }
            if let Some(had) = self.wake(me, place) {
                break had;
            }
            self.line().renew(place);
        };
        self.line().leave(place);
        self.permits().make_way(&self.world);
        had
    }

    fn wake(&self, me: Stamp, place: Place) -> Option<Had> {
        match self.world.bells[at(me)].wait() {
            Woken::Rung => self.permits().ask(me, place, &self.world),
            Woken::Look => {
                self.bury();
                self.permits().make_way(&self.world);
                None
            }
        }
    }

    fn bury(&self) -> usize {
        self.permits().bury(|who| self.world.is_dead(who)).len()
    }

    /// As `Gate::unlock`.
    fn unlock(&self, me: Stamp) {
        if !self.permits().give_first(me)
            && self.permits().give(0, Some(me), Mark::Keep) == Some(true)
        {
            self.permits().serve(&self.world);
        }
    }

    /// Nobody else is inside, and what others have done there is seen.
    fn use_it(&self) {
        assert_eq!(self.inside.load(Ordering::Relaxed), 0, "two hold it");
        self.inside.store(1, Ordering::Relaxed);
        self.sum.store(self.sum.load(Ordering::Relaxed) + 1, Ordering::Relaxed);
        self.inside.store(0, Ordering::Relaxed);
    }

    fn hold_once(&self, me: Stamp) -> bool {
        let marked = self.lock(me);
        self.use_it();
        self.unlock(me);
        marked
    }

    /// That process has ended, and all others look.
    fn end(&self, who: Stamp) {
        self.world.dead[at(who)].store(true, Ordering::Release);
        self.world.bells.iter().for_each(|bell| bell.strike(Woken::Look));
    }

    /// Nobody stands in line, the lock is free, and none of its words says otherwise.
    fn is_clean(&self) -> bool {
        self.line().all().count() == 0 && self.permits().free() == 1 && self.lock_again()
    }

    fn lock_again(&self) -> bool {
        let had = self.permits().take(1, 0);
        had.is_some() && self.permits().give(0, Some(1), Mark::Keep).is_some()
    }
}

/// In all orders, as far as so many preemptions make them.
fn check(preemptions: usize, f: impl Fn() + Send + Sync + 'static) {
    let mut model = Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(preemptions));
    model.max_branches = 10_000;
    model.check(f);
}

fn start<R: 'static>(
    lock: &Arc<Lock>,
    f: impl FnOnce(&Lock) -> R + 'static,
) -> thread::JoinHandle<R> {
    let lock = lock.clone();
    thread::spawn(move || f(&lock))
}

#[test]
fn two_hold_it_in_turn_and_no_wake_is_lost() {
    for tick in [0, TURN_TAKES] {
        check(3, move || {
            let lock = Lock::new(tick);
            let other = start(&lock, |lock| [(); 2].map(|()| lock.hold_once(2)));
            assert_eq!([(); 2].map(|()| lock.hold_once(1)), [false; 2]);
            assert_eq!(other.join().unwrap(), [false; 2]);
            assert_eq!(lock.sum.load(Ordering::Relaxed), 4);
            assert!(lock.is_clean());
        });
    }
}

#[test]
fn three_hold_it_in_turn_and_no_wake_is_lost() {
    check(2, || {
        let lock = Lock::new(TURN_TAKES);
        let others = [2, 3].map(|me| start(&lock, move |lock| lock.hold_once(me)));
        lock.hold_once(1);
        others.into_iter().for_each(|other| assert!(!other.join().unwrap()));
        assert_eq!(lock.sum.load(Ordering::Relaxed), 3);
        assert!(lock.is_clean());
    });
}

#[test]
fn who_came_first_is_first() {
    check(2, || {
        let lock = Lock::new(TURN_TAKES);
        assert!(!lock.lock(1));
        // Both are in line before it is given back: what comes after that is a matter of who asks first.
        let places = [2, 3].map(|me| lock.line().enter(me, me).unwrap());
        let order = Arc::new(Mutex::new(Vec::new()));
        let threads = [(2, places[0]), (3, places[1])].map(|(me, place)| {
            let order = order.clone();
            start(&lock, move |lock| {
                loop {
                    let ask = || lock.permits().ask(me, place, &lock.world);
                    if ask().or_else(|| lock.wake(me, place)).is_some() {
                        break;
                    }
                    lock.line().renew(place);
                }
                lock.line().leave(place);
                lock.permits().make_way(&lock.world);
                order.lock().unwrap().push(me);
                lock.use_it();
                lock.unlock(me);
            })
        });
        lock.unlock(1);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(*order.lock().unwrap(), [2, 3]);
        assert!(lock.is_clean());
    });
}

#[test]
fn who_comes_as_the_line_is_found_empty_is_not_forgotten() {
    check(2, || {
        let lock = Lock::new(TURN_TAKES);
        lock.lock(1);
        lock.permits().want(); // by one who has left
        let others = [2, 3].map(|me| start(&lock, move |lock| lock.hold_once(me)));
        lock.unlock(1);
        others.into_iter().for_each(|other| assert!(!other.join().unwrap()));
        assert!(lock.is_clean());
    });
}

#[test]
fn who_gives_up_makes_way_for_the_next() {
    check(2, || {
        let lock = Lock::new(TURN_TAKES);
        lock.lock(1);
        let place = lock.line().enter(2, 2).unwrap();
        let gives_up = start(&lock, move |lock| {
            // It may be rung before it goes, and no other is then.
            let had = lock.permits().ask(2, place, &lock.world);
            lock.line().leave(place);
            lock.permits().make_way(&lock.world);
            if had.is_some() {
                lock.use_it();
                lock.unlock(2);
            }
        });
        let other = start(&lock, |lock| lock.hold_once(3));
        lock.unlock(1);
        gives_up.join().unwrap();
        assert!(!other.join().unwrap());
        assert!(lock.is_clean());
    });
}

/// One that ends before any of its accesses, while another wants the lock, too; `held`: it finds it held by a third, who gives it back.
fn one_ends(held: bool, accesses: u32, preemptions: usize) -> bool {
    let all = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(true));
    let lived = all.clone();
    check(preemptions, move || {
        let lock = Lock::new(TURN_TAKES);
        if held {
            lock.lock(1);
        }
        let mortal = start(&lock, move |lock| {
            let lives = live(accesses, || {
                lock.lock(2);
                lock.unlock(2);
            });
            if lives.is_none() {
                lock.end(2);
            }
            lives.is_some()
        });
        let other = start(&lock, |lock| lock.hold_once(3));
        if held {
            lock.unlock(1);
        }
        let lives = mortal.join().unwrap();
        lived.fetch_and(lives, Relaxed);
        let marked = other.join().unwrap();
        assert!(!(lives && marked), "nobody has ended");
        lock.bury();
        assert!(lock.is_clean());
    });
    all.load(Relaxed)
}

/// With so many accesses more each time, until it lives in all orders.
fn ends_anywhere(held: bool, more: usize, preemptions: usize) {
    let mut ends = (0..400).step_by(more);
    let enough = ends.find(|accesses| one_ends(held, *accesses, preemptions));
    assert!(enough.is_some_and(|accesses| accesses > 1), "it takes more than 400 accesses");
}

#[test]
fn a_holder_may_end_at_any_access() {
    ends_anywhere(false, 1, 3);
}

#[test]
fn a_waiter_may_end_at_any_access() {
    ends_anywhere(true, 1, 1);
    // More orders, and not each access.
    ends_anywhere(true, 9, 2);
}

#[test]
fn two_bury_at_once_and_a_third_takes_the_place() {
    check(2, || {
        let lock = Lock::new(TURN_TAKES);
        let place = lock.line().enter(2, 2).unwrap();
        assert!(lock.permits().take_first(2));
        lock.world.dead[at(2)].store(true, Ordering::Release);
        let buries = start(&lock, |lock| lock.bury());
        let comes = start(&lock, |lock| lock.line().enter(3, 3).unwrap());
        let buried = lock.bury() + buries.join().unwrap();
        let new = comes.join().unwrap();
        assert_eq!(buried, 1, "the lock is given back once");
        assert!(new.number > place.number);
        let all: Vec<_> = lock.line().all().map(|entry| (entry.who, entry.place)).collect();
        assert_eq!(all, [(3, new)]);
        lock.line().leave(new);
        assert!(lock.permits().is_marked() && lock.is_clean());
    });
}
