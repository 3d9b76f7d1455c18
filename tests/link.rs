//! Links: what is called when a task has ended, and calls in the hub's next round.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use osier::{AsyncResult, Link, join_rest, run_callback, sleep, spawn, yield_now};
use support::{FOREVER, OnDrop, SHORT, logged, wait_for_nobody};

/// A list that tasks write to.
type Notes<T> = Rc<RefCell<Vec<T>>>;

#[test]
fn a_link_is_called_once_each_time_it_was_made_before_or_after_the_end_gl_07() {
    osier::run(|| {
        let notes: Notes<u32> = Notes::default();
        let task = spawn(|| 7);
        let note = || {
            let notes = notes.clone();
            move |outcome: Result<u32, _>| notes.borrow_mut().push(outcome.unwrap())
        };
        (0..3).for_each(|_| drop(task.link(note())));
        join_rest(None);
        assert_eq!(*notes.borrow(), [7; 3]);
        (0..2).for_each(|_| drop(task.link(note())));
        assert_eq!(notes.borrow().len(), 3, "later, not at once");
        join_rest(None);
        assert_eq!(*notes.borrow(), [7; 5]);
        assert_eq!(task.join().unwrap(), 7);
    });
}

#[test]
fn links_hand_outcomes_to_async_results_gl_07() {
    osier::run(|| {
        let (good, bad) = (AsyncResult::new(), AsyncResult::<u32>::new());
        spawn(|| 7).link_to(good.clone());
        let failing = spawn(|| panic!("no tea left"));
        failing.link_to(bad.clone());
        assert_eq!(good.get().unwrap(), 7);
        let error = bad.get().unwrap_err();
        assert_eq!(error.message(), Some("no tea left"));
        assert!(failing.join().unwrap_err().is_same(&error), "the very error");
    });
}

#[test]
fn a_link_may_wait_as_it_runs_in_a_task_of_its_own_gl_08() {
    osier::run(|| {
        let done = Rc::new(Cell::new(0));
        let task = spawn(|| ());
        for _ in 0..2 {
            let done = done.clone();
            let own = task.id();
            task.link(move |_| {
                assert_ne!(osier::current().id(), own);
                sleep(SHORT);
                done.set(done.get() + 1);
            });
        }
        task.wait();
        yield_now();
        assert_eq!(done.get(), 0);
        join_rest(None);
        assert_eq!(done.get(), 2);
    });
}

