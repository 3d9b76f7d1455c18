//! Panics: one ends its task, is told once, and reaches whoever asks.

mod support;

use std::cell::Cell;
use std::os::unix::process::ExitStatusExt;
use std::panic;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use osier::{Builder, current, sleep, spawn, yield_now};
use support::{FOREVER, OnDrop, SHORT, in_child, logged, swallow, text_of};

const SIGABRT: i32 = 6;

#[test]
fn a_panic_ends_its_task_and_no_other_gl_04() {
    osier::run(|| {
        let others = [spawn(|| sleep(SHORT)), spawn(yield_now)];
        let fails = spawn(|| -> () { panic!("expected") });
        let parent = spawn(|| {
            let child = spawn(|| -> () { panic!("expected") });
            yield_now();
            child.is_finished()
        });
        for other in others {
            other.join().unwrap();
        }
        assert!(parent.join().unwrap());
        assert!(fails.join().unwrap_err().is_panic());
    });
}

#[test]
fn an_error_is_the_same_each_time_it_is_asked_for_gl_04() {
    osier::run(|| {
        let payload = Arc::new(7);
        let thrown = payload.clone();
        let task = spawn(move || panic::panic_any(thrown));
        let first = std::ptr::from_ref(task.join_timeout(FOREVER).unwrap().unwrap_err());
        assert!(std::ptr::eq(first, task.error().unwrap()));
        assert!(std::ptr::eq(first, task.error().unwrap()));
        let caught = task.join().unwrap_err().into_panic().downcast::<Arc<i32>>().unwrap();
        assert!(Arc::ptr_eq(&caught, &payload), "the very object");
    });
}

#[test]
fn a_panic_is_told_once_and_with_its_thread_gl_04() {
    let child = in_child("a_panic_is_told_once_and_with_its_thread_gl_04", || {
        osier::run(|| {
            let task = spawn(|| panic!("the kettle is dry"));
            task.wait();
            assert!(task.error().is_some());
            drop(task.join());
            drop(spawn(|| panic!("nobody joins")));
        });
    });
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert!(child.status.success(), "{stderr}");
    assert_eq!(stderr.matches("the kettle is dry").count(), 1, "{stderr}");
    assert_eq!(stderr.matches("nobody joins").count(), 1, "{stderr}");
    assert!(stderr.contains("tests/panic.rs"), "{stderr}");
}

#[test]
fn a_panic_nobody_looked_at_is_logged_when_the_handle_goes_gl_04() {
    let lines = logged(|| {
        osier::run(|| {
            drop(Builder::new().name("lonely").spawn(|| panic!("expected")));
            let looked_at = spawn(|| panic!("expected"));
            looked_at.wait();
            assert!(looked_at.error().is_some());
            let unseen = Builder::new().name("unseen").spawn(|| panic!("expected")).unwrap();
            unseen.wait();
            drop(unseen);
        });
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("'lonely' panicked, and nobody joined it"), "{lines:?}");
    assert!(lines[1].contains("'unseen' panicked, and nobody joined it"), "{lines:?}");
}

#[test]
fn a_kill_nobody_looked_at_is_no_news() {
    let lines = logged(|| {
        osier::run(|| {
            let task = spawn(|| sleep(FOREVER));
            yield_now();
            task.kill();
            drop(task);
        });
    });
    assert!(lines.is_empty(), "{lines:?}");
}

#[test]
fn a_task_that_ends_itself_prints_nothing_and_did_not_panic_gl_05() {
    let child = in_child("a_task_that_ends_itself_prints_nothing_and_did_not_panic_gl_05", || {
        osier::run(|| {
            let task = spawn(|| {
                current().kill();
                unreachable!();
            });
            let other = spawn(|| sleep(FOREVER));
            task.wait();
            other.kill();
            other.wait();
            for error in [task.join().unwrap_err(), other.join().unwrap_err()] {
                assert!(error.is_killed() && !error.is_panic());
            }
        });
    });
    assert!(child.status.success());
    assert_eq!(String::from_utf8(child.stderr).unwrap(), "");
}

#[test]
fn a_log_that_panics_ends_no_task_gl_06() {
    let child = in_child("a_log_that_panics_ends_no_task_gl_06", || {
        support::make_the_log_panic();
        let ended = Rc::new(Cell::new(0));
        osier::run(|| {
            for _ in 0..5 {
                drop(spawn(|| panic!("expected"))); // logged: nobody joins it
                let ended = ended.clone();
                drop(spawn(move || {
                    yield_now();
                    ended.set(ended.get() + 1);
                    OnDrop::new(|| panic!("expected")) // logged: nobody wants it
                }));
            }
            let handle = spawn(|| panic!("expected"));
            handle.wait();
            drop(handle); // logged as well, but here
            let unborn = OnDrop::new(|| panic!("expected"));
            spawn(move || drop(unborn)).kill(); // logged: its closure's destructor panics
        });
        assert_eq!(ended.get(), 5);
    });
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert!(child.status.success(), "{stderr}");
    assert!(stderr.contains("the log is out of order"), "{stderr}");
}

#[test]
fn a_payload_that_panics_when_it_goes_ends_no_task_gl_06() {
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("expected, from a payload");
        }
    }
    let lines = logged(|| {
        osier::run(|| {
            drop(spawn(|| panic::panic_any(Payload)));
            yield_now();
            let task = spawn(|| sleep(FOREVER));
            yield_now();
            task.kill_with(Box::new(Payload));
            drop(task);
            let late = spawn(|| osier::shield(|| sleep(SHORT)));
            yield_now();
            late.kill_with(Box::new(Payload));
            assert!(late.join().is_ok());
        });
    });
    let drops = lines.iter().filter(|line| line.contains("expected, from a payload")).count();
    assert_eq!(drops, 3, "{lines:?}");
}

