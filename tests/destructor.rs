//! Destructors that no task runs, or that run when their task is about to be gone.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use osier::{JoinHandle, sleep, spawn, yield_now};
use support::{FOREVER, OnDrop, SHORT, logged, text_of};

fn bomb(what: &'static str) -> OnDrop<impl FnOnce()> {
    OnDrop::new(move || panic!("expected, from {what}"))
}

/// That the log tells of these destructors, and of nothing else.
fn assert_told(lines: &[String], of: &[&str]) {
    assert_eq!(lines.len(), of.len(), "{lines:?}");
    for (line, what) in lines.iter().zip(of) {
        assert!(line.contains("a destructor panicked"), "{line}");
        assert!(line.contains(&format!("expected, from {what}")), "{line}");
    }
}

#[test]
fn one_of_a_result_nobody_takes_is_caught() {
    let lines = logged(|| {
        osier::run(|| {
            drop(spawn(|| bomb("a detached task")));
            yield_now();
            let task = spawn(|| bomb("an ended task"));
            task.wait();
            drop(task);
            assert!(sleep_is_still_possible());
        });
    });
    assert_told(&lines, &["a detached task", "an ended task"]);

    fn sleep_is_still_possible() -> bool {
        sleep(SHORT);
        true
    }
}

#[test]
fn one_of_a_result_that_left_the_run_is_caught() {
    let lines = logged(|| {
        let task: JoinHandle<_> = osier::run(|| {
            let task = spawn(|| bomb("after the run"));
            task.wait();
            task
        });
        drop(task);
    });
    assert_told(&lines, &["after the run"]);
}

#[test]
fn one_of_a_closure_that_never_ran_is_caught() {
    let lines = logged(|| {
        osier::run(|| {
            let taken = bomb("a killed task");
            let task = spawn(move || drop(taken));
            task.kill();
            assert!(task.join().unwrap_err().is_killed());
            spawn(|| ()).join().unwrap();
        });
    });
    assert_told(&lines, &["a killed task"]);
}

#[test]
fn one_of_a_closure_that_runs_is_its_tasks_panic() {
    let lines = logged(|| {
        osier::run(|| {
            let taken = bomb("a closure");
            let error = spawn(move || drop(taken)).join().unwrap_err();
            assert_eq!(error.message(), Some("expected, from a closure"));
        });
    });
    assert!(lines.is_empty(), "{lines:?}");
}

#[test]
fn one_that_no_task_runs_may_look_around_but_not_wait() {
    osier::run(|| {
        let told = Rc::new(RefCell::new(String::new()));
        let tells = told.clone();
        let slept = Rc::new(Cell::new(false));
        let sleeps = slept.clone();
        let taken = OnDrop::new(move || {
            *tells.borrow_mut() = text_of(osier::current);
            assert!(spawn(|| ()).join().unwrap_err().to_string().contains("may not wait"));
            let remote = osier::handle().spawn(|| ());
            assert!(remote.join().unwrap_err().to_string().contains("may not wait"));
            assert_eq!(osier::thread::offload(|| 7), 7);
            assert!(text_of(osier::Unparker::current).contains("only a task can wait"));
            let began = osier::clock::now();
            yield_now();
            sleep(SHORT); // stops the thread
            sleeps.set(began.elapsed() >= SHORT);
        });
        let task = spawn(move || drop(taken));
        task.kill();
        task.wait();
        assert!(told.borrow().contains("this is a destructor that the hub runs"), "{told:?}");
        assert!(slept.get());
    });
}

#[test]
fn one_of_a_result_may_wait_where_its_task_ends() {
    osier::run(|| {
        let ended = Rc::new(Cell::new(false));
        let ends = ended.clone();
        drop(spawn(move || {
            OnDrop::new(move || {
                sleep(SHORT);
                ends.set(true);
            })
        }));
        spawn(|| ()).join().unwrap();
        assert!(!ended.get());
        sleep(FOREVER.min(4 * SHORT));
        assert!(ended.get());
    });
}

#[test]
fn ones_of_daemons_run_before_run_returns() {
    let ended = Cell::new(0);
    let counts = Rc::new(Cell::new(0));
    let inner = counts.clone();
    osier::run(|| {
        for _ in 0..10 {
            let counts = inner.clone();
            let wait = move || {
                let _note = OnDrop::new(|| counts.set(counts.get() + 1));
                sleep(FOREVER);
            };
            osier::Builder::new().daemon(true).spawn(wait).unwrap();
        }
        yield_now();
        ended.set(counts_now(&inner));
    });
    assert_eq!((ended.get(), counts.get()), (0, 10));

    fn counts_now(counts: &Cell<i32>) -> i32 {
        counts.get()
    }
}

#[test]
fn one_that_panics_while_its_task_unwinds_ends_the_process_as_std_does() {
    let name = "one_that_panics_while_its_task_unwinds_ends_the_process_as_std_does";
    let child = support::in_child(name, || {
        osier::run(|| {
            let task = spawn(|| {
                let _second = bomb("a destructor");
                panic!("expected, the first");
            });
            task.wait();
        });
    });
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert!(!child.status.success() && child.status.code().is_none(), "{stderr}");
    assert!(stderr.contains("panic in a destructor during cleanup"), "{stderr}");
}