#[test]
fn a_raw_link_runs_in_the_hub_and_must_not_wait_gl_08() {
    let lines = logged(|| {
        osier::run(|| {
            let count = osier::active_count();
            let seen = Rc::new(Cell::new(None));
            let note = seen.clone();
            let task = spawn(|| 7);
            let own = task.task();
            task.rawlink(move |task| {
                assert!(task.is_finished());
                note.set(Some((task.id(), osier::active_count())));
            });
            task.rawlink(|_| sleep(SHORT));
            task.rawlink(|_| yield_now());
            task.wait();
            assert_eq!(seen.get(), Some((own.id(), count)), "no task was spawned for it");
            assert_eq!(task.join().unwrap(), 7);
        });
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(
        lines.iter().all(|line| line.contains("link") && line.contains("no_switch")),
        "{lines:?}"
    );
}

#[test]
fn a_raw_link_of_a_task_that_never_ran_runs_as_well_gl_08() {
    osier::run(|| {
        let called = Rc::new(Cell::new(0));
        let task = spawn(|| unreachable!("it was killed"));
        for _ in 0..2 {
            let called = called.clone();
            task.rawlink(move |task| {
                let spawned = spawn(yield_now);
                assert!(task.is_finished() && !spawned.is_finished());
                called.set(called.get() + 1);
            });
        }
        task.kill();
        task.wait();
        assert_eq!(called.get(), 2);
    });
}

#[test]
fn links_run_in_the_order_they_were_made_and_a_failing_one_is_logged_gl_09() {
    let notes: Notes<u32> = Notes::default();
    let lines = logged(|| {
        osier::run(|| {
            let task = spawn(|| 7);
            for i in 0..1000 {
                let notes = notes.clone();
                task.link(move |_| {
                    assert!(i % 100 != 50, "link {i} fails");
                    notes.borrow_mut().push(i);
                });
            }
            join_rest(None);
        });
    });
    let expected: Vec<u32> = (0..1000).filter(|i| i % 100 != 50).collect();
    assert_eq!(*notes.borrow(), expected);
    assert_eq!(lines.len(), 10, "{lines:?}");
}

#[test]
fn raw_links_run_in_order_and_a_failing_one_is_logged_gl_09() {
    let notes: Notes<u32> = Notes::default();
    let lines = logged(|| {
        osier::run(|| {
            let task = spawn(|| ());
            for i in 0..1000 {
                let notes = notes.clone();
                task.rawlink(move |_| {
                    assert!(i != 500, "link {i} fails");
                    notes.borrow_mut().push(i);
                });
            }
            task.wait();
        });
    });
    assert!(notes.borrow().iter().copied().eq((0..1000).filter(|i| *i != 500)));
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("link 500 fails"), "{lines:?}");
}

#[test]
fn a_link_can_be_taken_back_until_it_is_called_gl_09() {
    osier::run(|| {
        let notes: Notes<&str> = Notes::default();
        let task = spawn(|| ());
        let note = |what| {
            let notes = notes.clone();
            move |_: Result<(), _>| notes.borrow_mut().push(what)
        };
        let before = task.link(note("taken back before the end"));
        assert!(before.unlink() && !before.unlink());
        // The first link takes back the second one, which is about to be called.
        let second: Rc<Cell<Option<Link>>> = Rc::default();
        let (take, first) = (second.clone(), note("first"));
        task.link(move |outcome| {
            assert!(take.take().unwrap().unlink());
            first(outcome);
        });
        second.set(Some(task.link(note("second"))));
        let third = task.link(note("third"));
        join_rest(None);
        assert_eq!(*notes.borrow(), ["first", "third"]);
        assert!(!third.unlink(), "it was called");

        // The same with raw ones, and after the end.
        let task = spawn(|| ());
        let second: Rc<Cell<Option<Link>>> = Rc::default();
        let take = second.clone();
        task.rawlink(move |_| assert!(take.take().unwrap().unlink()));
        second.set(Some(task.rawlink(|_| unreachable!("it was taken back"))));
        task.wait();
        assert!(task.link(|_| unreachable!("it was taken back")).unlink());
        assert!(task.rawlink(|_| unreachable!("it was taken back")).unlink());
        join_rest(None);
    });
}

#[test]
fn what_a_link_holds_goes_with_it_gl_09() {
    osier::run(|| {
        let gone = Rc::new(Cell::new(0));
        let task = spawn(|| sleep(FOREVER));
        let held = || {
            let gone = gone.clone();
            OnDrop::new(move || gone.set(gone.get() + 1))
        };
        let (a, b, c) = (held(), held(), held());
        let first = task.task().link(move |_| drop(a));
        let _kept = task.task().link(move |_| drop(b));
        task.task().rawlink(move |_| drop(c));
        assert!(first.unlink());
        assert_eq!(gone.get(), 1);
        task.kill();
        join_rest(None);
        assert_eq!(gone.get(), 3);
    });
}

#[test]
fn a_link_for_values_hears_of_values_alone_gl_10() {
    osier::run(|| {
        let notes: Notes<String> = Notes::default();
        let tasks = [spawn(|| 7), spawn(|| panic!("no tea left")), spawn(|| unreachable!())];
        for task in &tasks {
            let (values, errors) = (notes.clone(), notes.clone());
            task.link_value(move |value| values.borrow_mut().push(format!("value {value}")));
            task.link_error(move |error| errors.borrow_mut().push(format!("error {error}")));
        }
        tasks[2].kill();
        let ends_itself = spawn(|| osier::current().kill());
        ends_itself.link_error(|_| unreachable!("to end oneself is not to fail"));
        join_rest(None);
        assert_eq!(*notes.borrow(), ["value 7", "error the task panicked: no tea left"]);
        // The same after the end.
        notes.borrow_mut().clear();
        for task in &tasks {
            let (values, errors) = (notes.clone(), notes.clone());
            task.link_value(move |value| values.borrow_mut().push(format!("value {value}")));
            task.link_error(move |error| errors.borrow_mut().push(format!("error {error}")));
        }
        join_rest(None);
        assert_eq!(*notes.borrow(), ["value 7", "error the task panicked: no tea left"]);
    });
}

#[test]
fn a_link_that_was_told_has_looked_at_the_error_c_28() {
    let lines = logged(|| {
        osier::run(|| {
            spawn(|| panic!("looked at")).link_error(|error| assert!(error.is_panic()));
            let task = spawn(|| -> u32 { panic!("looked at") });
            task.link(|outcome| assert!(outcome.is_err()));
            drop(task);
            spawn(|| -> u32 { panic!("not looked at") }).link_value(|_| unreachable!());
            join_rest(None);
        });
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn a_clone_that_panics_harms_its_link_alone() {
    #[derive(Debug)]
    struct Touchy;
    impl Clone for Touchy {
        fn clone(&self) -> Touchy {
            panic!("do not touch")
        }
    }
    let lines = logged(|| {
        osier::run(|| {
            let called = Rc::new(Cell::new(false));
            let flag = called.clone();
            let task = spawn(|| Touchy);
            task.link(|_| unreachable!("there is nothing to tell"));
            task.task().link(move |_| flag.set(true));
            join_rest(None);
            assert!(called.get());
            task.join().unwrap();
        });
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("do not touch"), "{lines:?}");
}

#[test]
fn a_clone_may_drop_the_handle_and_wait() {
    thread_local!(static HANDLE: RefCell<Option<osier::JoinHandle<Sly>>> = const { RefCell::new(None) });
    struct Sly(Rc<Cell<i32>>);
    impl Clone for Sly {
        fn clone(&self) -> Sly {
            HANDLE.with_borrow_mut(Option::take);
            yield_now();
            self.0.set(self.0.get() + 1);
            Sly(self.0.clone())
        }
    }
    impl Drop for Sly {
        fn drop(&mut self) {
            self.0.set(self.0.get() - 1);
        }
    }
    osier::run(|| {
        let count = Rc::new(Cell::new(1));
        let own = count.clone();
        let task = spawn(move || Sly(own));
        let seen = count.clone();
        task.link(move |outcome| assert!(outcome.is_ok() && seen.get() == 1));
        HANDLE.set(Some(task));
        join_rest(None);
        assert_eq!(count.get(), 0, "each was dropped once");
    });
}

#[test]
fn links_that_come_during_the_notification_are_called_as_well() {
    osier::run(|| {
        let count = Rc::new(Cell::new(0));
        let task = spawn(|| ());
        let (outer, inner) = (count.clone(), count.clone());
        task.rawlink(move |task| {
            task.link(move |_| inner.set(inner.get() + 1));
            let again = outer.clone();
            task.rawlink(move |_| again.set(again.get() + 10));
        });
        join_rest(None);
        assert_eq!(count.get(), 11);
    });
}

#[test]
fn what_is_linked_to_a_daemon_does_not_hold_up_the_run() {
    osier::run(|| {
        let plan = osier::Builder::new().daemon(true);
        let task = plan.spawn(|| ()).unwrap();
        task.link(|_| {
            assert!(osier::current().is_daemon());
            wait_for_nobody();
        });
        task.wait();
    });
}

#[test]
fn a_callback_runs_once_in_the_next_round_hu_09() {
    osier::run(|| {
        let notes: Notes<&str> = Notes::default();
        let note = |what| {
            let notes = notes.clone();
            move || notes.borrow_mut().push(what)
        };
        let first = run_callback(note("first"));
        let stopped = run_callback(note("stopped"));
        let (outer, inner) = (note("outer"), note("inner"));
        run_callback(move || {
            outer();
            run_callback(inner);
        });
        run_callback(note("last of its round"));
        assert!(first.is_pending() && stopped.is_pending());
        assert!(stopped.stop() && !stopped.stop() && !stopped.is_pending());
        assert!(notes.borrow().is_empty(), "not at once");
        yield_now();
        assert!(!first.is_pending() && !first.stop());
        assert_eq!(*notes.borrow(), ["first", "outer", "last of its round"]);
        yield_now();
        assert_eq!(notes.borrow()[3..], ["inner"]);
    });
}

#[test]
fn a_callback_that_waits_or_panics_is_logged_hu_09() {
    let lines = logged(|| {
        osier::run(|| {
            run_callback(|| sleep(Duration::from_secs(1)));
            run_callback(|| panic!("no tea left"));
            let reached = Rc::new(Cell::new(false));
            let flag = reached.clone();
            run_callback(move || flag.set(true));
            join_rest(None);
            assert!(reached.get());
        });
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
}
