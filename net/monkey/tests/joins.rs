//! Waiting for OS threads: `JoinHandle::join`, `thread::scope`, `thread::park`, std's channels.
//!
//! # Why unsafe
//! libc is called as C calls it.
#![allow(unsafe_code)]
use osier_monkey as _;

use std::cell::Cell;
use std::ptr::null_mut;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;

use osier::yield_now;

#[test]
fn many_tasks_join_a_thread_each_while_others_run() {
    osier::run(|| {
        let (go, gone) = mpsc::channel::<()>();
        let gone = std::sync::Arc::new(std::sync::Mutex::new(gone));
        let joined = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..20)
            .map(|number| {
                let (gone, joined) = (gone.clone(), joined.clone());
                osier::spawn(move || {
                    let thread = thread::spawn(move || {
                        // Until the sender is dropped.
                        assert_eq!(gone.lock().unwrap().iter().next(), None);
                        number
                    });
                    assert_eq!(thread.join().unwrap(), number);
                    joined.set(joined.get() + 1);
                })
            })
            .collect();
        for _ in 0..20 {
            yield_now();
        }
        assert_eq!(joined.get(), 0); // all wait, and this one runs
        drop(go);
        tasks.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(joined.get(), 20);
    });
}

#[test]
fn a_thread_s_panic_and_result_come_through() {
    osier::run(|| {
        let thread = thread::spawn(|| panic!("on purpose"));
        let payload = thread.join().unwrap_err();
        assert_eq!(*payload.downcast::<&str>().unwrap(), "on purpose");
        let over = thread::spawn(|| vec![1, 2, 3]);
        while !over.is_finished() {
            yield_now();
        }
        assert_eq!(over.join().unwrap(), [1, 2, 3]);
    });
}

#[test]
fn errors_are_libc_s() {
    osier::run(|| {
        // SAFETY: libc refuses before it does anything.
        let told = unsafe { libc::pthread_join(libc::pthread_self(), null_mut()) };
        assert_eq!(told, libc::EDEADLK);
    });
}

#[test]
fn one_task_of_a_thread_may_park_scope_and_receive() {
    osier::run(|| {
        let ran = Rc::new(Cell::new(0));
        let ticker = osier::spawn({
            let ran = ran.clone();
            move || {
                loop {
                    ran.set(ran.get() + 1);
                    yield_now();
                }
            }
        });
        let me = thread::current();
        let (says, said) = mpsc::channel();
        let unparker = thread::spawn(move || {
            me.unpark();
            says.send(7).unwrap();
        });
        #[expect(clippy::disallowed_methods, reason = "that is what is tested")]
        thread::park();
        #[expect(clippy::disallowed_methods, reason = "that is what is tested")]
        let received = said.recv();
        assert_eq!(received, Ok(7));
        unparker.join().unwrap();
        let mut numbers = [0; 8];
        thread::scope(|scope| {
            for number in &mut numbers {
                scope.spawn(|| *number += 1);
            }
        });
        assert_eq!(numbers, [1; 8]);
        assert!(ran.get() > 1);
        ticker.kill();
    });
}
