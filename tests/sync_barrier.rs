//! Barriers.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use osier::sync::{Barrier, BrokenBarrier, Event};
use osier::{JoinHandle, clock, idle, join_all, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, text_of};

fn wait(barrier: &Rc<Barrier>) -> JoinHandle<Result<usize, BrokenBarrier>> {
    let barrier = barrier.clone();
    let task = spawn(move || barrier.wait());
    yield_now();
    task
}

fn results<T>(tasks: impl IntoIterator<Item = JoinHandle<T>>) -> Vec<T> {
    join_all(tasks).into_iter().map(Result::unwrap).collect()
}

#[test]
fn all_go_on_together_round_after_round_th_05() {
    osier::run(|| {
        let (barrier, log) = (Rc::new(Barrier::new(3)), Rc::new(RefCell::new(Vec::new())));
        let task = |_| {
            let (barrier, log) = (barrier.clone(), log.clone());
            spawn(move || {
                for round in 0..4 {
                    log.borrow_mut().push(round);
                    barrier.wait().unwrap();
                }
            })
        };
        results((0..3).map(task));
        assert_eq!(*log.borrow(), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3]);
    });
}

#[test]
fn each_has_a_place_and_waiters_are_counted_th_05() {
    osier::run(|| {
        let barrier = Rc::new(Barrier::new(4));
        assert_eq!((barrier.parties(), barrier.waiting()), (4, 0));
        let tasks = [(); 3].map(|()| wait(&barrier));
        assert_eq!(barrier.waiting(), 3);
        assert!(format!("{barrier:?}").contains("parties: 4, waiters: [Unparker"));
        assert_eq!(barrier.wait(), Ok(3)); // without a switch
        assert_eq!(barrier.waiting(), 0);
        assert_eq!(results(tasks), [Ok(0), Ok(1), Ok(2)]);
    });
}

#[test]
fn one_for_nobody_is_refused_th_05() {
    assert!(text_of(|| Barrier::new(0)).contains("a barrier for nobody"));
    assert_eq!(Barrier::new(1).wait(), Ok(0));
}

#[test]
fn the_last_acts_before_all_go_on_th_05() {
    osier::run(|| {
        let log = Rc::new(RefCell::new(Vec::new()));
        let acts = log.clone();
        let barrier = Rc::new(Barrier::with_action(2, move || {
            yield_now();
            acts.borrow_mut().push("action");
        }));
        let task = |name| {
            let (barrier, log) = (barrier.clone(), log.clone());
            spawn(move || {
                barrier.wait().unwrap();
                log.borrow_mut().push(name);
            })
        };
        results(["a", "b"].map(task));
        assert_eq!(*log.borrow(), ["action", "b", "a"]); // the last need not wait for its turn
    });
}

#[test]
fn who_comes_during_the_action_belongs_to_the_next_round_th_05() {
    osier::run(|| {
        let go = Rc::new(Event::new());
        let waits = go.clone();
        let barrier = Rc::new(Barrier::with_action(2, move || assert!(waits.wait())));
        let [first, second, third] = [(); 3].map(|()| wait(&barrier));
        idle();
        assert!(!first.is_finished() && !third.is_finished());
        go.set();
        assert_eq!(results([first, second]), [Ok(0), Ok(1)]);
        idle();
        assert_eq!((barrier.waiting(), third.is_finished()), (1, false));
        assert_eq!(barrier.wait(), Ok(1));
        assert_eq!(third.join().unwrap(), Ok(0));
    });
}

#[test]
fn an_action_that_fails_breaks_it_th_05() {
    osier::run(|| {
        let barrier = Rc::new(Barrier::with_action(2, || panic!("expected")));
        let [first, second] = [(); 2].map(|()| wait(&barrier));
        assert_eq!(first.join().unwrap(), Err(BrokenBarrier));
        assert_eq!(second.join().unwrap_err().message(), Some("expected"));
        assert!(barrier.is_broken());
    });
}

