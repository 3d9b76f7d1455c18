//! The end of a run: who is waited for, who is killed, and what is left.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use osier::{Builder, Hub, JoinHandle, shield, sleep, spawn, yield_now};
use support::{FOREVER, OnDrop, SHORT, logged, payload_of, swallow, text_of, virtually};

fn daemon<T: 'static>(f: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
    Builder::new().daemon(true).spawn(f).unwrap()
}

#[test]
fn a_run_waits_for_all_but_daemons() {
    let (ended, killed) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
    osier::run(|| {
        let (ended, killed) = (ended.clone(), killed.clone());
        spawn(move || {
            sleep(SHORT);
            spawn(move || {
                sleep(SHORT);
                ended.set(ended.get() + 1);
            });
        });
        daemon(move || {
            let _note = OnDrop::new(|| killed.set(killed.get() + 1));
            sleep(FOREVER);
        });
    });
    assert_eq!((ended.get(), killed.get()), (1, 1));
}

#[test]
fn a_run_whose_body_panics_kills_the_others_and_goes_on_with_the_panic() {
    let steps = Rc::new(RefCell::new(Vec::new()));
    let payload = payload_of(|| {
        osier::run(|| {
            for what in ["task", "daemon"] {
                let steps = steps.clone();
                let wait = move || {
                    let _note = OnDrop::new(move || steps.borrow_mut().push(what));
                    sleep(FOREVER);
                };
                Builder::new().daemon(what == "daemon").spawn(wait).unwrap();
            }
            let steps = steps.clone();
            let unborn = OnDrop::new(move || steps.borrow_mut().push("not started"));
            yield_now();
            spawn(move || drop(unborn));
            std::panic::panic_any(7);
        })
    });
    assert_eq!(payload.downcast_ref(), Some(&7));
    let mut steps = steps.borrow_mut();
    steps.sort_unstable();
    assert_eq!(*steps, ["daemon", "not started", "task"]);
}

#[test]
fn a_run_whose_main_task_is_killed_says_so() {
    let text = text_of(|| osier::run(|| osier::current().kill()));
    assert!(text.contains("ended without a result: the task was killed"), "{text}");
}

#[test]
fn what_a_dying_daemon_spawns_is_a_daemon() {
    let seen = Rc::new(Cell::new(None));
    let sees = seen.clone();
    let began = osier::clock::now();
    osier::run(|| {
        daemon(move || {
            let _spawn = OnDrop::new(|| {
                let plain = Builder::new().daemon(false);
                let task = plain.spawn(|| sleep(FOREVER));
                sees.set(Some(task.unwrap().task().is_daemon()));
            });
            sleep(FOREVER);
        });
        yield_now();
    });
    assert_eq!(seen.get(), Some(true));
    assert!(began.elapsed() < FOREVER / 100);
}

#[test]
fn a_chain_of_dying_daemons_that_spawn_ends() {
    fn link(left: usize, count: Rc<Cell<usize>>) {
        let _next = OnDrop::new(move || {
            count.set(count.get() + 1);
            if left > 0 {
                drop(spawn(move || link(left - 1, count)));
            }
        });
        sleep(FOREVER);
    }
    let count = Rc::new(Cell::new(0));
    let counts = count.clone();
    osier::run(|| {
        daemon(move || link(100, counts));
        yield_now();
    });
    assert!(count.get() >= 1);
}

#[test]
fn a_task_under_a_shield_is_waited_for() {
    let clean = Rc::new(Cell::new(false));
    let cleans = clean.clone();
    let lines = logged(|| {
        virtually(|| {
            daemon(move || {
                shield(|| sleep(Duration::from_millis(30)));
                cleans.set(true);
            });
            yield_now();
        });
    });
    assert!(clean.get());
    assert!(lines.is_empty(), "{lines:?}");
}

