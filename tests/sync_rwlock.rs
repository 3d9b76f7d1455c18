//! Locks for many readers or one writer.

mod support;

use std::cell::RefCell;
use std::rc::Rc;

use osier::sync::{LockError, RwLock};
use osier::{JoinHandle, clock, idle, join_all, sleep, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, text_of};

type Log = Rc<RefCell<String>>;

/// Who holds the lock for one turn and notes its name, with a stroke when it leaves.
fn visit(lock: &Rc<RwLock<()>>, log: &Log, name: &'static str, writes: bool) -> JoinHandle<()> {
    let (lock, log) = (lock.clone(), log.clone());
    let task = spawn(move || {
        let visit = || {
            *log.borrow_mut() += name;
            yield_now();
            *log.borrow_mut() += "/";
        };
        if writes {
            let _guard = lock.write().unwrap();
            visit();
        } else {
            let _guard = lock.read().unwrap();
            visit();
        }
    });
    yield_now();
    task
}

#[test]
fn readers_are_in_together_and_a_writer_alone() {
    osier::run(|| {
        let (lock, log) = (Rc::new(RwLock::new(())), Log::default());
        let guard = lock.write().unwrap();
        let names =
            [("a", false), ("b", false), ("W", true), ("V", true), ("c", false), ("d", false)];
        let tasks = names.map(|(name, writes)| visit(&lock, &log, name, writes));
        drop(guard);
        join_all(tasks);
        assert_eq!(*log.borrow(), "ab//W/V/cd//");
    });
}

#[test]
fn a_stream_of_readers_does_not_keep_a_writer_out() {
    osier::run(|| {
        let (lock, log) = (Rc::new(RwLock::new(())), Log::default());
        let guard = lock.read().unwrap();
        let mut tasks = vec![visit(&lock, &log, "W", true)];
        assert!(matches!(lock.try_read(), Err(LockError::WouldBlock)));
        tasks.extend(["a", "b"].map(|name| visit(&lock, &log, name, false)));
        idle();
        assert_eq!(*log.borrow(), "");
        drop(guard);
        join_all(tasks);
        assert_eq!(*log.borrow(), "W/ab//");
    });
}

#[test]
fn a_writer_that_gives_up_lets_readers_in_that_stood_behind_it() {
    osier::run(|| {
        let (lock, log) = (Rc::new(RwLock::new(())), Log::default());
        let guard = lock.read().unwrap();
        let writer = visit(&lock, &log, "W", true);
        let reader = visit(&lock, &log, "a", false);
        writer.kill();
        reader.join().unwrap();
        assert_eq!(*log.borrow(), "a/");
        let writes = lock.clone();
        let writer = spawn(move || writes.write_timeout(SHORT).is_err());
        yield_now();
        let reader = visit(&lock, &log, "b", false);
        assert!(writer.join().unwrap());
        reader.join().unwrap();
        drop(guard);
        assert!(lock.try_write().is_ok());
    });
}

#[test]
fn a_wait_with_a_limit_ends_with_its_time() {
    osier::run(|| {
        let lock = Rc::new(RwLock::new(0));
        let locks = lock.clone();
        let writer = spawn(move || {
            let _guard = locks.write().unwrap();
            sleep(FOREVER);
        });
        yield_now();
        assert!(matches!(lock.try_write(), Err(LockError::WouldBlock)));
        assert!(matches!(lock.try_read(), Err(LockError::WouldBlock)));
        assert!(matches!(lock.write_timeout(SHORT), Err(LockError::TimedOut)));
        assert!(matches!(lock.read_timeout(SHORT), Err(LockError::TimedOut)));
        assert!(matches!(lock.write_deadline(clock::now()), Err(LockError::TimedOut)));
        assert!(matches!(lock.read_deadline(clock::now()), Err(LockError::TimedOut)));
        assert!(timeout(SHORT, || drop(lock.read())).is_err());
        writer.kill();
        assert_eq!(*lock.read_timeout(FOREVER).unwrap(), 0);
        *lock.write_timeout(FOREVER).unwrap() += 1;
        assert_eq!(*lock.read_deadline(clock::now()).unwrap(), 1);
        drop(lock.write_deadline(clock::now()).unwrap());
    });
}

