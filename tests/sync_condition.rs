//! Conditions.

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use osier::sync::{Condition, LockError, Mutex};
use osier::{JoinHandle, clock, idle, join_all, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, text_of};

type Shared = Rc<(Mutex<Vec<u32>>, Condition)>;

fn shared() -> Shared {
    Rc::new((Mutex::new(Vec::new()), Condition::new()))
}

/// Who waits to be notified and then notes its number.
fn wait(shared: &Shared, number: u32) -> JoinHandle<()> {
    let shared = shared.clone();
    let task = spawn(move || {
        let guard = shared.0.lock().unwrap();
        shared.1.wait(guard).unwrap().push(number);
    });
    yield_now();
    task
}

#[test]
fn so_many_are_notified_as_were_asked_for_in_order_th_05() {
    osier::run(|| {
        let shared = shared();
        let tasks: Vec<_> = (0..6).map(|i| wait(&shared, i)).collect();
        assert!(!shared.0.is_locked());
        assert_eq!(shared.1.notify(2), 2);
        idle();
        assert_eq!(*shared.0.lock().unwrap(), [0, 1]);
        assert!(shared.1.notify_one());
        idle();
        assert_eq!(*shared.0.lock().unwrap(), [0, 1, 2]);
        assert_eq!(shared.1.notify_all(), 3);
        join_all(tasks);
        assert_eq!(*shared.0.lock().unwrap(), [0, 1, 2, 3, 4, 5]);
        assert_eq!((shared.1.notify(7), shared.1.notify_one()), (0, false));
    });
}

#[test]
fn a_notification_while_nobody_waits_is_gone_th_05() {
    osier::run(|| {
        let (lock, condition) = (Mutex::new(()), Condition::new());
        condition.notify_all();
        let guard = lock.lock().unwrap();
        let (_guard, was_notified) = condition.wait_timeout(guard, SHORT).unwrap();
        assert!(!was_notified && lock.is_locked());
    });
}

#[test]
fn waiting_for_a_predicate_asks_it_under_the_lock_th_05() {
    osier::run(|| {
        let shared = shared();
        let waits = shared.clone();
        let task = spawn(move || {
            let (mut asked, guard) = (0, waits.0.lock().unwrap());
            let guard = waits.1.wait_for(guard, |list| {
                asked += 1;
                list.len() >= 3
            });
            (asked, guard.unwrap().len())
        });
        yield_now();
        for i in 0..4 {
            shared.0.lock().unwrap().push(i);
            shared.1.notify_all();
            yield_now();
        }
        assert_eq!(task.join().unwrap(), (4, 3));
        let guard = shared.0.lock().unwrap();
        drop(shared.1.wait_for(guard, |list| list.len() == 4).unwrap()); // true already
    });
}

#[test]
fn a_wait_with_a_limit_ends_with_its_time_th_05() {
    osier::run(|| {
        let (lock, never) = (Mutex::new(0), Condition::new());
        let guard = lock.lock().unwrap();
        let (guard, notified) = never.wait_timeout(guard, SHORT).unwrap();
        assert!(!notified);
        let (guard, notified) = never.wait_deadline(guard, clock::now()).unwrap();
        assert!(!notified);
        let (guard, holds) = never.wait_for_timeout(guard, SHORT, |_| false).unwrap();
        assert!(!holds);
        let (mut guard, holds) = never.wait_for_deadline(guard, clock::now(), |_| true).unwrap();
        assert!(holds);
        *guard += 1;
        drop(guard);
        let waits = || drop(never.wait(lock.lock().unwrap()));
        assert!(timeout(SHORT, waits).is_err());
        assert!(!lock.is_locked() && !lock.is_poisoned() && !never.notify_one());
    });
}

#[test]
fn the_predicate_is_asked_once_more_when_time_is_up_th_05() {
    osier::run(|| {
        let (lock, never) = (Mutex::new(()), Condition::new());
        let mut asked = 0;
        let guard = lock.lock().unwrap();
        let (_guard, holds) = never
            .wait_for_timeout(guard, SHORT, |_| {
                asked += 1;
                asked == 2
            })
            .unwrap();
        assert!(holds);
    });
}

