//! Reports name who holds what others wait for.

mod support;

use std::rc::Rc;

use osier::sync::{Mutex, OnceCell, RLock, RwLock};
use osier::{Builder, Deadlock, JoinHandle, dump, sleep, yield_now};
use support::{FOREVER, SHORT, payload_of, swallow, wait_for_nobody};

fn verdict<T>(f: impl FnOnce() -> T) -> String {
    payload_of(f).downcast::<Deadlock>().expect("a deadlock").to_string()
}

fn named<T: 'static>(name: &str, f: impl FnOnce() -> T + 'static) -> JoinHandle<T> {
    Builder::new().name(name).spawn(f).unwrap()
}

/// The line of the report that is that task's.
#[track_caller]
fn line<'a>(report: &'a str, name: &str) -> &'a str {
    let start = format!("'{name}'");
    let own = |line: &&str| line.split(':').next().is_some_and(|head| head.contains(&start));
    report.lines().find(own).unwrap_or_else(|| panic!("{name} is not in {report}"))
}

#[test]
fn two_that_wait_for_each_other_are_told_with_what_they_hold() {
    let report = verdict(|| {
        osier::run(|| {
            let (a, b) = (Rc::new(Mutex::new(())), Rc::new(Mutex::new(())));
            let both = |name: &str, first: &Rc<Mutex<()>>, second: &Rc<Mutex<()>>| {
                let (first, second) = (first.clone(), second.clone());
                named(name, move || {
                    let _first = first.lock().unwrap();
                    yield_now();
                    let _second = second.lock().unwrap();
                })
            };
            let (ann, bob) = (both("ann", &a, &b), both("bob", &b, &a));
            ann.wait();
            bob.wait();
        })
    });
    let ann = line(&report, "ann");
    assert!(ann.contains("waiting for a mutex held by task ") && ann.contains("'bob'"), "{report}");
    let bob = line(&report, "bob");
    assert!(bob.contains("waiting for a mutex held by task ") && bob.contains("'ann'"), "{report}");
}

#[test]
fn the_report_knows_who_holds_it_by_then() {
    osier::run(|| {
        let lock = Rc::new(Mutex::new(()));
        let guard = lock.lock().unwrap();
        let tasks: Vec<_> = ["ann", "bob", "cid"]
            .into_iter()
            .map(|name| {
                let lock = lock.clone();
                named(name, move || {
                    let _guard = lock.lock().unwrap();
                    wait_for_nobody();
                })
            })
            .collect();
        yield_now();
        let text = dump().to_string();
        assert!(line(&text, "cid").contains("'main'"), "{text}");
        drop(guard);
        yield_now();
        let text = dump().to_string();
        assert!(line(&text, "cid").contains("'ann'"), "{text}");
        tasks[0].kill();
        tasks[0].wait();
        yield_now();
        let text = dump().to_string();
        assert!(line(&text, "cid").contains("'bob'"), "{text}");
        tasks.iter().for_each(|task| task.kill());
    });
}

#[test]
fn a_holder_that_has_ended_is_told() {
    let report = verdict(|| {
        osier::run(|| {
            let lock = Rc::new(Mutex::new(()));
            let locks = lock.clone();
            let forgetful = named("gone", move || std::mem::forget(locks.lock().unwrap()));
            forgetful.join().unwrap();
            drop(lock.lock());
        })
    });
    let main = line(&report, "main");
    assert!(main.contains("held by task ") && main.contains("has ended without"), "{report}");
}

#[test]
fn a_holder_outside_of_any_task_is_told() {
    let lock = Rc::new(Mutex::new(()));
    let guard = lock.lock().unwrap();
    let locks = lock.clone();
    let report = verdict(move || osier::run(move || drop(locks.lock())));
    assert!(line(&report, "main").contains("held by code outside of any task"), "{report}");
    drop(guard);
    assert!(lock.try_lock().is_ok());
}

