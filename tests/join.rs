//! Joining: waiting for a task, for a while or for good, once or often.

mod support;

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;
use std::time::Duration;

use osier::{JoinError, join_all, sleep, spawn, timeout, yield_now};
use support::{FOREVER, SHORT, swallow, text_of};

#[test]
fn a_wait_for_a_live_task_ends_with_its_time_and_says_nothing_gl_11() {
    osier::run(|| {
        let task = spawn(|| sleep(FOREVER));
        assert!(task.join_timeout(Duration::ZERO).is_none(), "not started");
        let began = osier::clock::now();
        assert!(task.join_timeout(SHORT).is_none());
        assert!(began.elapsed() >= SHORT);
        assert!(!task.is_finished() && task.value().is_none() && task.error().is_none());
        task.kill();
        assert!(task.join_timeout(FOREVER).unwrap().unwrap_err().is_killed());
    });
}

#[test]
fn an_outer_time_out_is_not_swallowed_by_a_join_gl_11() {
    osier::run(|| {
        let task = spawn(|| sleep(FOREVER));
        assert!(timeout(SHORT, || task.join_timeout(FOREVER).is_none()).is_err());
        assert!(timeout(SHORT, || task.wait()).is_err());
        assert!(timeout(SHORT, || task.kill_timeout(FOREVER)).is_ok(), "that ends the task");
    });
}

#[test]
fn a_result_can_be_read_again_after_a_wait() {
    osier::run(|| {
        let task = spawn(|| {
            sleep(SHORT);
            String::from("tea")
        });
        assert_eq!(task.value(), None);
        let first = task.join_timeout(FOREVER).unwrap().unwrap();
        let again = task.join_timeout(Duration::ZERO).unwrap().unwrap();
        assert!(std::ptr::eq(first, again) && first == "tea");
        assert_eq!(task.value().map(String::as_str), Some("tea"));
        assert_eq!(task.join().unwrap(), "tea");
    });
}

#[test]
fn all_who_wait_for_a_task_are_woken_in_their_order() {
    osier::run(|| {
        let task = Rc::new(spawn(|| sleep(SHORT)));
        let woken = Rc::new(RefCell::new(Vec::new()));
        let waiters = (0..50).map(|i| {
            let (task, woken) = (task.clone(), woken.clone());
            spawn(move || {
                if i % 5 == 4 {
                    // Leaves the line before the end.
                    assert!(task.join_timeout(Duration::from_micros(100)).is_none());
                    return;
                }
                task.wait();
                woken.borrow_mut().push(i);
            })
        });
        assert!(join_all(waiters).into_iter().all(|result| result.is_ok()));
        let expected: Vec<_> = (0..50).filter(|i| i % 5 != 4).collect();
        assert_eq!(*woken.borrow(), expected);
    });
}

#[test]
fn join_all_gives_results_in_the_order_of_the_handles() {
    osier::run(|| {
        let tasks = [3u64, 1, 2].map(|n| {
            spawn(move || {
                sleep(Duration::from_millis(n));
                assert_ne!(n, 2, "two is too many");
                n
            })
        });
        let results: Vec<_> = join_all(tasks).into_iter().map(Result::ok).collect();
        assert_eq!(results, [Some(3), Some(1), None]);
        assert!(join_all::<()>([]).is_empty());
    });
}

#[test]
fn a_task_that_joins_itself_is_told() {
    osier::run(|| {
        let own = Rc::new(RefCell::new(None::<Rc<osier::JoinHandle<()>>>));
        let inside = own.clone();
        let task = Rc::new(spawn(move || {
            let me = inside.borrow_mut().take().unwrap();
            me.wait();
        }));
        *own.borrow_mut() = Some(task.clone());
        task.wait();
        let text = task.error().unwrap().message().unwrap().to_string();
        assert!(text.contains("joins itself"), "{text}");
    });
}

#[test]
fn two_tasks_that_join_each_other_are_a_deadlock() {
    let payload = support::payload_of(|| {
        osier::run(|| {
            let slot = Rc::new(RefCell::new(None::<osier::JoinHandle<()>>));
            let other = slot.clone();
            let a = spawn(move || {
                let b = other.borrow_mut().take().unwrap();
                let _ = b.join();
            });
            *slot.borrow_mut() = Some(spawn(move || {
                let _ = a.join();
            }));
        });
    });
    let report = payload.downcast::<osier::Deadlock>().unwrap().to_string();
    assert_eq!(report.matches("joining task").count(), 2, "{report}");
}

#[test]
fn a_join_inside_of_no_switch_panics_and_leaves_no_trace() {
    osier::run(|| {
        let task = Rc::new(spawn(yield_now));
        let waits = task.clone();
        assert!(text_of(|| osier::no_switch(|| waits.wait())).contains("no_switch"));
        // The end of that task is nothing to this one's next wait.
        let began = osier::clock::now();
        sleep(SHORT);
        assert!(began.elapsed() >= SHORT);
        assert!(task.is_finished());
    });
}

#[test]
fn a_handle_that_left_its_run_still_has_the_result() {
    let (done, killed) = osier::run(|| {
        let daemon = osier::Builder::new().daemon(true).spawn(|| sleep(FOREVER)).unwrap();
        let done = spawn(|| 7);
        done.wait();
        (done, daemon)
    });
    assert_eq!(done.value(), Some(&7));
    done.kill();
    assert_eq!(done.join().unwrap(), 7);
    assert!(killed.join().unwrap_err().is_killed());
}

#[test]
fn a_join_error_is_an_error_like_others() {
    fn check<E: Error + Send + Sync + 'static>(error: E) -> Box<dyn Error + Send + Sync> {
        error.into()
    }
    osier::run(|| {
        let error = spawn(|| panic!("no {}", "milk")).join().unwrap_err();
        assert!(error.is_panic() && !error.is_killed());
        assert_eq!(error.message(), Some("no milk"));
        assert_eq!(check(error).to_string(), "the task panicked: no milk");

        let task = spawn(|| ());
        task.kill();
        let error: JoinError = task.join().unwrap_err();
        assert!(!error.is_panic() && error.message().is_none());
        assert!(swallow(|| drop(error.into_panic())), "it is not a panic");

        let error = spawn(|| std::panic::panic_any(7)).join().unwrap_err();
        assert_eq!((error.message(), error.to_string().as_str()), (None, "the task panicked"));
        let payload = support::payload_of(|| error.resume());
        assert_eq!(payload.downcast_ref(), Some(&7));
    });
}