#[test]
fn a_notification_that_cannot_be_used_goes_to_the_next() {
    osier::run(|| {
        let shared = shared();
        let [first, second, third] = [0, 1, 2].map(|i| wait(&shared, i));
        let guard = shared.0.lock().unwrap();
        shared.1.notify_one();
        first.kill(); // it was notified, and cannot have the lock
        yield_now();
        drop(guard);
        assert!(first.join().unwrap_err().is_killed());
        second.join().unwrap();
        assert!(!third.is_finished());
        shared.1.notify_one();
        third.join().unwrap();
        assert_eq!(*shared.0.lock().unwrap(), [1, 2]);
    });
}

#[test]
fn one_that_was_notified_and_is_killed_goes_on_if_the_lock_is_free() {
    osier::run(|| {
        let shared = shared();
        let task = wait(&shared, 0);
        shared.1.notify_one();
        task.kill();
        task.join().unwrap();
        assert_eq!(*shared.0.lock().unwrap(), [0]);
    });
}

#[test]
fn poison_that_came_meanwhile_is_told() {
    osier::run(|| {
        let shared = shared();
        let waits = shared.clone();
        let task = spawn(move || {
            let result = waits.1.wait(waits.0.lock().unwrap());
            let guard = result.unwrap_err().into_guard().unwrap();
            guard.len()
        });
        yield_now();
        let poisons = shared.clone();
        let poison = spawn(move || {
            let _guard = poisons.0.lock().unwrap();
            panic!("expected");
        });
        poison.wait();
        shared.1.notify_all();
        assert_eq!(task.join().unwrap(), 0);
        let guard = shared.0.lock().unwrap_err().into_guard().unwrap();
        let error = shared.1.wait_timeout(guard, SHORT).unwrap_err();
        assert!(error.into_guard().is_some_and(|(_, notified)| !notified));
    });
}

#[test]
fn it_has_a_lock_of_its_own() {
    osier::run(|| {
        let (changed, list) = (Rc::new(Condition::new()), Rc::new(RefCell::new(Vec::new())));
        let (waits, takes) = (changed.clone(), list.clone());
        let task = spawn(move || {
            let guard = waits.lock().unwrap();
            let guard = waits.wait_for(guard, |_| !takes.borrow().is_empty()).unwrap();
            drop(guard);
            takes.borrow_mut().pop()
        });
        yield_now();
        let guard = changed.lock().unwrap();
        list.borrow_mut().push(7);
        changed.notify_one();
        drop(guard);
        assert_eq!(task.join().unwrap(), Some(7));
    });
}

#[test]
fn where_there_is_no_waiting_it_is_an_error_and_the_lock_is_let_go_of() {
    let shared = shared();
    assert!(matches!(shared.1.wait(shared.0.lock().unwrap()), Err(LockError::Refused)));
    assert!(!shared.0.is_locked());
    osier::run(|| {
        let waits = shared.clone();
        let task = spawn(move || {
            let _note = OnDrop::new(|| {
                let guard = waits.0.lock().unwrap();
                let result = waits.1.wait_timeout(guard, FOREVER);
                assert!(matches!(result, Err(LockError::Refused)));
            });
            panic!("expected");
        });
        assert_eq!(task.join().unwrap_err().message(), Some("expected"));
        assert!(!shared.0.is_locked() && !shared.0.is_poisoned());
    });
}

#[test]
fn inside_of_no_switch_a_wait_panics_and_leaves_the_line() {
    osier::run(|| {
        let shared = shared();
        let text = text_of(|| {
            osier::no_switch(|| drop(shared.1.wait(shared.0.lock().unwrap())));
        });
        assert!(text.contains("no_switch"), "{text}");
        assert!(!shared.1.notify_one());
    });
}

#[test]
fn it_says_who_waits() {
    osier::run(|| {
        let shared = shared();
        let task = wait(&shared, 0);
        let text = format!("{:?}", shared.1);
        assert!(text.contains("waiters: [Unparker"), "{text}");
        assert!(osier::dump().to_string().contains("waiting for a condition;"));
        task.kill();
    });
}