#[test]
fn one_whose_time_is_up_breaks_it_for_all_th_05() {
    osier::run(|| {
        let barrier = Rc::new(Barrier::new(3));
        let task = wait(&barrier);
        assert_eq!(barrier.wait_timeout(SHORT), Err(BrokenBarrier));
        assert_eq!(task.join().unwrap(), Err(BrokenBarrier));
        assert!(barrier.is_broken());
        assert_eq!(barrier.wait(), Err(BrokenBarrier));
        barrier.reset();
        let tasks = [(); 2].map(|()| wait(&barrier));
        assert_eq!(barrier.wait_deadline(clock::now()), Ok(2)); // the last need not wait
        assert_eq!(results(tasks), [Ok(0), Ok(1)]);
        assert_eq!(barrier.wait_deadline(clock::now()), Err(BrokenBarrier));
    });
}

#[test]
fn one_that_is_killed_breaks_it_for_all() {
    osier::run(|| {
        let barrier = Rc::new(Barrier::new(3));
        let [first, second] = [(); 2].map(|()| wait(&barrier));
        first.kill();
        assert_eq!(second.join().unwrap(), Err(BrokenBarrier));
        assert!(first.join().unwrap_err().is_killed());
        barrier.reset();
        assert!(timeout(SHORT, || barrier.wait()).is_err());
        assert!(barrier.is_broken());
    });
}

#[test]
fn a_kill_as_all_go_on_comes_after_it() {
    osier::run(|| {
        let barrier = Rc::new(Barrier::new(2));
        let task = wait(&barrier);
        barrier.wait().unwrap();
        task.kill();
        assert_eq!(task.join().unwrap(), Ok(0));
        assert!(!barrier.is_broken());
    });
}

#[test]
fn it_can_be_broken_and_made_good_again_th_05() {
    osier::run(|| {
        let barrier = Rc::new(Barrier::new(2));
        let task = wait(&barrier);
        barrier.abort();
        assert_eq!(task.join().unwrap(), Err(BrokenBarrier));
        assert!(barrier.is_broken());
        barrier.reset();
        assert!(!barrier.is_broken());
        let task = wait(&barrier);
        barrier.reset();
        assert_eq!(task.join().unwrap(), Err(BrokenBarrier));
        assert!(!barrier.is_broken());
        let task = wait(&barrier);
        assert_eq!(barrier.wait(), Ok(1));
        assert_eq!(task.join().unwrap(), Ok(0));
    });
}

#[test]
fn a_reset_during_the_action_breaks_its_round_alone_th_05() {
    osier::run(|| {
        let (go, actions) = (Rc::new(Event::new()), Rc::new(Cell::new(0)));
        let (waits, counts) = (go.clone(), actions.clone());
        let barrier = Rc::new(Barrier::with_action(2, move || {
            counts.set(counts.get() + 1);
            assert!(waits.wait());
        }));
        let old = [(); 2].map(|()| wait(&barrier));
        barrier.reset();
        let new = [(); 2].map(|()| wait(&barrier)); // its action runs beside the old one's
        assert_eq!(actions.get(), 2);
        go.set();
        assert_eq!(results(old), [Err(BrokenBarrier); 2]);
        assert_eq!(results(new), [Ok(0), Ok(1)]);
    });
}

#[test]
fn an_action_of_an_old_round_that_fails_leaves_the_new_one_alone() {
    osier::run(|| {
        let go = Rc::new(Event::new());
        let waits = go.clone();
        let barrier = Rc::new(Barrier::with_action(2, move || {
            waits.wait();
            panic!("expected");
        }));
        let old = [(); 2].map(|()| wait(&barrier));
        barrier.reset();
        let new = wait(&barrier);
        go.set();
        let [first, second] = old;
        assert_eq!(first.join().unwrap(), Err(BrokenBarrier));
        assert!(second.join().unwrap_err().is_panic());
        assert!(!barrier.is_broken() && !new.is_finished());
        new.kill();
    });
}

#[test]
fn one_that_may_not_wait_breaks_it() {
    osier::run(|| {
        let barrier = Rc::new(Barrier::new(2));
        let breaks = barrier.clone();
        let task = spawn(move || {
            let _note =
                OnDrop::new(|| assert_eq!(breaks.wait_timeout(FOREVER), Err(BrokenBarrier)));
            panic!("expected");
        });
        assert_eq!(task.join().unwrap_err().message(), Some("expected"));
        assert!(barrier.is_broken());
    });
    assert_eq!(Barrier::new(2).wait(), Err(BrokenBarrier));
}
