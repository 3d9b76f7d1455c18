//! Scopes: tasks that borrow end before what they borrow does, whatever happens.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use osier::{ScopedJoinHandle, scope, shield, sleep, spawn, yield_now};
use support::{FOREVER, OnDrop, SHORT, payload_of, swallow, text_of};

#[test]
fn a_scope_that_ends_well_waits_for_its_tasks_gl_18() {
    osier::run(|| {
        let sum = Cell::new(0);
        let sum = &sum;
        let result = scope(|s| {
            for i in 1..=10 {
                s.spawn(move || {
                    sleep(Duration::from_millis(i % 3));
                    sum.set(sum.get() + i);
                });
            }
            "done"
        });
        assert_eq!((result, sum.get()), ("done", 55));
    });
}

#[test]
fn a_scope_whose_body_panics_kills_its_tasks_and_waits_for_them_gl_18() {
    osier::run(|| {
        let ended = Cell::new(0);
        let text = text_of(|| {
            scope(|s| {
                for _ in 0..10 {
                    s.spawn(|| {
                        let _note = OnDrop::new(|| ended.set(ended.get() + 1));
                        sleep(FOREVER);
                    });
                }
                yield_now();
                assert_eq!(ended.get(), 0);
                panic!("the body has failed");
            })
        });
        assert_eq!(text, "the body has failed", "it goes on with the body's panic");
        assert_eq!(ended.get(), 10);
    });
}

#[test]
fn a_scope_whose_wait_is_cut_short_kills_its_tasks_gl_18() {
    osier::run(|| {
        let ended = Rc::new(Cell::new(0));
        let counts = ended.clone();
        let task = spawn(move || {
            scope(|s| {
                for _ in 0..3 {
                    s.spawn(|| {
                        let _note = OnDrop::new(|| counts.set(counts.get() + 1));
                        sleep(FOREVER);
                    });
                }
            })
        });
        yield_now();
        yield_now();
        assert!(task.kill_timeout(FOREVER));
        assert!(task.join().unwrap_err().is_killed());
        assert_eq!(ended.get(), 3);
    });
}

#[test]
fn a_kill_inside_of_the_body_reaches_the_children_gl_18() {
    osier::run(|| {
        let ended = Rc::new(Cell::new(false));
        let note = ended.clone();
        let task = spawn(move || {
            scope(|s| {
                s.spawn(|| {
                    let _note = OnDrop::new(|| note.set(true));
                    sleep(FOREVER);
                });
                sleep(FOREVER);
            })
        });
        yield_now();
        yield_now();
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        assert!(ended.get());
    });
}

#[test]
fn a_child_that_catches_its_kill_is_waited_for() {
    osier::run(|| {
        let data = RefCell::new(vec![1, 2, 3]);
        let data = &data;
        assert!(swallow(|| {
            scope(|s| {
                s.spawn(move || {
                    assert!(swallow(|| sleep(FOREVER)));
                    sleep(SHORT);
                    shield(|| sleep(SHORT));
                    data.borrow_mut().push(4);
                });
                yield_now();
                panic!("expected");
            })
        }));
        assert_eq!(*data.borrow(), [1, 2, 3, 4]);
    });
}

#[test]
fn a_second_kill_while_a_scope_ends_does_not_let_it_out_early() {
    osier::run(|| {
        let task = spawn(|| {
            let alive = Cell::new(true);
            let alive = &alive;
            let _proof = OnDrop::new(move || assert!(!alive.get(), "the scope is left too early"));
            scope(|s| {
                s.spawn(move || {
                    assert!(swallow(|| sleep(FOREVER)));
                    sleep(2 * SHORT);
                    alive.set(false);
                });
            });
        });
        yield_now();
        yield_now();
        task.kill();
        yield_now();
        yield_now();
        task.kill();
        assert!(!task.is_finished());
        assert!(task.join().unwrap_err().is_killed());
    });
}

#[test]
fn a_leaked_handle_does_not_let_the_scope_out_early() {
    osier::run(|| {
        let word = String::from("borrowed");
        let read = Cell::new(0);
        scope(|s| {
            let task = s.spawn(|| {
                sleep(SHORT);
                read.set(word.len());
            });
            std::mem::forget(task);
        });
        assert_eq!(read.get(), 8);
        drop(word);
    });
}