#[test]
fn a_task_that_catches_its_kill_once_or_twice_is_asked_again() {
    let caught = Rc::new(Cell::new(0));
    let catches = caught.clone();
    let lines = logged(|| {
        virtually(|| {
            daemon(move || {
                for _ in 0..2 {
                    assert!(swallow(|| sleep(FOREVER)));
                    catches.set(catches.get() + 1);
                }
            });
            yield_now();
        });
    });
    assert_eq!(caught.get(), 2);
    assert!(lines.is_empty(), "{lines:?}");
}

/// Lives through every kill; its drop would be told.
fn refuse(dropped: Rc<Cell<bool>>) {
    let _note = OnDrop::new(|| dropped.set(true));
    loop {
        swallow(|| sleep(FOREVER));
    }
}

#[test]
fn a_task_that_refuses_to_end_is_leaked_and_told_of_c_10() {
    let dropped = Rc::new(Cell::new(false));
    let note = dropped.clone();
    let lines = logged(|| {
        virtually(|| {
            let builder = Builder::new().daemon(true).name("stubborn");
            drop(builder.spawn(move || refuse(note)));
            yield_now();
        });
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("'stubborn' does not end when it is killed; its stack is leaked"));
    assert!(!dropped.get());
    // A leaked stack is nobody's: other runs on this thread are as they should be.
    osier::run(|| osier::join_all((0..100).map(|_| spawn(yield_now))));
}

#[test]
fn a_hub_that_leaked_a_task_runs_again() {
    let hub = Hub::new().unwrap();
    let note = Rc::new(Cell::new(false));
    let handle = Rc::new(RefCell::new(None));
    let lines = logged(|| {
        let text = text_of(|| {
            hub.run(|| {
                // No daemon, and it waits for a wake from outside.
                let task = spawn(move || {
                    let _note = OnDrop::new(|| note.set(true));
                    loop {
                        let reason = osier::Reason::new("waiting for godot").outside();
                        swallow(|| {
                            osier::deliver(osier::park(reason, None, || {}));
                        });
                    }
                });
                *handle.borrow_mut() = Some(task);
                yield_now();
                panic!("expected");
            })
        });
        assert_eq!(text, "expected");
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert_eq!(hub.run(|| spawn(|| 7).join().unwrap()), 7);
    let verdict = payload_of(|| hub.run(support::wait_for_nobody));
    assert!(verdict.is::<osier::Deadlock>(), "what was leaked does not count");
    let leaked = handle.take().unwrap();
    assert!(!leaked.is_finished());
    leaked.kill();
    assert!(leaked.join().is_err());
}

#[test]
fn a_run_inside_of_a_run_is_refused() {
    let text = text_of(|| osier::run(|| osier::run(|| ())));
    assert!(text.starts_with("osier::run inside of osier::run"), "{text}");
    let hub = Hub::new().unwrap();
    osier::run(|| assert!(text_of(|| hub.run(|| ())).contains("inside of")));
    assert_eq!(hub.run(|| 7), 7, "the hub itself is as good as before");
}

#[test]
fn a_panic_in_another_task_does_not_end_the_run() {
    let went_on = Rc::new(Cell::new(false));
    osier::run(|| {
        let went_on = went_on.clone();
        spawn(|| panic!("expected"));
        spawn(move || {
            sleep(SHORT);
            went_on.set(true);
        });
    });
    assert!(went_on.get());
}

#[test]
fn a_hub_runs_again_and_again_whatever_came_of_it() {
    let hub = Hub::new().unwrap();
    for round in 0..3 {
        assert_eq!(hub.run(|| round), round);
        hub.run(|| {
            assert!(!osier::current().is_daemon());
            let task = spawn(|| sleep(SHORT));
            assert!(!task.task().is_daemon());
            sleep(Duration::from_millis(1)); // the main task is waited for
            task.join().unwrap();
        });
        assert_eq!(text_of(|| hub.run(|| panic!("expected"))), "expected");
        assert!(payload_of(|| hub.run(support::wait_for_nobody)).is::<osier::Deadlock>());
        daemon_of(&hub);
    }

    fn daemon_of(hub: &Hub) {
        let task = hub.run(|| daemon(|| sleep(FOREVER)));
        assert!(task.join().unwrap_err().is_killed());
    }
}
