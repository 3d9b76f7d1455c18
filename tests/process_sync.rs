//! What processes wait for each other by, besides locks.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/shared.rs"]
mod shared;

use std::time::Duration;

use alone::tests;
use osier::process::sync::{
    AcquireError, Barrier, BoundedSemaphore, Condition, Event, Lock, RLock, Semaphore, TooMany,
};
use osier::process::{Parcel, Process, SendError, StartError, functions, pipe};
use shared::{until, waits};

const FOREVER: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(3);

functions! {
    fn all_kinds(mine: RLock, places: Semaphore, one: BoundedSemaphore, changed: Condition, go: Event, all: Barrier) {
        let _permit = one.acquire().unwrap();
        let _held = mine.lock().unwrap();
        assert_eq!(mine.lock().unwrap_or_else(|_| panic!()).keep(), ());
        mine.release().unwrap();
        go.wait();
        places.release().unwrap();
        drop(changed.lock().unwrap());
        changed.notify_all();
        all.wait().unwrap();
    }

    fn says_nothing() {}

    fn fails() -> Result<(), String> { Err("there is no bread".into()) }

    fn meets(all: Barrier, times: usize) {
        (0..times).for_each(|_| _ = all.wait().unwrap());
    }
}

/// A barrier for two whose action adds to what it gives as well, and waits a moment before.
fn counting() -> (Barrier, Semaphore) {
    let count = Semaphore::new(0).unwrap();
    let counts = count.clone();
    let act = move || {
        osier::sleep(MOMENT);
        counts.release().unwrap();
    };
    (Barrier::with_action(2, act).unwrap(), count)
}

/// Two processes, one of which dies in the action; whether the barrier is broken for the other, which waits, and for us if we come.
fn one_dies(how: fn(), we_come: bool) -> bool {
    let acts = Event::new().unwrap();
    let tells = acts.clone();
    let both = Barrier::with_action(2, move || {
        tells.set();
        how();
    })
    .unwrap();
    let theirs = both.clone();
    let first = Process::fork(move || assert!(theirs.wait().is_err())).unwrap();
    until(|| waits(&both, first.pid()));
    let theirs = both.clone();
    let last = Process::fork(move || _ = theirs.wait()).unwrap();
    acts.wait();
    if last.join_timeout(Duration::from_millis(20)).is_none() {
        last.kill().unwrap();
    }
    // Whoever comes finds the door left, mostly before the other has looked.
    let refused = we_come && both.wait().is_err();
    (refused || !we_come) && first.join().is_success() && both.is_broken()
}

