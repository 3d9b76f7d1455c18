//! What is made or done once.

mod support;

use std::cell::Cell;
use std::rc::Rc;

use osier::sync::{Event, Once, OnceCell};
use osier::{JoinHandle, clock, idle, join_all, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, swallow, text_of, wait_for_nobody};

type CellOf = Rc<OnceCell<u32>>;

/// Who makes the value in several turns, counting how often that was begun.
fn make(cell: &CellOf, begun: &Rc<Cell<u32>>, value: u32) -> JoinHandle<u32> {
    let (cell, begun) = (cell.clone(), begun.clone());
    spawn(move || {
        *cell.get_or_init(|| {
            begun.set(begun.get() + 1);
            yield_now();
            yield_now();
            value
        })
    })
}

#[test]
fn it_is_made_once_and_all_have_it() {
    osier::run(|| {
        let (cell, begun) = (CellOf::default(), Rc::default());
        let tasks: Vec<_> = (7..17).map(|i| make(&cell, &begun, i)).collect();
        let waits = cell.clone();
        let looks = spawn(move || waits.wait().copied());
        assert!(join_all(tasks).into_iter().all(|value| value.unwrap() == 7));
        assert_eq!((looks.join().unwrap(), begun.get()), (Some(7), 1));
        assert_eq!(Rc::into_inner(cell).unwrap().into_inner(), Some(7));
    });
}

#[test]
fn if_it_fails_the_next_one_tries() {
    osier::run(|| {
        let cell = CellOf::default();
        let attempt = |result: Result<u32, &'static str>| {
            let cell = cell.clone();
            spawn(move || {
                cell.get_or_try_init(|| {
                    yield_now();
                    result
                })
                .copied()
            })
        };
        let tasks = [Err("one"), Err("two"), Ok(3), Ok(4)].map(attempt);
        let results: Vec<_> = join_all(tasks).into_iter().map(Result::unwrap).collect();
        assert_eq!(results, [Err("one"), Err("two"), Ok(3), Ok(3)]);
    });
}

#[test]
fn if_it_panics_or_is_killed_the_next_one_tries() {
    osier::run(|| {
        let (cell, begun) = (CellOf::default(), Rc::default());
        let fails = |f: fn() -> u32| {
            let cell = cell.clone();
            spawn(move || *cell.get_or_init(f))
        };
        let panics = fails(|| {
            yield_now();
            panic!("expected")
        });
        let hangs = fails(|| {
            wait_for_nobody();
            1
        });
        let makes = make(&cell, &begun, 2);
        let gives_up = make(&cell, &begun, 3);
        idle();
        assert!(panics.join().unwrap_err().is_panic() && !hangs.is_finished());
        gives_up.kill();
        hangs.kill();
        assert_eq!(makes.join().unwrap(), 2);
        assert!(hangs.join().unwrap_err().is_killed());
        assert!(gives_up.join().unwrap_err().is_killed());
        assert_eq!(begun.get(), 1);
    });
}

#[test]
fn one_whose_turn_it_is_as_it_is_killed_passes_it_on() {
    osier::run(|| {
        let (cell, begun) = (CellOf::default(), Rc::default());
        let fails = cell.clone();
        let first = spawn(move || {
            swallow(|| {
                fails.get_or_init(|| {
                    yield_now();
                    panic!("expected")
                });
            });
        });
        let hangs = cell.clone();
        let second = spawn(move || {
            *hangs.get_or_init(|| {
                wait_for_nobody();
                1
            })
        });
        let third = make(&cell, &begun, 3);
        yield_now();
        first.join().unwrap();
        second.kill();
        assert_eq!(third.join().unwrap(), 3);
        assert!(second.join().unwrap_err().is_killed());
    });
}

