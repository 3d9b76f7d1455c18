//! Killing: before the first run, in a wait, under a shield, after the end, and oneself.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use osier::{Builder, JoinHandle, current, shield, sleep, spawn, yield_now};
use support::{FOREVER, OnDrop, SHORT, swallow};

#[test]
fn a_task_killed_before_its_first_run_never_runs_gl_12() {
    osier::run(|| {
        let (ran, dropped) = (Rc::new(Cell::new(false)), Rc::new(Cell::new(false)));
        let (runs, drops) = (ran.clone(), dropped.clone());
        let taken = OnDrop::new(move || drops.set(true));
        let task = spawn(move || {
            let _taken = taken;
            runs.set(true);
        });
        let task = Rc::new(task);
        let joins = task.clone();
        let joiner = spawn(move || joins.wait());
        task.kill();
        assert!(!task.is_finished(), "a kill asks, and does not switch");
        joiner.join().unwrap();
        assert!(!ran.get() && dropped.get());
        assert!(task.error().unwrap().is_killed());
    });
}

#[test]
fn a_task_spawned_by_a_closure_that_never_ran_is_one_like_others_gl_12() {
    osier::run(|| {
        let ran = Rc::new(Cell::new(false));
        let runs = ran.clone();
        let taken = OnDrop::new(move || drop(spawn(move || runs.set(true))));
        let task = spawn(move || drop(taken));
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        yield_now();
        assert!(ran.get());
    });
}

#[test]
fn a_kill_with_a_payload_delivers_that_one_gl_14() {
    osier::run(|| {
        let seen = Rc::new(Cell::new(0));
        let sees = seen.clone();
        let task = spawn(move || {
            let caught = support::payload_of(|| sleep(FOREVER));
            sees.set(*caught.downcast_ref::<i32>().unwrap());
            std::panic::resume_unwind(caught);
        });
        yield_now();
        task.kill_with(Box::new(42));
        task.wait();
        assert_eq!(seen.get(), 42);
        assert_eq!(task.join().unwrap_err().into_panic().downcast_ref(), Some(&42));
    });
}

#[test]
fn the_first_of_two_kills_is_the_one_that_counts_gl_14() {
    osier::run(|| {
        let task = spawn(|| sleep(FOREVER));
        yield_now();
        task.kill_with(Box::new("first"));
        task.kill_with(Box::new("second"));
        task.kill();
        assert_eq!(task.join().unwrap_err().message(), Some("first"));
    });
}

/// Catches this many kills, then ends.
fn survivor(kills: usize) -> JoinHandle<usize> {
    spawn(move || (0..kills).filter(|_| swallow(|| sleep(FOREVER))).count())
}

#[test]
fn a_kill_with_a_limit_and_a_survivor_says_so_quietly_gl_14() {
    osier::run(|| {
        let task = survivor(3);
        yield_now();
        assert!(!task.kill_timeout(SHORT));
        assert!(!task.kill_timeout(Duration::ZERO));
        assert!(task.kill_timeout(FOREVER));
        assert_eq!(task.join().unwrap(), 3);
    });
}

#[test]
fn a_kill_never_raises_in_the_killer_gl_14() {
    osier::run(|| {
        let task = spawn(|| {
            let _last_words = OnDrop::new(|| assert!(swallow(|| panic!("on the way out"))));
            sleep(FOREVER);
        });
        yield_now();
        task.kill();
        assert!(task.kill_timeout(FOREVER));
        assert!(task.join().unwrap_err().is_killed());
    });
}

#[test]
fn a_kill_returns_at_once_and_is_delivered_in_the_next_turn_gl_15() {
    osier::run(|| {
        let unwound = Rc::new(Cell::new(false));
        let flag = unwound.clone();
        let task = spawn(move || {
            let _flag = OnDrop::new(|| flag.set(true));
            sleep(FOREVER);
        });
        yield_now();
        task.kill();
        assert!(!unwound.get() && !task.is_finished());
        yield_now();
        assert!(unwound.get() && task.is_finished());
    });
}

#[test]
fn who_waits_for_a_kill_waits_for_the_cleaning_up_gl_15() {
    osier::run(|| {
        let task = spawn(|| {
            assert!(swallow(|| sleep(FOREVER)));
            sleep(SHORT); // it has caught its kill, so it may wait
            "clean"
        });
        yield_now();
        let began = osier::clock::now();
        assert!(task.kill_timeout(FOREVER));
        assert!(began.elapsed() >= SHORT);
        assert_eq!(task.join().unwrap(), "clean");
    });
}

#[test]
fn a_kill_of_what_has_ended_or_is_ending_is_no_matter() {
    osier::run(|| {
        let task = spawn(|| 7);
        task.wait();
        task.kill();
        task.kill_with(Box::new(1));
        assert!(task.kill_timeout(Duration::ZERO));
        assert_eq!(task.value(), Some(&7));
        let other = task.task();
        drop(task);
        other.kill();
        assert!(other.is_finished());
    });
}

#[test]
fn a_task_that_kills_itself_unwinds_on_the_spot() {
    osier::run(|| {
        let steps = Rc::new(RefCell::new(Vec::new()));
        let inner = steps.clone();
        let task = spawn(move || {
            let _last = OnDrop::new(|| inner.borrow_mut().push("destructor"));
            inner.borrow_mut().push("kill");
            current().kill();
            inner.borrow_mut().push("after");
        });
        assert!(task.join().unwrap_err().is_killed());
        assert_eq!(*steps.borrow(), ["kill", "destructor"]);
    });
}