#[test]
fn a_hook_can_ask_who_panics_and_cannot_wait() {
    let child = in_child("a_hook_can_ask_who_panics_and_cannot_wait", || {
        static CALLS: AtomicUsize = AtomicUsize::new(0);
        panic::set_hook(Box::new(|_| {
            CALLS.fetch_add(1, Ordering::Relaxed);
            assert_eq!(current().name().as_deref(), Some("faulty"));
            let other = spawn(|| sleep(SHORT));
            let error = other.join().unwrap_err();
            eprintln!("the hook was told: {error}");
        }));
        osier::run(|| {
            let task = Builder::new().name("faulty").spawn(|| panic!("expected")).unwrap();
            assert_eq!(task.join().unwrap_err().message(), Some("expected"));
        });
        assert_eq!(CALLS.load(Ordering::Relaxed), 1);
    });
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert!(child.status.success(), "{stderr}");
    assert!(stderr.contains("whoever joins may not wait here"), "{stderr}");
}

#[test]
fn a_backtrace_in_a_task_names_its_functions_and_ends() {
    #[inline(never)]
    fn innermost() -> String {
        std::backtrace::Backtrace::force_capture().to_string()
    }
    osier::run(|| {
        let text = spawn(|| {
            yield_now();
            innermost()
        });
        let text = text.join().unwrap();
        assert!(text.contains("innermost"), "{text}");
        assert!(text.lines().count() < 200, "it ends at the entry: {text}");
    });
}

#[test]
fn panics_in_many_tasks_at_once_keep_apart() {
    osier::run(|| {
        let tasks: Vec<_> = (0..100)
            .map(|i| {
                spawn(move || {
                    let caught = text_of(|| {
                        yield_now();
                        panic!("inner {i}");
                    });
                    assert_eq!(caught, format!("inner {i}"));
                    assert!(!std::thread::panicking());
                    yield_now();
                    panic!("outer {i}");
                })
            })
            .collect();
        for (i, task) in tasks.into_iter().enumerate() {
            let error: osier::JoinError = task.join().unwrap_err();
            assert_eq!(error.message(), Some(format!("outer {i}").as_str()));
        }
    });
}

#[test]
fn a_run_in_a_destructor_while_its_thread_panics_is_refused() {
    let name = "a_run_in_a_destructor_while_its_thread_panics_is_refused";
    let child = in_child(name, || {
        let text = Cell::new(None);
        let outside = || {
            let _last =
                OnDrop::new(|| text.set(Some(text_of(|| osier::run(|| spawn(|| 7).join())))));
            panic!("the kettle is dry");
        };
        assert!(swallow(outside));
        assert!(text.take().unwrap().contains("in a destructor while its thread panics"));
        assert_eq!(osier::run(|| spawn(|| 7).join().unwrap()), 7, "later it may");
        let _last = OnDrop::new(|| osier::run(|| println!("not reached")));
        panic!("the kettle is dry");
    });
    let (stdout, stderr) = (String::from_utf8(child.stdout), String::from_utf8(child.stderr));
    let (stdout, stderr) = (stdout.unwrap(), stderr.unwrap());
    assert_eq!(child.status.signal(), Some(SIGABRT), "{stderr}");
    assert_eq!(stderr.matches("on another OS thread").count(), 2, "{stderr}");
    assert!(!stdout.contains("not reached"));
}