#[test]
fn handles_in_a_cycle_do_not_let_the_scope_out_early() {
    type Slot<'s> = RefCell<Option<ScopedJoinHandle<'s, Rc<Knot<'s>>>>>;
    struct Knot<'s>(Slot<'s>);
    osier::run(|| {
        let word = String::from("borrowed");
        let read = Cell::new(0);
        let (word, read) = (&word, &read);
        scope(|s| {
            let knot = Rc::new(Knot(RefCell::new(None)));
            let mine = knot.clone();
            let task = s.spawn(move || {
                sleep(SHORT);
                read.set(word.len());
                mine
            });
            *knot.0.borrow_mut() = Some(task);
        });
        assert_eq!(read.get(), 8);
    });
}

#[test]
fn a_childs_panic_reaches_its_join_or_else_its_scope() {
    osier::run(|| {
        let joined = scope(|s| s.spawn(|| -> () { panic!("expected") }).join());
        assert!(joined.unwrap_err().is_panic());
        let text = text_of(|| scope(|s| drop(s.spawn(|| panic!("expected")))));
        assert_eq!(text, "a scoped green thread panicked");
        scope(|s| drop(s.spawn(|| osier::current().kill())));
    });
}

#[test]
fn a_result_that_borrows_is_dropped_before_the_scope_ends() {
    struct Reads<'a>(&'a Cell<usize>, &'a str);
    impl Drop for Reads<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + self.1.len());
        }
    }
    osier::run(|| {
        let (count, word) = (Cell::new(0), String::from("four"));
        scope(|s| {
            drop(s.spawn(|| Reads(&count, &word)));
            let kept = s.spawn(|| Reads(&count, &word));
            assert!(kept.join_timeout(FOREVER).is_some());
            s.spawn(|| {
                yield_now();
                Reads(&count, &word)
            });
        });
        assert_eq!(count.get(), 12);
    });
}

#[test]
fn a_child_may_spawn_into_its_own_scope_and_into_one_within() {
    osier::run(|| {
        let count = Cell::new(0);
        let count = &count;
        let add = move || count.set(count.get() + 1);
        scope(|s| {
            s.spawn(move || {
                s.spawn(move || {
                    yield_now();
                    s.spawn(add);
                    add();
                });
                scope(|inner| drop(inner.spawn(add)));
                add();
            });
        });
        assert_eq!(count.get(), 4);
    });
}

#[test]
fn a_scope_in_a_scope_that_is_killed_ends_from_the_inside() {
    osier::run(|| {
        let order = Rc::new(RefCell::new(Vec::new()));
        let notes = order.clone();
        let task = spawn(move || {
            let notes = &notes;
            let note = |what| OnDrop::new(move || notes.borrow_mut().push(what));
            let outer = note("outer frame");
            scope(|s| {
                s.spawn(|| {
                    let _middle = note("middle");
                    scope(|s| {
                        s.spawn(|| {
                            let _inner = note("inner");
                            sleep(FOREVER);
                        });
                    });
                });
            });
            drop(outer);
        });
        for _ in 0..4 {
            yield_now();
        }
        task.kill();
        task.wait();
        assert_eq!(*order.borrow(), ["inner", "middle", "outer frame"]);
    });
}

#[test]
fn a_scope_gives_a_task_a_name_and_a_stack_like_a_builder() {
    osier::run(|| {
        scope(|s| {
            let builder = osier::Builder::new().name("deep").stack_size(1 << 20);
            let task = s.spawn_with(builder, || osier::current().name()).unwrap();
            assert!(format!("{task:?}").contains("deep"));
            assert_eq!(task.join().unwrap().as_deref(), Some("deep"));
            let builder = osier::Builder::new().stack_size(usize::MAX);
            assert!(s.spawn_with(builder, || ()).is_err());
        });
    });
}

#[test]
fn a_panic_of_the_body_wins_over_a_panic_of_a_child() {
    osier::run(|| {
        let payload = payload_of(|| {
            scope(|s| {
                s.spawn(|| panic!("expected, of the child"));
                yield_now();
                std::panic::panic_any(7);
            })
        });
        assert_eq!(payload.downcast_ref(), Some(&7));
    });
}

#[test]
fn a_childs_kill_does_not_kill_its_scope() {
    osier::run(|| {
        let count = Cell::new(0);
        scope(|s| {
            let victim = s.spawn(|| sleep(FOREVER));
            s.spawn(|| {
                sleep(SHORT);
                count.set(1);
            });
            yield_now();
            victim.kill();
            assert!(victim.join().unwrap_err().is_killed());
        });
        assert_eq!(count.get(), 1);
    });
}
