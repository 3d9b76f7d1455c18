//! What std promises of threads, locks and channels, in a patched program: threads older than the first hub, the main thread, locks that are
//! held while the first hub begins, processes of ours.
#![expect(clippy::disallowed_methods, reason = "what std has is what is tried")]
use osier_monkey as _;

use std::sync::mpsc::{RecvTimeoutError, channel, sync_channel};
use std::sync::{Arc, Condvar, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

const MS: Duration = Duration::from_millis(1);
const LONG: Duration = Duration::from_secs(10);

fn run<T: 'static>(f: impl FnOnce() -> T + 'static) -> T {
    osier::run(move || osier::timeout(LONG, f).expect("it hangs"))
}

#[test]
fn threads_that_are_older_than_the_first_hub_are_joined_in_a_task_mp_05() {
    let (go, went) = channel::<u32>();
    let old = thread::Builder::new().name("old".into()).spawn(move || went.recv().unwrap() + 1);
    let old = old.unwrap();
    let me = thread::current().id();
    run(move || {
        assert_eq!(old.thread().name(), Some("old"));
        assert_eq!(thread::current().id(), me); // a task is on its thread
        let join = osier::spawn(move || old.join().unwrap());
        osier::yield_now();
        assert!(!join.is_finished());
        go.send(41).unwrap();
        assert_eq!(join.join().unwrap(), 42);
    });
}

#[test]
fn a_lock_that_was_taken_before_the_hub_is_given_back_in_it_mp_05() {
    let lock = Arc::new(Mutex::new(1));
    let held = lock.lock().unwrap();
    let other = lock.clone();
    let thread = thread::spawn(move || *other.lock().unwrap());
    let tasks = lock.clone();
    osier::run(|| {
        let task = osier::spawn(move || *tasks.lock().unwrap());
        osier::yield_now();
        assert!(!task.is_finished());
        let mut held = held;
        *held = 2;
        drop(held);
        assert_eq!(task.join().unwrap(), 2);
    });
    assert_eq!(thread.join().unwrap(), 2);
}

#[test]
fn a_poisoned_lock_and_one_that_is_held_say_so_mp_06() {
    run(|| {
        let lock = Arc::new(Mutex::new(0));
        let held = lock.lock().unwrap();
        assert!(matches!(lock.try_lock(), Err(TryLockError::WouldBlock)));
        drop(held);
        let other = lock.clone();
        let panics = osier::spawn(move || {
            let _held = other.lock().unwrap();
            osier::yield_now();
            std::panic::resume_unwind(Box::new("on purpose"));
        });
        osier::yield_now();
        assert!(lock.lock().is_err(), "it was waited for, and is poisoned");
        assert!(panics.join().is_err());
    });
}

#[test]
fn a_condition_is_waited_for_with_and_without_a_limit_mp_06() {
    run(|| {
        let both = Arc::new((Mutex::new(false), Condvar::new()));
        let (lock, condition) = &*both;
        let (held, end) = condition.wait_timeout(lock.lock().unwrap(), MS).unwrap();
        assert!(end.timed_out() && !*held);
        drop(held);
        let other = both.clone();
        osier::spawn(move || {
            *other.0.lock().unwrap() = true;
            other.1.notify_all();
        });
        let held = condition.wait_while(lock.lock().unwrap(), |ready| !*ready).unwrap();
        assert!(*held);
    });
}

#[test]
fn a_channel_of_std_serves_a_task_and_threads_mp_06() {
    run(|| {
        let (sender, receiver) = channel();
        assert_eq!(receiver.recv_timeout(MS), Err(RecvTimeoutError::Timeout));
        let other = sender.clone();
        let thread = thread::spawn(move || (0..100).for_each(|n| other.send(n).unwrap()));
        let played = osier::spawn(|| (0..3).for_each(|_| osier::yield_now()));
        drop(sender);
        assert_eq!(receiver.iter().sum::<i32>(), 4950);
        thread.join().unwrap();
        assert!(receiver.recv().is_err(), "nobody is left who sends");
        played.join().unwrap();

        // Full: the sender waits for the other thread, and no other task of its own does.
        let (sender, receiver) = sync_channel(0);
        let thread = thread::spawn(move || receiver.iter().sum::<i32>());
        (0..10).for_each(|n| sender.send(n).unwrap());
        drop(sender);
        assert_eq!(thread.join().unwrap(), 45);
    });
}

#[test]
fn each_task_s_blocking_code_has_a_thread_when_it_asks_for_one_mp_06() {
    run(|| {
        // Two at once, which `thread::park` and what is made of it do not have on one thread.
        let waits = (0..2).map(|number| {
            osier::spawn(move || {
                osier::thread::offload(move || {
                    let (sender, receiver) = channel();
                    thread::spawn(move || sender.send(number).unwrap());
                    receiver.recv().unwrap()
                })
            })
        });
        let waits: Vec<_> = waits.collect();
        let sum: u32 = waits.into_iter().map(|wait| wait.join().unwrap()).sum();
        assert_eq!(sum, 1);
    });
}
