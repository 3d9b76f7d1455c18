//! Mutexes: one at a time, in order; poison, kills, time-outs; what is misuse.

mod support;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;

use osier::sync::{LockError, Mutex};
use osier::{JoinHandle, clock, idle, join_all, sleep, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, swallow, text_of, wait_for_nobody};

/// A lock that is held until the cue, and who holds it.
fn held() -> (Rc<Mutex<Vec<u32>>>, JoinHandle<()>, Rc<osier::sync::Event>) {
    let lock = Rc::new(Mutex::new(Vec::new()));
    let cue = Rc::new(osier::sync::Event::new());
    let (lock2, cue2) = (lock.clone(), cue.clone());
    let holder = spawn(move || {
        let _guard = lock2.lock().unwrap();
        cue2.wait();
    });
    yield_now();
    assert!(lock.is_locked());
    (lock, holder, cue)
}

/// A lock, and a task that takes it and does so while it has it; it has begun.
fn with_lock(inside: impl FnOnce() + 'static) -> (Rc<Mutex<()>>, JoinHandle<()>) {
    let lock = Rc::new(Mutex::new(()));
    let locks = lock.clone();
    let task = spawn(move || {
        let _guard = locks.lock().unwrap();
        inside();
    });
    yield_now();
    (lock, task)
}

/// Who locks and notes its number, once it is in line.
fn note(lock: &Rc<Mutex<Vec<u32>>>, number: u32) -> JoinHandle<()> {
    let lock = lock.clone();
    let task = spawn(move || lock.lock().unwrap().push(number));
    yield_now();
    task
}

#[test]
fn a_yield_inside_lets_nobody_in() {
    let total = Rc::new(Mutex::new(0));
    osier::run(|| {
        let add = |_| {
            let total = total.clone();
            spawn(move || {
                let mut total = total.lock().unwrap();
                let before = *total;
                yield_now();
                *total = before + 1;
            })
        };
        join_all((0..100).map(add));
    });
    assert_eq!(*total.lock().unwrap(), 100);
}

#[test]
fn whoever_waits_longest_is_next() {
    osier::run(|| {
        let (lock, _holder, cue) = held();
        let tasks: Vec<_> = (0..10).map(|i| note(&lock, i)).collect();
        cue.set();
        join_all(tasks);
        assert_eq!(*lock.lock().unwrap(), (0..10).collect::<Vec<_>>());
    });
}

#[test]
fn nobody_takes_on_the_way_what_was_handed_over_c_14() {
    osier::run(|| {
        let lock = Rc::new(Mutex::new(Vec::new()));
        let round = |name: char| {
            let lock = lock.clone();
            spawn(move || {
                for _ in 0..3 {
                    let mut guard = lock.lock().unwrap();
                    guard.push(name);
                    yield_now();
                    drop(guard); // and wants it back at once
                }
            })
        };
        join_all(['a', 'b'].map(round));
        assert_eq!(lock.lock().unwrap().iter().collect::<String>(), "ababab");
        let guard = lock.lock().unwrap();
        let waits = lock.clone();
        let task = spawn(move || drop(waits.lock().unwrap()));
        yield_now();
        drop(guard);
        assert!(matches!(lock.try_lock(), Err(LockError::WouldBlock))); // it is the other's already
        task.join().unwrap();
        assert!(lock.try_lock().is_ok());
    });
}

#[test]
fn a_wait_with_a_limit_ends_with_its_time() {
    osier::run(|| {
        let (lock, _holder, cue) = held();
        assert!(matches!(lock.lock_timeout(SHORT), Err(LockError::TimedOut)));
        assert!(matches!(lock.lock_deadline(clock::now()), Err(LockError::TimedOut)));
        assert!(timeout(SHORT, || lock.lock().is_ok()).is_err());
        assert!(matches!(lock.try_lock(), Err(LockError::WouldBlock)));
        cue.set();
        assert!(lock.lock_timeout(FOREVER).is_ok());
        assert!(lock.lock_deadline(clock::now()).is_ok());
        assert!(lock.try_lock().is_ok());
    });
}

#[test]
fn one_that_is_killed_in_line_leaves_it() {
    osier::run(|| {
        let (lock, _holder, cue) = held();
        let [first, second, third] = [0, 1, 2].map(|i| note(&lock, i));
        second.kill();
        cue.set();
        join_all([first, third]);
        assert!(second.join().unwrap_err().is_killed());
        assert_eq!(*lock.lock().unwrap(), [0, 2]);
        assert!(!lock.is_poisoned());
    });
}

