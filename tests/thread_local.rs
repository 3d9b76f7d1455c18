//! What tasks of a thread share without meaning to: thread-locals, and locks held across waits.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::{Mutex, TryLockError};

use osier::{Hub, local, no_switch, sleep, spawn, yield_now};
use scoped_tls::scoped_thread_local;
use support::{FOREVER, SHORT, swallow, text_of};

scoped_thread_local!(static NAME: String);

fn name() -> Option<String> {
    NAME.is_set().then(|| NAME.with(String::clone))
}

#[test]
fn scoped_tls_is_safe_where_no_task_can_switch() {
    osier::run(|| {
        let tasks = ["ann", "bob"].map(|own| {
            spawn(move || {
                for _ in 0..10 {
                    let inside = no_switch(|| NAME.set(&own.to_string(), name));
                    assert_eq!(inside.as_deref(), Some(own));
                    assert_eq!(name(), None);
                    yield_now();
                }
            })
        });
        tasks.into_iter().for_each(|task| task.join().unwrap());
    });
}

#[test]
fn a_wait_in_no_switch_panics_and_names_the_wait() {
    osier::run(|| {
        let waits: [(&str, fn()); 6] = [
            ("sleeping", || sleep(FOREVER)),
            ("yield_now", yield_now),
            ("waiting for nobody", support::wait_for_nobody),
            ("offloaded", || {
                // It ends only when this has unwound, so there is something to wait for.
                let (_cue, waits) = std::sync::mpsc::channel::<()>();
                osier::thread::offload(move || waits.into_iter().for_each(drop));
            }),
            ("joining task", || drop(spawn(|| ()).join())),
            ("a scope", || osier::scope(|s| drop(s.spawn(|| ())))),
        ];
        for (what, wait) in waits {
            let text = text_of(|| no_switch(|| NAME.set(&"mine".into(), wait)));
            assert!(text.contains("no_switch") && text.contains(what), "{text}");
            assert_eq!(name(), None, "it was left as it should be");
            yield_now(); // and the panic has ended the ban
        }
        let nested = no_switch(|| {
            no_switch(|| ());
            text_of(yield_now)
        });
        assert!(nested.contains("no_switch"));
    });
}

#[test]
fn scoped_tls_waits_safely_where_each_task_has_its_own_value() {
    let hub = Hub::new().unwrap();
    hub.run(|| {
        local::preserve(NAME.inner, std::ptr::null());
        let tasks = (0..20).map(|i| {
            spawn(move || {
                assert_eq!(name(), None);
                let own = format!("task {i}");
                NAME.set(&own, || {
                    for _ in 0..i {
                        yield_now();
                        assert_eq!(name().as_ref(), Some(&own));
                        NAME.set(&String::from("inner"), || {
                            sleep(std::time::Duration::from_micros(50));
                            assert_eq!(name().as_deref(), Some("inner"));
                        });
                    }
                });
                assert_eq!(name(), None);
            })
        });
        let killed = spawn(|| NAME.set(&String::from("killed"), || sleep(FOREVER)));
        let results = osier::join_all(tasks);
        assert!(results.iter().all(|result| result.is_ok()), "{results:?}");
        assert_eq!(name(), None);
        assert!(killed.kill_timeout(FOREVER));
        assert_eq!(name(), None);
    });
    assert_eq!(name(), None);
}

thread_local!(static COUNT: Cell<i32> = const { Cell::new(0) });

#[test]
fn thread_locals_are_shared_until_they_are_preserved_and_again_in_the_next_run() {
    let hub = Hub::new().unwrap();
    let seen_by_another = || {
        COUNT.set(7);
        let seen = spawn(|| COUNT.get()).join().unwrap();
        COUNT.set(0);
        seen
    };
    assert_eq!(hub.run(seen_by_another), 7);
    let preserved = || {
        local::preserve(&COUNT, 0);
        seen_by_another()
    };
    assert_eq!(hub.run(preserved), 0);
    assert_eq!(hub.run(seen_by_another), 7, "it lasts until the run ends");
    assert_eq!(hub.run(preserved), 0);
}