#[test]
fn a_task_that_kills_itself_under_a_shield_goes_on_to_its_end() {
    osier::run(|| {
        let task = spawn(|| {
            shield(|| {
                current().kill();
                sleep(SHORT);
            });
            sleep(FOREVER);
        });
        assert!(task.join().unwrap_err().is_killed());
    });
}

#[test]
fn a_caught_kill_is_over() {
    osier::run(|| {
        let task = spawn(|| {
            assert!(swallow(|| sleep(FOREVER)));
            sleep(SHORT);
            yield_now();
            "alive"
        });
        yield_now();
        task.kill();
        assert_eq!(task.join().unwrap(), "alive");
    });
}

#[test]
fn a_kill_reaches_a_task_that_only_gives_way() {
    osier::run(|| {
        let task = spawn(|| {
            loop {
                yield_now();
            }
        });
        yield_now();
        task.kill();
        assert!(matches!(task.join(), Err(error) if error.is_killed()));
    });
}

#[test]
fn a_shield_puts_a_kill_off_until_the_next_wait_after_it_c_10() {
    osier::run(|| {
        let steps = Rc::new(RefCell::new(Vec::new()));
        let inner = steps.clone();
        let task = spawn(move || {
            shield(|| {
                sleep(SHORT);
                shield(yield_now);
                sleep(SHORT);
                inner.borrow_mut().push("shielded");
            });
            inner.borrow_mut().push("bare");
            yield_now();
            inner.borrow_mut().push("after a wait");
        });
        yield_now();
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        assert_eq!(*steps.borrow(), ["shielded", "bare"]);
    });
}

#[test]
fn a_panic_takes_its_shield_down() {
    osier::run(|| {
        let task = spawn(|| {
            assert!(swallow(|| shield(|| panic!("expected"))));
            sleep(FOREVER);
        });
        yield_now();
        assert!(task.kill_timeout(FOREVER));
    });
}

#[test]
fn a_wake_and_a_kill_in_one_turn_deliver_both() {
    for kill_first in [false, true] {
        osier::run(|| {
            let slot = Rc::new(RefCell::new(None));
            let woken = Rc::new(Cell::new(false));
            let (put, wakes) = (slot.clone(), woken.clone());
            let task = spawn(move || {
                *put.borrow_mut() = Some(osier::Unparker::current());
                let wake = osier::park(osier::Reason::new("waiting"), None, || {});
                wakes.set(wake == osier::Wake::Woken);
                sleep(FOREVER);
            });
            yield_now();
            let wake = || slot.borrow().as_ref().unwrap().unpark();
            if kill_first {
                task.kill();
                wake();
            } else {
                wake();
                task.kill();
            }
            assert!(task.join().unwrap_err().is_killed(), "the next wait");
            assert!(woken.get(), "what was handed over is not lost");
        });
    }
}

#[test]
fn every_wait_can_be_killed() {
    let waits: Vec<fn()> = vec![
        || sleep(FOREVER),
        || support::wait_for_nobody(),
        || drop(spawn(|| sleep(FOREVER)).join()),
        || drop(osier::handle().spawn(|| sleep(2 * SHORT)).join()),
        || drop(osier::scope(|s| s.spawn(|| sleep(FOREVER)).join())),
        || osier::thread::offload(|| support::spin(SHORT)),
        || {
            let (near, _far) = std::os::unix::net::UnixStream::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            osier::io::Source::new(near).wait_readable(None).unwrap();
        },
    ];
    osier::run(|| {
        let tasks: Vec<_> = waits
            .into_iter()
            .map(|wait| Builder::new().daemon(true).spawn(wait).unwrap())
            .collect();
        yield_now();
        for task in tasks {
            assert!(task.kill_timeout(FOREVER));
            assert!(task.join().unwrap_err().is_killed());
        }
    });
}

#[test]
fn a_kill_runs_every_destructor_from_the_inside_out_c_10() {
    fn nest(depth: usize, order: &RefCell<Vec<usize>>) {
        let _note = OnDrop::new(|| order.borrow_mut().push(depth));
        if depth == 50 { sleep(FOREVER) } else { nest(depth + 1, order) }
    }
    osier::run(|| {
        let order = Rc::new(RefCell::new(Vec::new()));
        let inner = order.clone();
        let task = spawn(move || nest(1, &inner));
        yield_now();
        assert!(task.kill_timeout(FOREVER));
        assert!(order.borrow().iter().copied().eq((1..=50).rev()));
    });
}

#[test]
fn a_payload_whose_destructor_kills_or_waits_does_no_harm() {
    struct Payload(bool);
    impl Drop for Payload {
        fn drop(&mut self) {
            if self.0 {
                yield_now();
            }
            TASK.with_borrow(|task| task.as_ref().unwrap().kill());
        }
    }
    thread_local!(static TASK: RefCell<Option<osier::Task>> = const { RefCell::new(None) });
    osier::run(|| {
        let task = spawn(|| sleep(FOREVER));
        yield_now();
        TASK.set(Some(task.task()));
        task.kill_with(Box::new(Payload(false)));
        task.kill_with(Box::new(Payload(true))); // one too many: dropped at once
        let error = task.join().unwrap_err();
        assert!(error.is_panic());
        drop(error);
        TASK.take();
    });
}