#[test]
fn one_that_is_killed_as_it_is_handed_the_lock_has_it() {
    for kill_first in [false, true] {
        osier::run(|| {
            let lock = Rc::new(Mutex::new(Vec::new()));
            let guard = lock.lock().unwrap();
            let locks = lock.clone();
            let task = spawn(move || {
                locks.lock().unwrap().push(1);
                wait_for_nobody();
            });
            yield_now();
            let next = note(&lock, 2);
            if kill_first {
                task.kill();
            }
            drop(guard);
            task.kill();
            assert!(task.join().unwrap_err().is_killed());
            next.join().unwrap();
            assert_eq!(*lock.lock().unwrap(), [1, 2]);
        });
    }
}

#[test]
fn a_time_out_as_the_lock_is_handed_over_comes_after_it() {
    osier::run(|| {
        let lock = Rc::new(Mutex::new(()));
        let guard = lock.lock().unwrap();
        let locks = lock.clone();
        let task = spawn(move || locks.lock_deadline(clock::now()).is_ok());
        yield_now();
        drop(guard);
        assert!(task.join().unwrap());
        assert!(!lock.is_locked());
    });
}

#[test]
fn a_panic_poisons() {
    osier::run(|| {
        let lock = Rc::new(Mutex::new(1));
        let locks = lock.clone();
        let task = spawn(move || {
            *locks.lock().unwrap() = 2;
            let _guard = locks.lock().unwrap();
            panic!("expected");
        });
        assert!(task.join().unwrap_err().is_panic());
        assert!(lock.is_poisoned());
        let guard = lock.lock().unwrap_err().into_guard().unwrap();
        assert_eq!(*guard, 2);
        assert!(matches!(lock.try_lock(), Err(LockError::WouldBlock)));
        drop(guard);
        assert!(matches!(lock.try_lock(), Err(LockError::Poisoned(_))));
        lock.clear_poison();
        drop(lock.lock().unwrap());
        assert_eq!(Rc::into_inner(lock).unwrap().into_inner().unwrap(), 2);
    });
}

#[test]
fn a_kill_does_not_poison_nor_does_a_time_out() {
    osier::run(|| {
        let (lock, task) = with_lock(|| sleep(FOREVER));
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        let out = timeout(SHORT, || {
            let _guard = lock.lock().unwrap();
            sleep(FOREVER);
        });
        assert!(out.is_err() && !lock.is_locked() && !lock.is_poisoned());
    });
}

#[test]
fn a_kill_through_a_time_out_does_not_poison() {
    osier::run(|| {
        let (lock, task) = with_lock(|| {
            let _ = timeout(FOREVER, || osier::scope(|s| s.spawn(|| sleep(FOREVER)).join()));
        });
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        assert!(!lock.is_poisoned());
    });
}

#[test]
fn a_panic_after_a_kill_that_was_swallowed_poisons() {
    osier::run(|| {
        let (lock, task) = with_lock(|| {
            assert!(swallow(|| sleep(FOREVER)));
            panic!("expected");
        });
        task.kill();
        assert!(task.join().unwrap_err().is_panic());
        assert!(lock.is_poisoned());
    });
}

#[test]
fn a_panic_of_one_while_another_keeps_its_kill_poisons() {
    osier::run(|| {
        let keeper = spawn(|| {
            let kept = catch_unwind(AssertUnwindSafe(|| sleep(FOREVER)));
            yield_now();
            yield_now();
            drop(kept);
        });
        yield_now();
        keeper.kill();
        yield_now();
        let (lock, task) = with_lock(|| panic!("expected"));
        assert!(task.join().unwrap_err().is_panic());
        assert!(lock.is_poisoned());
    });
}

#[test]
fn a_kill_with_a_payload_is_a_panic_and_poisons() {
    osier::run(|| {
        let (lock, task) = with_lock(|| sleep(FOREVER));
        task.kill_with(Box::new("why"));
        assert!(task.join().unwrap_err().is_panic());
        assert!(lock.is_poisoned());
    });
}