#[test]
fn a_kill_at_the_hand_over_loses_nothing() {
    osier::run(|| {
        for writes in [false, true] {
            let (lock, log) = (Rc::new(RwLock::new(())), Log::default());
            let guard = lock.write().unwrap();
            let task = visit(&lock, &log, "x", writes);
            let next = visit(&lock, &log, "y", true);
            drop(guard);
            task.kill();
            assert!(task.join().unwrap_err().is_killed());
            next.join().unwrap();
            assert_eq!(*log.borrow(), "xy/");
            assert!(lock.try_write().is_ok() && !lock.is_poisoned());
        }
    });
}

#[test]
fn a_panic_of_a_writer_poisons_and_one_of_a_reader_does_not() {
    osier::run(|| {
        let lock = Rc::new(RwLock::new(1));
        let locks = lock.clone();
        let reader = spawn(move || {
            let _guard = locks.read().unwrap();
            panic!("expected");
        });
        assert!(reader.join().unwrap_err().is_panic());
        assert!(!lock.is_poisoned());
        let locks = lock.clone();
        let writer = spawn(move || {
            let _guard = locks.write().unwrap();
            panic!("expected");
        });
        assert!(writer.join().unwrap_err().is_panic());
        assert!(lock.is_poisoned());
        assert_eq!(lock.read().unwrap_err().into_guard().as_deref(), Some(&1));
        assert!(matches!(lock.try_write(), Err(LockError::Poisoned(_))));
        lock.clear_poison();
        assert!(lock.read().is_ok());
        let mut lock = Rc::into_inner(lock).unwrap();
        *lock.get_mut().unwrap() = 2;
        assert_eq!(lock.into_inner().unwrap(), 2);
    });
}

#[test]
fn one_that_would_wait_for_itself_is_told() {
    osier::run(|| {
        let lock = Rc::new(RwLock::new(()));
        let guard = lock.read().unwrap();
        drop(lock.read().unwrap()); // nobody is between
        assert!(text_of(|| drop(lock.write())).contains("wait for itself"));
        let locks = lock.clone();
        let writer = spawn(move || drop(locks.write().unwrap()));
        yield_now();
        assert!(text_of(|| drop(lock.read())).contains("wait for itself"));
        drop(guard);
        writer.join().unwrap();
        let _guard = lock.write().unwrap();
        assert!(text_of(|| drop(lock.read())).contains("wait for itself"));
        assert!(matches!(lock.try_read(), Err(LockError::WouldBlock)));
    });
}

#[test]
fn where_there_is_no_waiting_it_is_an_error() {
    let lock = Rc::new(RwLock::new(0));
    let guard = lock.write().unwrap();
    assert!(matches!(lock.read(), Err(LockError::Refused)));
    drop(guard);
    let guard = lock.read().unwrap();
    assert!(matches!(lock.write(), Err(LockError::Refused)));
    let locks = lock.clone();
    osier::run(move || {
        let writes = locks.clone();
        let task = spawn(move || {
            let _note = OnDrop::new(|| {
                assert!(matches!(writes.write(), Err(LockError::Refused)));
                assert!(writes.read().is_ok());
            });
            panic!("expected");
        });
        assert_eq!(task.join().unwrap_err().message(), Some("expected"));
    });
    drop(guard);
    assert!(lock.try_write().is_ok());
}

#[test]
fn it_says_who_is_in_and_who_waits() {
    osier::run(|| {
        let (lock, log) = (Rc::new(RwLock::new(())), Log::default());
        assert!(format!("{lock:?}").contains("state: \"free\""), "{lock:?}");
        let guard = lock.read().unwrap();
        let writer = visit(&lock, &log, "W", true);
        let text = format!("{lock:?}");
        assert!(text.contains("state: \"read\"") && text.contains("waiters: [Unparker"), "{text}");
        drop(guard);
        yield_now();
        let text = format!("{lock:?}");
        assert!(text.contains("<locked>") && text.contains("\"written\""), "{text}");
        writer.join().unwrap();
    });
}
