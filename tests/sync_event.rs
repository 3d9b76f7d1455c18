//! Events.

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use osier::sync::Event;
use osier::{JoinHandle, Waitable, clock, idle, join_all, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT};

type Log = Rc<RefCell<Vec<usize>>>;

fn wait(event: &Rc<Event>, log: &Log, number: usize) -> JoinHandle<bool> {
    let (event, log) = (event.clone(), log.clone());
    let task = spawn(move || {
        let was_set = event.wait();
        log.borrow_mut().push(number);
        was_set
    });
    yield_now();
    task
}

#[test]
fn who_waits_goes_on_in_order_when_it_is_set_ev_02() {
    osier::run(|| {
        let (event, log) = (Rc::new(Event::new()), Log::default());
        let tasks: Vec<_> = (0..5).map(|i| wait(&event, &log, i)).collect();
        idle();
        assert!(log.borrow().is_empty());
        event.set();
        assert!(join_all(tasks).into_iter().all(Result::unwrap));
        assert_eq!(*log.borrow(), [0, 1, 2, 3, 4]);
        assert!(event.is_set() && event.wait());
    });
}

#[test]
fn who_comes_while_others_are_told_waits_behind_them_ev_02() {
    osier::run(|| {
        let (event, log) = (Rc::new(Event::new()), Log::default());
        let first = wait(&event, &log, 0);
        let (waits, logs) = (event.clone(), log.clone());
        let adds = spawn(move || {
            waits.wait();
            logs.borrow_mut().push(1);
            waits.clear();
            let late = wait(&waits, &logs, 3);
            waits.set();
            late.join().unwrap()
        });
        yield_now();
        let second = wait(&event, &log, 2);
        event.set();
        assert!(join_all([first, adds, second]).into_iter().all(Result::unwrap));
        assert_eq!(*log.borrow(), [0, 1, 2, 3]);
    });
}

#[test]
fn who_waited_when_it_was_set_goes_on_though_it_is_cleared_at_once_ev_02() {
    osier::run(|| {
        let (event, log) = (Rc::new(Event::new()), Log::default());
        let tasks = [0, 1].map(|i| wait(&event, &log, i));
        event.set();
        event.clear();
        assert!(join_all(tasks).into_iter().all(Result::unwrap));
        assert!(!event.is_set() && !event.is_ready());
        assert!(!event.wait_timeout(SHORT));
    });
}

#[test]
fn one_whose_time_is_up_leaves_nothing_behind_ev_02() {
    osier::run(|| {
        let event = Rc::new(Event::new());
        assert!(!event.wait_timeout(SHORT));
        assert!(!event.wait_deadline(clock::now()));
        assert!(timeout(SHORT, || event.wait()).is_err());
        assert_eq!(format!("{event:?}"), "Event { is_set: false, waiters: [], watchers: 0 }");
        event.set();
        assert!(event.wait_timeout(SHORT) && event.wait_deadline(clock::now()));
        assert!(event.is_ready());
    });
}

#[test]
fn one_that_is_killed_does_not_keep_the_others_ev_02() {
    osier::run(|| {
        let (event, log) = (Rc::new(Event::new()), Log::default());
        let [first, second, third] = [0, 1, 2].map(|i| wait(&event, &log, i));
        second.kill();
        event.set(); // in the same turn: it was told
        assert!(second.join().unwrap());
        join_all([first, third]);
        event.clear();
        let killed = wait(&event, &log, 3);
        killed.kill();
        assert!(killed.join().unwrap_err().is_killed());
        assert_eq!(*log.borrow(), [1, 0, 2]); // the kill had put it in the queue first
    });
}

#[test]
fn a_time_out_as_it_is_set_comes_after_it_ev_02() {
    osier::run(|| {
        let event = Rc::new(Event::new());
        let waits = event.clone();
        let task = spawn(move || waits.wait_deadline(clock::now()));
        yield_now();
        event.set();
        assert!(task.join().unwrap());
    });
}

#[test]
fn boss_and_workers_th_05() {
    osier::run(|| {
        let (event, log) = (Rc::new(Event::new()), Log::default());
        let workers: Vec<_> = (0..10).map(|i| wait(&event, &log, i)).collect();
        assert!(!event.is_set());
        for _ in 0..2 {
            event.set();
            event.set(); // twice is once
        }
        join_all(workers);
        event.clear();
        event.clear();
        assert!(!event.wait_timeout(SHORT));
    });
}

#[test]
fn where_there_is_no_waiting_it_tells_whether_it_is_set() {
    let event = Rc::new(Event::new());
    assert!(!event.wait() && !event.wait_timeout(FOREVER));
    osier::run(|| {
        let seen = Log::default();
        let (waits, sees) = (event.clone(), seen.clone());
        let task = spawn(move || {
            let _note = OnDrop::new(|| {
                sees.borrow_mut().push(usize::from(waits.wait()));
                waits.set();
                sees.borrow_mut().push(usize::from(waits.wait_timeout(FOREVER)));
            });
            panic!("expected");
        });
        task.wait();
        assert_eq!(*seen.borrow(), [0, 1]);
    });
}