#[test]
fn locking_twice_is_told_at_once() {
    osier::run(|| {
        let lock = Mutex::new(());
        let guard = lock.lock().unwrap();
        for text in [
            text_of(|| drop(lock.lock())),
            text_of(|| drop(lock.lock_timeout(FOREVER))),
            text_of(|| drop(lock.lock_deadline(clock::now() + FOREVER))),
        ] {
            assert!(text.contains("locked already") && text.contains("RLock"), "{text}");
        }
        assert!(matches!(lock.try_lock(), Err(LockError::WouldBlock)));
        drop(guard);
        assert!(lock.try_lock().is_ok());
    });
}

#[test]
fn while_unwinding_what_is_free_is_had_and_what_is_not_is_an_error() {
    osier::run(|| {
        let (lock, _holder, cue) = held();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let free = Rc::new(Mutex::new(0));
        let (locks, sees, frees) = (lock.clone(), seen.clone(), free.clone());
        let task = spawn(move || {
            let mine = Mutex::new(());
            let guard = mine.lock().unwrap();
            let _note = OnDrop::new(|| {
                sees.borrow_mut().push(matches!(locks.lock(), Err(LockError::Refused)));
                let result = locks.lock_timeout(FOREVER);
                sees.borrow_mut().push(matches!(result, Err(LockError::Refused)));
                sees.borrow_mut().push(matches!(mine.lock(), Err(LockError::Refused)));
                *frees.lock().unwrap() += 1;
            });
            let _keep = &guard;
            panic!("expected");
        });
        assert!(task.join().unwrap_err().is_panic());
        assert_eq!(*seen.borrow(), [true; 3]);
        // What was locked while unwinding was not left half-way by the panic.
        assert_eq!((*free.lock().unwrap(), lock.is_poisoned()), (1, false));
        cue.set();
        drop(lock.lock().unwrap());
    });
}

#[test]
fn outside_of_a_task_there_is_no_waiting() {
    let lock = Rc::new(Mutex::new(1));
    *lock.lock().unwrap() += 1;
    let guard = lock.lock().unwrap();
    assert!(matches!(lock.lock(), Err(LockError::Refused)));
    assert!(matches!(lock.lock_timeout(FOREVER), Err(LockError::Refused)));
    let locks = lock.clone();
    osier::run(move || assert!(matches!(locks.lock_timeout(SHORT), Err(LockError::TimedOut))));
    drop(guard);
    assert_eq!(*lock.lock().unwrap(), 2);
}

#[test]
fn inside_of_no_switch_a_wait_panics_and_leaves_the_line() {
    osier::run(|| {
        let (lock, holder, cue) = held();
        let text = text_of(|| osier::no_switch(|| drop(lock.lock())));
        assert!(text.contains("no_switch"), "{text}");
        cue.set();
        holder.join().unwrap();
        assert!(!lock.is_locked());
        osier::no_switch(|| drop(lock.lock().unwrap()));
    });
}

#[test]
fn a_wake_for_something_else_does_not_end_the_wait() {
    osier::run(|| {
        let (lock, _holder, cue) = held();
        let had = Rc::new(Cell::new(None));
        let (locks, sets) = (lock.clone(), had.clone());
        let task = spawn(move || {
            sets.set(Some(osier::Unparker::current()));
            drop(locks.lock().unwrap());
        });
        yield_now();
        had.take().unwrap().unpark();
        idle();
        assert!(!task.is_finished());
        cue.set();
        task.join().unwrap();
    });
}

#[test]
fn it_says_who_holds_it_and_who_waits() {
    osier::run(|| {
        let (lock, holder, cue) = held();
        let waits = note(&lock, 1);
        let text = format!("{lock:?}");
        assert!(text.contains("<locked>"), "{text}");
        assert!(text.contains(&format!("held by task {}", holder.id())), "{text}");
        assert!(text.contains(&format!("wanted by [TaskId({})]", waits.id())), "{text}");
        cue.set();
        join_all([holder, waits]);
        assert_eq!(format!("{lock:?}"), "Mutex { data: [1], lock: free, poisoned: false }");
    });
}

#[test]
fn a_thousand_that_give_up_leave_nothing_behind() {
    osier::run(|| {
        let (lock, holder, cue) = held();
        let tasks: Vec<_> = (0..1000).map(|i| note(&lock, i)).collect();
        tasks.iter().step_by(2).for_each(JoinHandle::kill);
        cue.set();
        holder.join().unwrap();
        join_all(tasks);
        assert!(lock.lock().unwrap().iter().copied().eq((0..1000).skip(1).step_by(2)));
    });
}
