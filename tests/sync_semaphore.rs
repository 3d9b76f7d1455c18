//! Semaphores.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use osier::sync::{AcquireError, BoundedSemaphore, Event, Semaphore};
use osier::{JoinHandle, Waitable, clock, idle, join_all, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, text_of, wait_for_nobody};

type Log = Rc<RefCell<Vec<usize>>>;

/// Who takes `n` permits for good and notes its number, once it is in line.
fn take(semaphore: &Rc<Semaphore>, log: &Log, number: usize, n: usize) -> JoinHandle<()> {
    let (semaphore, log) = (semaphore.clone(), log.clone());
    let task = spawn(move || {
        semaphore.acquire_many(n).unwrap().forget();
        log.borrow_mut().push(number);
    });
    yield_now();
    task
}

#[test]
fn so_many_are_inside_at_a_time_lk_01() {
    osier::run(|| {
        let (places, inside, most) =
            (Rc::new(Semaphore::new(5)), Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        let guest = |_| {
            let (places, inside, most) = (places.clone(), inside.clone(), most.clone());
            spawn(move || {
                let place = places.acquire().unwrap();
                inside.set(inside.get() + place.count());
                most.set(most.get().max(inside.get()));
                yield_now();
                inside.set(inside.get() - 1);
            })
        };
        join_all((0..20).map(guest));
        assert_eq!((most.get(), inside.get(), places.available()), (5, 0, 5));
    });
}

#[test]
fn it_may_get_more_permits_than_at_first_and_counts_them_lk_01() {
    let semaphore = Semaphore::new(1);
    assert_eq!(semaphore.release(1), 2);
    assert_eq!(semaphore.release(3), 5);
    let permit = semaphore.try_acquire_many(4).unwrap();
    assert_eq!(semaphore.try_acquire_many(2).unwrap_err(), AcquireError::WouldBlock);
    assert_eq!((permit.count(), semaphore.available()), (4, 1));
    drop(permit);
    assert_eq!(semaphore.available(), 5);
}

#[test]
fn a_wait_with_a_limit_ends_with_its_time_lk_01() {
    osier::run(|| {
        let semaphore = Semaphore::new(0);
        assert_eq!(semaphore.try_acquire().unwrap_err(), AcquireError::WouldBlock);
        assert_eq!(semaphore.acquire_timeout(SHORT).unwrap_err(), AcquireError::TimedOut);
        assert_eq!(semaphore.acquire_deadline(clock::now()).unwrap_err(), AcquireError::TimedOut);
        assert_eq!(semaphore.acquire_many_timeout(2, SHORT).unwrap_err(), AcquireError::TimedOut);
        assert_eq!(semaphore.wait_timeout(SHORT).unwrap_err(), AcquireError::TimedOut);
        assert_eq!(semaphore.wait_deadline(clock::now()).unwrap_err(), AcquireError::TimedOut);
        assert!(timeout(SHORT, || drop(semaphore.acquire())).is_err());
        semaphore.release(2);
        assert!(semaphore.acquire_timeout(FOREVER).is_ok());
        assert!(semaphore.acquire_many_deadline(2, clock::now()).is_ok());
        assert_eq!(semaphore.available(), 2);
    });
}

#[test]
fn waiting_without_taking_tells_how_many_there_are_lk_01() {
    osier::run(|| {
        let semaphore = Rc::new(Semaphore::new(3));
        assert_eq!(semaphore.wait(), Ok(3));
        let permits = semaphore.acquire_many(3).unwrap();
        let waits = semaphore.clone();
        let looks = spawn(move || waits.wait());
        let log = Log::default();
        yield_now();
        let takes = take(&semaphore, &log, 0, 3);
        drop(permits);
        assert_eq!(looks.join().unwrap(), Ok(3)); // in its place, before it was taken
        takes.join().unwrap();
        assert_eq!(semaphore.available(), 0);
    });
}

#[test]
fn whoever_waits_longest_is_next_and_starves_nobody_lk_02() {
    osier::run(|| {
        let (semaphore, log) = (Rc::new(Semaphore::new(0)), Log::default());
        let tasks: Vec<_> = (0..5).map(|i| take(&semaphore, &log, i, 1)).collect();
        semaphore.release(5);
        join_all(tasks);
        assert_eq!(*log.borrow(), [0, 1, 2, 3, 4]);
    });
}

#[test]
fn tasks_that_take_and_come_again_all_get_their_turns_lk_02() {
    osier::run(|| {
        let (semaphore, log) = (Rc::new(Semaphore::new(1)), Log::default());
        let task = |name| {
            let (semaphore, log) = (semaphore.clone(), log.clone());
            spawn(move || {
                for _ in 0..3 {
                    let _permit = semaphore.acquire().unwrap();
                    log.borrow_mut().push(name);
                    yield_now();
                }
            })
        };
        join_all([0, 1, 2].map(task));
        assert_eq!(*log.borrow(), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
    });
}

#[test]
fn a_permit_that_somebody_waits_for_is_handed_to_that_one_c_14() {
    osier::run(|| {
        let (semaphore, log) = (Rc::new(Semaphore::new(0)), Log::default());
        let task = take(&semaphore, &log, 0, 1);
        semaphore.release(1);
        assert!(semaphore.try_acquire().is_err() && semaphore.available() == 0);
        task.join().unwrap();
    });
}

#[test]
fn one_that_wants_many_is_not_overtaken() {
    osier::run(|| {
        let (semaphore, log) = (Rc::new(Semaphore::new(2)), Log::default());
        let many = take(&semaphore, &log, 0, 3);
        let few = take(&semaphore, &log, 1, 1);
        assert!(semaphore.try_acquire().is_err());
        assert_eq!(semaphore.available(), 0);
        semaphore.release(1);
        many.join().unwrap();
        assert!(!few.is_finished());
        semaphore.release(1);
        few.join().unwrap();
        assert_eq!(*log.borrow(), [0, 1]);
    });
}

#[test]
fn one_that_gives_up_makes_room_for_those_behind_it() {
    osier::run(|| {
        let (semaphore, log) = (Rc::new(Semaphore::new(2)), Log::default());
        let many = take(&semaphore, &log, 0, 3);
        let few = [1, 2].map(|i| take(&semaphore, &log, i, 1));
        many.kill();
        join_all(few);
        let waits = semaphore.clone();
        let timed = spawn(move || waits.acquire_many_timeout(2, SHORT).is_err());
        yield_now();
        semaphore.release(1);
        let last = take(&semaphore, &log, 3, 1);
        assert!(timed.join().unwrap());
        last.join().unwrap();
        assert_eq!(*log.borrow(), [1, 2, 3]);
    });
}

#[test]
fn a_kill_at_the_hand_over_passes_the_permit_on() {
    osier::run(|| {
        let semaphore = Rc::new(Semaphore::new(0));
        let waits = |_| {
            let semaphore = semaphore.clone();
            spawn(move || {
                let _permit = semaphore.acquire().unwrap();
                wait_for_nobody();
            })
        };
        let tasks = [0, 1, 2].map(waits);
        yield_now();
        semaphore.release(1);
        for task in tasks {
            task.kill();
            assert!(task.join().unwrap_err().is_killed());
        }
        assert_eq!(semaphore.available(), 1);
    });
}

#[test]
fn it_is_ready_while_a_permit_is_free() {
    osier::run(|| {
        let semaphore = Semaphore::new(1);
        assert!(semaphore.is_ready());
        let permit = semaphore.acquire().unwrap();
        assert!(!semaphore.is_ready());
        drop(permit);
        assert!(semaphore.is_ready());
        assert!(BoundedSemaphore::new(1).is_ready());
    });
}

#[test]
fn a_bounded_one_tells_of_what_nobody_has_taken_lk_05() {
    let semaphore = BoundedSemaphore::new(2);
    let text = text_of(|| semaphore.release(1));
    assert!(text.contains("more permits than its bound"), "{text}");
    assert_eq!(semaphore.available(), 2);
    let permits = semaphore.acquire_many(2).unwrap();
    semaphore.release(2); // not what was to be done with them
    assert!(text_of(|| drop(permits)).contains("more permits than its bound"));
    semaphore.acquire().unwrap().forget();
    assert_eq!(semaphore.release(1), 2);
}

#[test]
fn an_unlimited_one_makes_nobody_wait_lk_05() {
    osier::no_switch(|| {
        let semaphore = Semaphore::unlimited();
        let permits: Vec<_> = (0..100).map(|_| semaphore.acquire().unwrap()).collect();
        assert!(semaphore.try_acquire_many(1 << 40).is_ok());
        drop(permits);
        assert_eq!(semaphore.release(1), semaphore.available());
        assert!(format!("{semaphore:?}").contains("unlimited"));
    });
}

#[test]
fn zero_permits_are_refused_th_05() {
    let semaphore = Semaphore::new(1);
    assert!(text_of(|| semaphore.release(0)).contains("zero permits"));
    assert!(text_of(|| drop(semaphore.acquire_many(0))).contains("zero permits"));
    assert!(text_of(|| semaphore.release(usize::MAX)).contains("bound"));
    assert_eq!(semaphore.available(), 1);
}

#[test]
fn several_permits_at_once_wake_as_many_as_they_serve_th_05() {
    osier::run(|| {
        let (semaphore, log) = (Rc::new(Semaphore::new(0)), Log::default());
        let tasks: Vec<_> = (0..5).map(|i| take(&semaphore, &log, i, 1)).collect();
        semaphore.release(3);
        idle();
        assert_eq!(*log.borrow(), [0, 1, 2]);
        semaphore.release(2);
        join_all(tasks);
    });
}

#[test]
fn where_there_is_no_waiting_it_is_an_error() {
    let semaphore = Rc::new(Semaphore::new(0));
    assert_eq!(semaphore.acquire().unwrap_err(), AcquireError::Refused);
    assert_eq!(semaphore.wait().unwrap_err(), AcquireError::Refused);
    osier::run(|| {
        let seen = Rc::new(Event::new());
        let (waits, sees) = (semaphore.clone(), seen.clone());
        let task = spawn(move || {
            let _note = OnDrop::new(|| {
                assert_eq!(waits.acquire_timeout(FOREVER).unwrap_err(), AcquireError::Refused);
                waits.release(1);
                assert!(waits.acquire().is_ok());
                sees.set();
            });
            panic!("expected");
        });
        assert!(task.join().unwrap_err().is_panic());
        assert!(seen.is_set());
        assert_eq!(semaphore.available(), 1);
    });
}

#[test]
fn it_says_how_many_are_free_and_who_waits() {
    osier::run(|| {
        let (semaphore, log) = (Rc::new(Semaphore::new(1)), Log::default());
        let task = take(&semaphore, &log, 0, 2);
        let text = format!("{semaphore:?}");
        assert!(text.contains("free: 1, waiters: [Unparker"), "{text}");
        assert!(osier::dump().to_string().contains("waiting for permits of a semaphore"));
        task.kill();
    });
}