#[test]
fn the_thread_has_its_own_value_again_after_the_run() {
    let hub = Hub::new().unwrap();
    for outside in [5, 6] {
        COUNT.set(outside);
        hub.run(|| {
            local::preserve(&COUNT, 0);
            assert_eq!(COUNT.get(), outside, "who asks keeps it");
            let set = |n| move || assert_eq!(COUNT.replace(n), 0);
            osier::join_all((1..9).map(|n| spawn(set(n))));
            let last = spawn(|| {
                yield_now();
                COUNT.set(9);
            });
            yield_now();
            drop(last); // it outlives the main task
            assert_eq!(COUNT.get(), outside);
        });
        assert_eq!(COUNT.get(), outside);
    }
    hub.run(|| {
        local::preserve(&COUNT, 0);
        COUNT.set(7);
    });
    assert_eq!(COUNT.get(), 7, "what the main task leaves, as ever");
    assert!(swallow(|| hub.run(|| {
        local::preserve(&COUNT, 0);
        spawn(|| COUNT.set(8)).join().unwrap();
        panic!("expected");
    })));
    assert_eq!(COUNT.get(), 7);
    COUNT.set(0);
}

#[test]
fn a_thread_local_that_is_preserved_twice_is_preserved() {
    osier::run(|| {
        local::preserve(&COUNT, 0);
        let tasks = (1..5).map(|n| {
            spawn(move || {
                local::preserve(&COUNT, 0);
                COUNT.set(n);
                yield_now();
                local::preserve(&COUNT, -1);
                assert_eq!(COUNT.get(), n);
            })
        });
        let results = osier::join_all(tasks);
        assert!(results.iter().all(|result| result.is_ok()), "{results:?}");
        assert_eq!(spawn(|| COUNT.get()).join().unwrap(), 0);
    });
}

#[test]
fn a_ref_cell_borrowed_across_a_wait_is_found_borrowed() {
    osier::run(|| {
        let cell = Rc::new(RefCell::new(1));
        let borrows = cell.clone();
        let task = spawn(move || {
            let mut value = borrows.borrow_mut();
            sleep(SHORT);
            *value += 1;
        });
        yield_now();
        assert!(cell.try_borrow().is_err());
        let other = cell.clone();
        let error = spawn(move || *other.borrow()).join().unwrap_err();
        assert!(error.is_panic(), "that task ends, not the process");
        task.join().unwrap();
        assert_eq!(*cell.borrow(), 2);
    });
}

#[test]
fn a_std_mutex_locked_across_a_wait_is_found_locked_and_a_kill_poisons_it() {
    osier::run(|| {
        let mutex = Rc::new(Mutex::new(1));
        let locks = mutex.clone();
        let task = spawn(move || {
            let _guard = locks.lock().unwrap();
            sleep(FOREVER);
        });
        yield_now();
        // `lock` would stop the thread for ever, this task and the one that has it.
        assert!(matches!(mutex.try_lock(), Err(TryLockError::WouldBlock)));
        assert!(task.kill_timeout(FOREVER));
        assert!(mutex.is_poisoned(), "std takes the unwinding for a panic");
        mutex.clear_poison();
        let locks = mutex.clone();
        let task = spawn(move || {
            let mut guard = locks.lock().unwrap();
            yield_now();
            *guard += 1;
        });
        task.join().unwrap();
        assert!(!mutex.is_poisoned());
        assert_eq!(*mutex.lock().unwrap(), 2);
    });
}

#[test]
fn a_mutex_of_a_task_is_not_poisoned_by_anothers_panic() {
    osier::run(|| {
        let mutex = Rc::new(Mutex::new(()));
        let locks = mutex.clone();
        let task = spawn(move || {
            let _guard = locks.lock().unwrap();
            sleep(SHORT);
        });
        for _ in 0..10 {
            assert!(swallow(|| panic!("expected")));
            drop(spawn(|| panic!("expected")));
            yield_now();
        }
        task.join().unwrap();
        assert!(!mutex.is_poisoned());
    });
}