#[test]
fn readers_and_writers_are_told() {
    osier::run(|| {
        let lock = Rc::new(RwLock::new(()));
        let reads = |name| {
            let lock = lock.clone();
            named(name, move || {
                let _guard = lock.read().unwrap();
                wait_for_nobody();
            })
        };
        let readers = ["ann", "bob"].map(reads);
        yield_now();
        let writes = lock.clone();
        let writer = named("cid", move || {
            let _guard = writes.write().unwrap();
            wait_for_nobody();
        });
        yield_now();
        let late = reads("dan");
        yield_now();
        let text = dump().to_string();
        let cid = line(&text, "cid");
        assert!(cid.contains("waiting to write an RwLock held by task "), "{text}");
        assert!(cid.contains("'ann' and task ") && cid.contains("'bob'"), "{text}");
        assert!(line(&text, "dan").contains("waiting to read an RwLock held by"), "{text}");
        readers.iter().for_each(|reader| reader.kill());
        yield_now();
        yield_now();
        let text = dump().to_string();
        let dan = line(&text, "dan");
        assert!(dan.contains("'cid'") && !dan.contains("'ann'"), "{text}");
        [writer, late].iter().for_each(|task| task.kill());
    });
}

#[test]
fn many_readers_are_counted() {
    osier::run(|| {
        let lock = Rc::new(RwLock::new(()));
        let reads = |_| {
            let lock = lock.clone();
            osier::spawn(move || {
                let _guard = lock.read().unwrap();
                wait_for_nobody();
            })
        };
        let mut tasks: Vec<_> = (0..8).map(reads).collect();
        yield_now();
        let writes = lock.clone();
        tasks.push(named("writer", move || drop(writes.write())));
        yield_now();
        let text = dump().to_string();
        assert!(line(&text, "writer").contains(" and 3 more;"), "{text}");
        tasks.iter().for_each(|task| task.kill());
    });
}

#[test]
fn an_rlock_and_a_once_cell_name_their_holders() {
    osier::run(|| {
        let (lock, cell) = (Rc::new(RLock::new(())), Rc::new(OnceCell::new()));
        let (locks, makes) = (lock.clone(), cell.clone());
        let ann = named("ann", move || {
            let _guard = locks.lock().unwrap();
            makes.get_or_init(wait_for_nobody);
        });
        yield_now();
        let bob = named("bob", move || drop(lock.lock()));
        let cid = named("cid", move || *cell.get_or_init(|| ()));
        yield_now();
        let text = dump().to_string();
        assert!(line(&text, "bob").contains("waiting for an RLock held by task "), "{text}");
        assert!(line(&text, "cid").contains("the value of a OnceCell held by task "), "{text}");
        [bob, ann, cid].iter().for_each(|task| task.kill());
    });
}

#[test]
fn a_lock_that_a_daemon_holds_may_be_let_go_of() {
    osier::run(|| {
        let lock = Rc::new(Mutex::new(()));
        let locks = lock.clone();
        let daemon = Builder::new().daemon(true).spawn(move || {
            let _guard = locks.lock().unwrap();
            sleep(SHORT);
        });
        yield_now();
        drop(lock.lock().unwrap());
        daemon.unwrap().join().unwrap();
    });
}

#[test]
fn a_daemon_that_holds_nothing_of_interest_hides_no_deadlock() {
    osier::run(|| {
        let daemon = Builder::new().daemon(true).spawn(|| sleep(FOREVER)).unwrap();
        let lock = Rc::new(Mutex::new(()));
        let locks = lock.clone();
        osier::spawn(move || std::mem::forget(locks.lock())).join().unwrap();
        assert!(verdict(|| drop(lock.lock())).contains("has ended"));
        daemon.kill();
    });
}

#[test]
fn a_lock_is_good_after_a_verdict() {
    osier::run(|| {
        let lock = Rc::new(Mutex::new(0));
        let locks = lock.clone();
        let stuck = osier::spawn(move || {
            let mut guard = locks.lock().unwrap();
            *guard += 1;
            wait_for_nobody();
        });
        yield_now();
        assert!(swallow(|| drop(lock.lock())));
        stuck.kill();
        assert_eq!(*lock.lock().unwrap(), 1);
    });
}