#[test]
fn it_can_be_set_unless_it_is_made() {
    osier::run(|| {
        let (cell, begun) = (CellOf::default(), Rc::default());
        let waits = cell.clone();
        let looks = spawn(move || waits.wait().copied());
        let task = make(&cell, &begun, 1);
        yield_now();
        assert_eq!((cell.set(2), cell.get()), (Err(2), None));
        assert_eq!(task.join().unwrap(), 1);
        assert_eq!((cell.set(3), cell.get()), (Err(3), Some(&1)));
        assert_eq!(looks.join().unwrap(), Some(1));
        let cell = CellOf::default();
        let waits = cell.clone();
        let looks = spawn(move || waits.wait().copied());
        yield_now();
        assert_eq!(cell.set(4), Ok(()));
        assert_eq!(looks.join().unwrap(), Some(4));
        assert_eq!(*cell.get_or_init(|| 5), 4);
    });
}

#[test]
fn a_wait_with_a_limit_ends_with_its_time() {
    osier::run(|| {
        let cell = CellOf::default();
        assert_eq!(cell.wait_timeout(SHORT), None);
        assert_eq!(cell.wait_deadline(clock::now()), None);
        assert!(timeout(SHORT, || cell.wait().is_some()).is_err());
        let hangs = cell.clone();
        let task = spawn(move || {
            *hangs.get_or_init(|| {
                wait_for_nobody();
                1
            })
        });
        yield_now();
        assert!(timeout(SHORT, || *cell.get_or_init(|| 2)).is_err());
        task.kill();
        assert_eq!(*cell.get_or_init(|| 3), 3);
        assert_eq!(cell.wait_timeout(SHORT), Some(&3));
    });
}

#[test]
fn one_that_asks_for_what_it_makes_is_told() {
    osier::run(|| {
        let cell = CellOf::default();
        let text = text_of(|| *cell.get_or_init(|| *cell.get_or_init(|| 1)));
        assert!(text.contains("asks for that value"), "{text}");
        assert_eq!(*cell.get_or_init(|| 2), 2);
        let once = Once::new();
        assert!(text_of(|| once.call_once(|| _ = once.call_once(|| ()))).contains("asks for"));
        assert!(!once.is_completed() && once.call_once(|| ()));
    });
}

#[test]
fn while_unwinding_a_value_is_made_again_and_the_first_counts() {
    osier::run(|| {
        let (cell, go) = (CellOf::default(), Rc::new(Event::new()));
        let (makes, waits) = (cell.clone(), go.clone());
        let slow = spawn(move || *makes.get_or_init(|| u32::from(waits.wait())));
        yield_now();
        let needs = cell.clone();
        let task = spawn(move || {
            let _note = OnDrop::new(|| {
                assert_eq!(needs.wait(), None);
                assert_eq!(*needs.get_or_init(|| 2), 2);
            });
            panic!("expected");
        });
        assert_eq!(task.join().unwrap_err().message(), Some("expected"));
        go.set();
        assert_eq!(slow.join().unwrap(), 2);
    });
}

#[test]
fn something_is_done_once() {
    osier::run(|| {
        let (once, count) = (Rc::new(Once::new()), Rc::new(Cell::new(0)));
        let task = |fails: bool| {
            let (once, count) = (once.clone(), count.clone());
            spawn(move || {
                once.call_once(|| {
                    yield_now();
                    assert!(!fails, "expected");
                    count.set(count.get() + 1);
                })
            })
        };
        assert!(!once.is_completed() && !once.wait_timeout(SHORT));
        let tasks = [true, false, false, true].map(task);
        assert!(once.wait() && once.wait_deadline(clock::now()));
        let failed = join_all(tasks).into_iter().filter(Result::is_err).count();
        assert_eq!((failed, count.get()), (1, 1));
    });
}

#[test]
fn while_unwinding_nothing_is_done_twice() {
    osier::run(|| {
        let (once, go) = (Rc::new(Once::new()), Rc::new(Event::new()));
        let (does, waits) = (once.clone(), go.clone());
        let slow = spawn(move || does.call_once(|| assert!(waits.wait())));
        yield_now();
        let needs = once.clone();
        let task = spawn(move || {
            let _note = OnDrop::new(|| {
                assert!(!needs.call_once(|| unreachable!("somebody is at it")));
                assert!(!needs.wait_timeout(FOREVER));
            });
            panic!("expected");
        });
        assert_eq!(task.join().unwrap_err().message(), Some("expected"));
        go.set();
        assert!(slow.join().unwrap() && once.is_completed());
    });
}
