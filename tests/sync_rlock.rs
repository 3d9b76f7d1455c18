//! Re-entrant locks.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use osier::sync::{AcquireError, Condition, Event, Mutex, RLock};
use osier::{clock, idle, sleep, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, text_of};

#[test]
fn its_owner_gets_in_again_and_others_when_all_guards_are_gone_lk_06() {
    osier::run(|| {
        let lock = Rc::new(RLock::new(Cell::new(0)));
        let guards = [(); 3].map(|()| lock.lock().unwrap());
        let locks = lock.clone();
        let other = spawn(move || {
            assert!(!locks.is_owned() && locks.is_locked());
            locks.lock().unwrap().set(1);
        });
        for guard in guards {
            idle();
            assert!(!other.is_finished() && lock.is_owned() && guard.get() == 0);
            drop(guard);
        }
        assert!(!lock.is_owned()); // handed over
        other.join().unwrap();
        assert!(!lock.is_locked());
        assert_eq!(lock.lock().unwrap().get(), 1);
    });
}

#[test]
fn a_wait_with_a_limit_ends_with_its_time_lk_06() {
    osier::run(|| {
        let lock = Rc::new(RLock::new(()));
        let _guard = lock.lock_timeout(SHORT).unwrap();
        let _again = lock.lock_deadline(clock::now()).unwrap();
        let locks = lock.clone();
        let other = spawn(move || {
            assert_eq!(locks.try_lock().unwrap_err(), AcquireError::WouldBlock);
            assert_eq!(locks.lock_timeout(SHORT).unwrap_err(), AcquireError::TimedOut);
            assert_eq!(locks.lock_deadline(clock::now()).unwrap_err(), AcquireError::TimedOut);
        });
        other.join().unwrap();
    });
}

#[test]
fn letting_go_of_what_another_one_has_locked_is_told_lk_06() {
    osier::run(|| {
        let lock: &'static RLock = Box::leak(Box::new(RLock::new(())));
        let guard = lock.lock().unwrap();
        let error = spawn(move || drop(guard)).join().unwrap_err();
        assert!(error.message().unwrap().contains("that another one has locked"), "{error}");
        assert!(!lock.is_locked());
    });
}

#[test]
fn another_one_is_kept_out_until_the_count_is_zero_th_06() {
    osier::run(|| {
        let lock = Rc::new(RLock::new(RefCell::new(Vec::new())));
        let (first, second) = (lock.lock().unwrap(), lock.try_lock().unwrap());
        let locks = lock.clone();
        let other = spawn(move || locks.lock().unwrap().borrow_mut().push("other"));
        yield_now();
        drop(first);
        idle();
        assert!(!other.is_finished());
        second.borrow_mut().push("owner");
        drop(second);
        other.join().unwrap();
        assert_eq!(*lock.lock().unwrap().borrow(), ["owner", "other"]);
    });
}

#[test]
fn a_wait_that_is_cut_short_leaves_the_lock_as_it_was_th_06() {
    osier::run(|| {
        let lock = Rc::new(RLock::new(()));
        let guard = lock.lock().unwrap();
        let wait = || {
            let lock = lock.clone();
            spawn(move || drop(lock.lock().unwrap()))
        };
        let [first, second] = [wait(), wait()];
        yield_now();
        first.kill();
        assert!(first.join().unwrap_err().is_killed());
        let locks = lock.clone();
        let timed = spawn(move || timeout(SHORT, || drop(locks.lock())).is_err());
        assert!(timed.join().unwrap());
        assert!(lock.is_owned() && !second.is_finished());
        drop(guard);
        second.join().unwrap();
        assert!(!lock.is_locked());
    });
}

#[test]
fn a_kill_at_the_hand_over_loses_nothing_th_06() {
    osier::run(|| {
        let lock = Rc::new(RLock::new(()));
        let guard = lock.lock().unwrap();
        let wait = || {
            let lock = lock.clone();
            spawn(move || {
                let _guard = lock.lock().unwrap();
                sleep(FOREVER);
            })
        };
        let tasks = [wait(), wait()];
        yield_now();
        drop(guard);
        for task in tasks {
            task.kill();
            assert!(task.join().unwrap_err().is_killed());
        }
        assert!(!lock.is_locked());
    });
}

#[test]
fn two_locks_of_which_one_is_taken_twice_are_no_deadlock() {
    osier::run(|| {
        let lock = Rc::new(RLock::new(Cell::new(0)));
        let both = move |amount: i32| {
            let _outer = lock.lock().unwrap();
            yield_now();
            let inner = lock.lock().unwrap();
            inner.set(inner.get() + amount);
            inner.get()
        };
        let tasks = [1, 2, 3].map(|i| {
            let both = both.clone();
            spawn(move || both(i))
        });
        assert_eq!(osier::join_all(tasks).into_iter().map(Result::unwrap).max(), Some(6));
    });
}

#[test]
fn a_panic_leaves_no_poison() {
    osier::run(|| {
        let lock = Rc::new(RLock::new(()));
        let locks = lock.clone();
        let task = spawn(move || {
            let _guard = locks.lock().unwrap();
            panic!("expected");
        });
        assert!(task.join().unwrap_err().is_panic());
        assert!(lock.lock().is_ok());
    });
}

#[test]
fn a_condition_lets_go_of_all_levels_and_takes_them_again() {
    osier::run(|| {
        let shared = Rc::new((RLock::new(Cell::new(false)), Condition::new()));
        let waits = shared.clone();
        let task = spawn(move || {
            let (lock, changed) = &*waits;
            let outer = lock.lock().unwrap();
            let inner = lock.lock().unwrap();
            let inner = changed.wait_for(inner, |flag| flag.get()).unwrap();
            drop(inner);
            let still_mine = lock.is_owned();
            drop(outer);
            still_mine && !lock.is_owned()
        });
        yield_now();
        shared.0.try_lock().unwrap().set(true);
        shared.1.notify_all();
        assert!(task.join().unwrap());
        assert!(!shared.0.is_locked());
    });
}

#[test]
fn while_unwinding_there_is_no_waiting() {
    osier::run(|| {
        let (lock, cue) = (Rc::new(RLock::new(())), Rc::new(Event::new()));
        let (locks, waits) = (lock.clone(), cue.clone());
        let holder = spawn(move || {
            let _guard = locks.lock().unwrap();
            waits.wait();
        });
        yield_now();
        let seen = Rc::new(Mutex::new(Vec::new()));
        let (locks, sees) = (lock.clone(), seen.clone());
        let task = spawn(move || {
            let mine = RLock::new(());
            let _guard = mine.lock().unwrap();
            let _note = OnDrop::new(|| {
                let mut seen = sees.lock().unwrap();
                seen.push(locks.lock().map(drop));
                seen.push(mine.lock().map(drop));
            });
            panic!("expected");
        });
        task.wait();
        assert_eq!(*seen.lock().unwrap(), [Err(AcquireError::Refused), Ok(())]);
        cue.set();
        holder.join().unwrap();
    });
}

#[test]
fn outside_of_a_task_it_is_re_entrant_too() {
    let lock = Rc::new(RLock::new(1));
    let outer = lock.lock().unwrap();
    assert_eq!(*outer + *lock.lock().unwrap(), 2);
    let locks = lock.clone();
    osier::run(move || assert_eq!(locks.lock_timeout(SHORT).unwrap_err(), AcquireError::TimedOut));
    drop(outer);
    assert!(!lock.is_locked());
    assert!(text_of(|| panic!("{lock:?}")).contains("lock: free, levels: 0"));
}