tests! {
    #[test]
    fn the_last_acts_before_all_go_sy_04() {
        osier::run(|| {
            let (both, count) = counting();
            let (theirs, seen) = (both.clone(), count.clone());
            let child = Process::fork(move || {
                for round in 1..=10 {
                    theirs.wait().unwrap();
                    assert!(seen.available() >= round);
                }
            }).unwrap();
            for round in 1..=10 {
                both.wait().unwrap();
                assert!(count.available() >= round, "it is done before anybody goes");
            }
            assert!(child.join().is_success());
            assert_eq!(count.available(), 10, "once a round");
        });
    }

    #[test]
    fn who_comes_while_one_acts_is_of_the_next_round_sy_04() {
        osier::run(|| {
            let (both, count) = counting();
            let tasks: Vec<_> = (0..6).map(|_| {
                let both = both.clone();
                osier::spawn(move || both.wait().unwrap())
            }).collect();
            let mut places: Vec<_> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
            places.sort_unstable();
            assert_eq!((places, count.available()), (vec![0, 0, 0, 1, 1, 1], 3));
        });
    }

    #[test]
    fn an_action_that_panics_or_dies_breaks_the_barrier_sy_04() {
        osier::run(|| {
            for we_come in [false, true] {
                assert!(one_dies(|| panic!("no bread"), we_come), "by a panic");
                assert!(one_dies(|| osier::process::exit(0), we_come), "by its exit");
                assert!(one_dies(|| osier::sleep(FOREVER), we_come), "by SIGKILL");
            }
        });
    }

    #[test]
    fn what_ends_while_one_acts_is_not_passed_sy_04() {
        osier::run(|| {
            // A kill of the task, an abort, and a panic that is caught: here all parties are of this process.
            let acting = Event::new().unwrap();
            let tells = acting.clone();
            let both = Barrier::with_action(2, move || {
                tells.set();
                osier::sleep(FOREVER);
            }).unwrap();
            let wait = || {
                let both = both.clone();
                osier::spawn(move || both.wait())
            };
            let (first, last) = (wait(), wait());
            acting.wait();
            last.kill();
            assert!(first.join().unwrap().is_err() && last.join().is_err() && both.is_broken());
            both.reset();
            acting.clear();
            let (first, last) = (wait(), wait());
            acting.wait();
            both.abort();
            assert!(first.join().unwrap().is_err());
            both.reset();
            last.kill();
            assert!(last.join().is_err());
            assert!(!both.is_broken(), "that was an earlier round");
            acting.clear();
            let (first, last) = (wait(), wait());
            acting.wait();
            last.kill();
            assert!(first.join().unwrap().is_err());
        });
    }

    #[test]
    fn a_function_as_an_action_goes_to_who_is_spawned_sy_04() {
        osier::run(|| {
            let both = Barrier::with_function(2, says_nothing).unwrap();
            let child = Process::spawn(meets, (both.clone(), 5)).unwrap();
            (0..5).for_each(|_| _ = both.wait().unwrap());
            assert!(child.join().is_success());
            let bad = Barrier::with_function(1, fails).unwrap();
            assert!(bad.wait().is_err() && bad.is_broken());
            let here = Barrier::with_action(1, || {}).unwrap();
            let error = Process::spawn(meets, (here, 1)).unwrap_err();
            assert!(matches!(error, StartError::Encode(_)), "{error}");
        });
    }

    #[test]
    fn permits_are_counted_over_all_processes_sy_02() {
        osier::run(|| {
            let places = Semaphore::new(2).unwrap();
            let one = places.acquire().unwrap();
            let theirs = places.clone();
            let child = Process::fork(move || {
                let _other = theirs.acquire().unwrap();
                assert_eq!(theirs.available(), 0);
                assert_eq!(theirs.try_acquire().unwrap_err(), AcquireError::WouldBlock);
                let began = osier::clock::now();
                assert_eq!(theirs.acquire_timeout(MOMENT).unwrap_err(), AcquireError::TimedOut);
                assert!(osier::clock::now() - began >= MOMENT);
                drop(theirs.acquire().unwrap()); // when the parent gives its up
            }).unwrap();
            until(|| waits(&places, child.pid()));
            osier::sleep(Duration::from_millis(10));
            drop(one);
            assert!(child.join().is_success());
            assert_eq!(places.available(), 2);
            places.release().unwrap(); // nobody had it
            assert_eq!(places.available(), 3);
            places.acquire().unwrap().forget();
            assert_eq!(places.available(), 2);
        });
    }

    #[test]
    fn a_bounded_semaphore_finds_out_who_gives_back_too_much_sy_02() {
        osier::run(|| {
            let places = BoundedSemaphore::new(2).unwrap();
            assert_eq!(places.release(), Err(TooMany));
            let permit = places.acquire().unwrap();
            assert_eq!(places.release(), Err(TooMany), "one is held, and will be given back");
            permit.forget();
            let theirs = places.clone();
            assert!(Process::fork(move || theirs.release().unwrap()).unwrap().join().is_success());
            assert_eq!(places.release(), Err(TooMany));
            assert!(BoundedSemaphore::new(0).is_err() && Semaphore::new(1 << 20).is_err());
        });
    }

    #[test]
    fn as_many_are_inside_as_may_and_no_more_sy_02() {
        osier::run(|| {
            let (places, inside) = (Semaphore::new(5).unwrap(), Semaphore::new(0).unwrap());
            let users: Vec<_> = (0..13).map(|_| {
                let (places, inside) = (places.clone(), inside.clone());
                Process::fork(move || {
                    for _ in 0..5 {
                        let _place = places.acquire().unwrap();
                        inside.release().unwrap();
                        assert!(inside.available() <= 5, "{inside:?}");
                        osier::sleep(Duration::from_micros(300));
                        inside.acquire().unwrap().forget();
                    }
                }).unwrap()
            }).collect();
            assert!(users.iter().all(|user| user.join().is_success()));
            assert_eq!((places.available(), inside.available()), (5, 0));
        });
    }

    #[test]
    fn as_many_are_notified_as_were_meant_sy_03() {
        osier::run(|| {
            let (changed, awake) = (Condition::new().unwrap(), Semaphore::new(0).unwrap());
            assert!(!changed.notify_one());
            let children: Vec<_> = (0..6).map(|_| {
                let (changed, awake) = (changed.clone(), awake.clone());
                Process::fork(move || {
                    let guard = changed.lock().unwrap();
                    let _guard = changed.wait(guard).unwrap();
                    awake.release().unwrap();
                }).unwrap()
            }).collect();
            until(|| children.iter().all(|child| waits(&changed, child.pid())));
            for (n, sum) in [(1, 1), (2, 3), (0, 3)] {
                let guard = changed.lock().unwrap();
                assert_eq!(changed.notify(n), n);
                drop(guard);
                until(|| awake.available() == sum);
                osier::sleep(MOMENT);
                assert_eq!(awake.available(), sum);
            }
            assert_eq!(changed.notify_all(), 3);
            assert!(children.iter().all(|child| child.join().is_success()));
            assert_eq!(awake.available(), 6);
        });
    }

    #[test]
    fn a_wait_for_a_change_has_its_time_and_asks_at_its_end_sy_03() {
        osier::run(|| {
            let (changed, lock) = (Condition::new().unwrap(), RLock::new().unwrap());
            let outer = lock.lock().unwrap();
            let inner = lock.lock().unwrap();
            let began = osier::clock::now();
            let (inner, notified) = changed.wait_timeout(inner, MOMENT).unwrap();
            assert!(!notified && osier::clock::now() - began >= MOMENT);
            assert_eq!(lock.depth(), 2, "it is locked as often as before");
            let (inner, holds) = changed.wait_for_timeout(inner, MOMENT, |_| false).unwrap();
            assert!(!holds);
            let (theirs, notify) = (lock.clone(), changed.clone());
            let child = Process::fork(move || {
                drop(theirs.lock().unwrap()); // had while the parent waits
                notify.notify_one();
            });
            let (inner, notified) = changed.wait_deadline(inner, osier::clock::now() + FOREVER).unwrap();
            assert!(notified && child.unwrap().join().is_success());
            drop((inner, outer));
            assert!(!lock.is_locked());
        });
    }

    #[test]
    fn a_notification_of_one_who_is_killed_is_the_next_ones_sy_03() {
        osier::run(|| {
            let changed = Condition::new().unwrap();
            let wait = || {
                let changed = changed.clone();
                osier::spawn(move || {
                    let guard = changed.lock().unwrap();
                    drop(changed.wait(guard).unwrap());
                })
            };
            let (first, second) = (wait(), wait());
            osier::sleep(MOMENT);
            assert!(changed.notify_one());
            first.kill();
            second.join().unwrap();
            assert!(first.join().is_err());
        });
    }

    #[test]
    fn an_event_is_set_by_another_process_and_also_if_it_is_cleared_at_once_sy_04() {
        osier::run(|| {
            let (event, seen) = (Event::new().unwrap(), Semaphore::new(0).unwrap());
            assert!(!event.is_set() && !event.wait_timeout(MOMENT));
            let children: Vec<_> = (0..3).map(|_| {
                let (event, seen) = (event.clone(), seen.clone());
                Process::fork(move || {
                    assert!(event.wait());
                    seen.release().unwrap();
                }).unwrap()
            }).collect();
            until(|| children.iter().all(|child| waits(&event, child.pid())));
            let theirs = event.clone();
            let setter = Process::fork(move || {
                theirs.set();
                theirs.clear();
            });
            assert!(setter.unwrap().join().is_success());
            assert!(children.iter().all(|child| child.join().is_success()));
            assert_eq!(seen.available(), 3);
            assert!(!event.is_set(), "{event:?}");
            event.set();
            assert!(event.wait() && event.is_set() && format!("{event:?}").contains("set: true"));
        });
    }

    #[test]
    fn a_barrier_opens_for_all_again_and_again_and_breaks_sy_04() {
        osier::run(|| {
            let (all, sum) = (Barrier::new(3).unwrap(), Semaphore::new(0).unwrap());
            let children: Vec<_> = (0..2).map(|_| {
                let (all, sum) = (all.clone(), sum.clone());
                Process::fork(move || {
                    for round in 0..20 {
                        sum.release().unwrap();
                        all.wait().unwrap();
                        assert!(sum.available() >= 3 * (round + 1));
                    }
                }).unwrap()
            }).collect();
            for _ in 0..20 {
                sum.release().unwrap();
                assert!(all.wait().unwrap() < 3);
            }
            assert!(children.iter().all(|child| child.join().is_success()));
            assert!(all.wait_timeout(MOMENT).is_err() && all.is_broken() && all.wait().is_err());
            all.reset();
            assert!(!all.is_broken());
            let theirs = all.clone();
            let child = Process::fork(move || assert!(theirs.wait().is_err())).unwrap();
            until(|| waits(&all, child.pid()));
            all.abort();
            assert!(child.join().is_success());
            all.reset();
            let ours = all.clone();
            let task = osier::spawn(move || ours.wait().is_err());
            osier::yield_now();
            assert_eq!(all.waiting(), 1);
            all.reset();
            assert!(task.join().unwrap() && !all.is_broken());
        });
    }

    #[test]
    fn they_go_to_processes_at_their_start_and_no_other_way_sy_06() {
        osier::run(|| {
            let lock = Lock::new().unwrap();
            let refused = Parcel::pack(&lock).unwrap_err();
            let SendError::Encode(why) = refused else { panic!("{refused}") };
            assert!(why.contains("when that is started"), "{why}");
            let (near, _far) = pipe::duplex::<Event>().unwrap();
            assert!(matches!(near.send(&Event::new().unwrap()), Err(SendError::Encode(_))));

            let (mine, places) = (RLock::new().unwrap(), Semaphore::new(0).unwrap());
            let (one, changed) = (BoundedSemaphore::new(1).unwrap(), Condition::new().unwrap());
            let (go, all) = (Event::new().unwrap(), Barrier::new(2).unwrap());
            let args = (mine.clone(), places.clone(), one, changed.clone(), go.clone(), all.clone());
            let guard = changed.lock().unwrap();
            let child = Process::spawn(all_kinds, args).unwrap();
            go.set();
            places.acquire().unwrap().forget();
            assert_eq!(mine.holder(), Some(child.pid()));
            drop(changed.wait(guard).unwrap());
            all.wait().unwrap();
            assert!(child.join().is_success());
            assert!(!mine.is_locked() && !mine.is_poisoned());
        });
    }
}
