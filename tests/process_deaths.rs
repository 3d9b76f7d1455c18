//! Processes that are killed while they hold what others wait for, or wait for it themselves.
//!
//! At any moment: `process_kills.rs`.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/shared.rs"]
mod shared;

use std::time::Duration;

use alone::tests;
use osier::process::sync::{Barrier, Condition, Event, Lock, LockError, Semaphore};
use osier::process::{ExitStatus, Process};
use shared::{until, waits};

const FOREVER: Duration = Duration::from_secs(3600);
/// Longer than anything takes that goes on.
const PATIENCE: Duration = Duration::from_secs(20);

/// A child that has locked, and goes on holding.
fn holder(lock: &Lock) -> Process {
    let (theirs, ready) = (lock.clone(), Event::new().unwrap());
    let set = ready.clone();
    let child = Process::fork(move || {
        let _held = theirs.lock().unwrap_or_else(|error| error.into_guard().unwrap());
        set.set();
        osier::sleep(FOREVER);
    });
    ready.wait();
    child.unwrap()
}

/// A child that waits for it.
fn waiter(lock: &Lock) -> Process {
    let theirs = lock.clone();
    let child = Process::fork(move || match theirs.lock() {
        Ok(_held) => 0,
        Err(LockError::Poisoned(_)) => 2,
        Err(_) => 1,
    });
    let child = child.unwrap();
    until(|| waits(lock, child.pid()));
    child
}

fn kill(child: Process) {
    child.kill().unwrap();
    assert_eq!(child.join(), ExitStatus::Signal(9));
}

tests! {
    #[test]
    fn who_waits_for_one_that_is_killed_has_a_poisoned_lock_c_21() {
        osier::run(|| {
            let lock = Lock::new().unwrap();
            let child = holder(&lock);
            let ours = lock.clone();
            let task = osier::spawn(move || matches!(ours.lock_timeout(PATIENCE), Err(LockError::Poisoned(_))));
            osier::sleep(Duration::from_millis(3));
            kill(child);
            assert!(task.join().unwrap());
            assert!(lock.is_poisoned());
            lock.clear_poison();
            drop(lock.lock().unwrap());
        });
    }

    #[test]
    fn who_comes_later_has_it_too_by_every_form_c_21() {
        osier::run(|| {
            let lock = Lock::new().unwrap();
            kill(holder(&lock));
            assert!(matches!(lock.try_lock(), Err(LockError::Poisoned(_))));
            lock.clear_poison();
            kill(holder(&lock));
            assert!(matches!(lock.lock(), Err(LockError::Poisoned(_))));
        });
    }

    #[test]
    fn one_that_is_not_reaped_is_as_dead_c_21() {
        osier::run(|| {
            let lock = Lock::new().unwrap();
            let (theirs, killed) = (lock.clone(), Event::new().unwrap());
            let set = killed.clone();
            let middle = Process::fork(move || {
                holder(&theirs).kill().unwrap();
                set.set();
                while std::hint::black_box(true) {} // and nobody reaps
            });
            killed.wait();
            assert!(matches!(lock.lock_timeout(PATIENCE), Err(LockError::Poisoned(_))));
            kill(middle.unwrap());
        });
    }

    #[test]
    fn one_that_is_killed_while_it_waits_is_passed_over_c_21() {
        osier::run(|| {
            let lock = Lock::new().unwrap();
            let held = lock.lock().unwrap();
            let (first, second, third) = (waiter(&lock), waiter(&lock), waiter(&lock));
            kill(first);
            drop(held);
            assert_eq!(second.join(), ExitStatus::Code(0), "without poison");
            assert_eq!(third.join(), ExitStatus::Code(0));
            // All who wait are dead: who comes does not stand behind them.
            let held = lock.lock().unwrap();
            let (one, other) = (waiter(&lock), waiter(&lock));
            kill(one);
            kill(other);
            drop(held);
            drop(lock.lock_timeout(PATIENCE).unwrap());
            assert!(format!("{lock:?}").contains("wanted_by: []"), "{lock:?}");
        });
    }

    #[test]
    fn one_that_is_stopped_holds_nobody_up_for_ever_c_21() {
        osier::run(|| {
            let lock = Lock::new().unwrap();
            let held = lock.lock().unwrap();
            let (first, second) = (waiter(&lock), waiter(&lock));
            let pid = rustix::process::Pid::from_raw(first.pid() as i32).unwrap();
            rustix::process::kill_process(pid, rustix::process::Signal::STOP).unwrap();
            drop(held);
            assert_eq!(second.join(), ExitStatus::Code(0));
            rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
            assert_eq!(first.join(), ExitStatus::Code(0));
        });
    }

    #[test]
    fn permits_of_one_that_is_killed_come_back_c_21() {
        osier::run(|| {
            let places = Semaphore::new(3).unwrap();
            let (theirs, ready) = (places.clone(), Event::new().unwrap());
            let set = ready.clone();
            let child = Process::fork(move || {
                let _some = (theirs.acquire().unwrap(), theirs.acquire().unwrap());
                set.set();
                osier::sleep(FOREVER);
            });
            ready.wait();
            let ours = places.acquire().unwrap();
            kill(child.unwrap());
            let one = places.acquire_timeout(PATIENCE).unwrap();
            let other = places.acquire_timeout(PATIENCE).unwrap();
            assert!(one.is_abandoned() && other.is_abandoned() && !ours.is_abandoned());
            drop((one, other, ours));
            assert_eq!(places.available(), 3);
            assert!(!places.acquire().unwrap().is_abandoned());
        });
    }

    #[test]
    fn a_barrier_breaks_when_one_that_waits_is_killed_c_21() {
        osier::run(|| {
            let all = Barrier::new(3).unwrap();
            let theirs = all.clone();
            let child = Process::fork(move || i32::from(theirs.wait().is_ok())).unwrap();
            until(|| all.waiting() == 1);
            let ours = all.clone();
            let task = osier::spawn(move || ours.wait_timeout(PATIENCE).is_err());
            osier::sleep(Duration::from_millis(2));
            kill(child);
            assert!(task.join().unwrap() && all.is_broken());
        });
    }

    #[test]
    fn a_notification_of_one_that_is_killed_is_the_next_ones_c_21() {
        osier::run(|| {
            let changed = Condition::new().unwrap();
            let waiter = || {
                let theirs = changed.clone();
                let child = Process::fork(move || {
                    let guard = theirs.lock().unwrap();
                    drop(theirs.wait(guard));
                });
                let child = child.unwrap();
                until(|| waits(&changed, child.pid()));
                child
            };
            let (first, second) = (waiter(), waiter());
            kill(first);
            assert_eq!(changed.notify(1), 1);
            assert!(second.join().is_success());
        });
    }
}
