//! How waits for std's locks end otherwise than by a wake: kills, time-outs, the end of a run, deadlocks, a lost token.
//!
//! Each in a process of one OS thread, as what is a deadlock depends on that.
//!
//! # Why unsafe
//! libc is called as C calls it.
#![allow(unsafe_code)]
use osier_monkey as _;

#[path = "../../../tests/support/alone.rs"]
mod alone;

use std::cell::Cell;
use std::env;
use std::os::unix::process::ExitStatusExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{Command, Output};
use std::rc::Rc;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use osier::{Builder, yield_now};

/// Which half of a test this process is.
const ROLE: &str = "OSIER_TEST_ROLE";

fn is_child() -> bool {
    env::var_os(ROLE).is_some()
}

/// Runs that test once more, as a child, and gives what it has said.
fn child(name: &str) -> Output {
    let program = env::current_exe().unwrap();
    Command::new(program).args(["--one", name]).env(ROLE, "child").output().unwrap()
}

/// What this thread has computed so far.
fn cpu() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes where that is.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

#[expect(clippy::disallowed_methods, reason = "on a thread without tasks")]
fn nap(milliseconds: u64) {
    thread::sleep(Duration::from_millis(milliseconds));
}

fn spawned<T: 'static>(name: &str, f: impl FnOnce() -> T + 'static) -> osier::JoinHandle<T> {
    Builder::new().name(name).spawn(f).unwrap()
}

alone::tests! {
    #[test]
    fn a_killed_task_waits_on_without_a_busy_loop_and_unwinds_at_the_next_switch() {
        osier::run(|| {
            let mutex = Rc::new(Mutex::new(()));
            let got = Rc::new(Cell::new(0));
            let guard = mutex.lock().unwrap();
            let waits = osier::spawn({
                let (mutex, got) = (mutex.clone(), got.clone());
                move || {
                    let _guard = mutex.lock().unwrap();
                    got.set(1);
                    yield_now();
                    got.set(2);
                }
            });
            yield_now();
            waits.kill();
            waits.kill();
            let before = cpu();
            osier::sleep(Duration::from_millis(60));
            assert!(cpu() - before < Duration::from_millis(30), "{:?}", cpu() - before);
            assert!(!waits.is_finished());
            drop(guard);
            assert!(waits.join().unwrap_err().is_killed());
            assert_eq!(got.get(), 1);
            // std takes an unwinding for a panic.
            assert!(mutex.is_poisoned());
        });
    }

    #[test]
    fn a_time_out_comes_after_the_lock() {
        osier::run(|| {
            let mutex = Rc::new(Mutex::new(()));
            let holder = osier::spawn({
                let mutex = mutex.clone();
                move || {
                    let _guard = mutex.lock().unwrap();
                    osier::sleep(Duration::from_millis(10));
                }
            });
            yield_now();
            let got = Cell::new(false);
            let result = osier::timeout(Duration::from_millis(1), || {
                drop(mutex.lock().unwrap());
                got.set(true);
                yield_now();
                unreachable!("its time was up long ago");
            });
            assert!(result.is_err() && got.get());
            holder.join().unwrap();
            // The task is as good as ever.
            drop(mutex.lock().unwrap());
            osier::sleep(Duration::from_millis(1));
        });
    }

    #[test]
    fn a_wake_and_a_kill_in_one_turn_lose_neither() {
        osier::run(|| {
            let pair = Rc::new((Mutex::new(false), Condvar::new()));
            let took = Rc::new(Cell::new(false));
            let waits = osier::spawn({
                let (pair, took) = (pair.clone(), took.clone());
                move || {
                    let guard = pair.0.lock().unwrap();
                    let mut guard = pair.1.wait_while(guard, |there| !*there).unwrap();
                    *guard = false;
                    took.set(true);
                    drop(guard);
                    yield_now();
                }
            });
            yield_now();
            *pair.0.lock().unwrap() = true;
            pair.1.notify_one();
            waits.kill();
            assert!(waits.join().unwrap_err().is_killed());
            assert!(took.get());
        });
    }

    #[test]
    fn a_daemon_that_waits_for_ever_does_not_hold_up_the_end() {
        let pair = Arc::new((Mutex::new(0), Condvar::new()));
        #[expect(clippy::disallowed_methods, reason = "outside of a run")]
        let began = Instant::now();
        let theirs = pair.clone();
        osier::run(move || {
            let daemon = Builder::new().daemon(true).spawn(move || {
                let guard = theirs.0.lock().unwrap();
                drop(theirs.1.wait_while(guard, |turn| *turn == 0).unwrap());
            });
            drop(daemon.unwrap());
            yield_now();
        });
        assert!(began.elapsed() < Duration::from_secs(5), "{:?}", began.elapsed());
        // Whoever waits after it has the wake that it would have had.
        let theirs = pair.clone();
        let thread = thread::spawn(move || {
            let guard = theirs.0.lock().unwrap();
            drop(theirs.1.wait_while(guard, |turn| *turn == 0).unwrap());
        });
        thread::yield_now();
        *pair.0.lock().unwrap() = 1;
        pair.1.notify_one();
        thread.join().unwrap();
    }

    #[test]
    fn tasks_that_hold_each_other_s_lock_are_a_deadlock_with_a_report() {
        let run = || osier::run(|| {
            let locks = Rc::new((Mutex::new(()), Mutex::new(())));
            let theirs = locks.clone();
            drop(spawned("left", move || {
                let _first = theirs.0.lock().unwrap();
                yield_now();
                let _second = theirs.1.lock().unwrap();
            }));
            drop(spawned("right", move || {
                let _first = locks.1.lock().unwrap();
                yield_now();
                let _second = locks.0.lock().unwrap();
            }));
        });
        let payload = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
        let report = payload.downcast::<osier::Deadlock>().expect("a verdict").to_string();
        for word in ["left", "right", "waiting for a std lock (futex)"] {
            assert!(report.contains(word), "{report}");
        }
    }

    #[test]
    fn a_main_task_that_can_never_have_a_lock_ends_the_process_with_the_report() {
        if is_child() {
            osier::run(|| {
                let mutex = Mutex::new(());
                let _first = mutex.lock().unwrap();
                let _second = mutex.lock().unwrap();
            });
            return;
        }
        let name = "a_main_task_that_can_never_have_a_lock_ends_the_process_with_the_report";
        let output = child(name);
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.signal(), Some(libc::SIGABRT), "{text}");
        assert!(text.contains("deadlock: ") && text.contains("waiting for a std lock"), "{text}");
    }

    #[test]
    fn it_is_no_deadlock_as_long_as_a_thread_may_end_it_and_one_when_that_is_gone() {
        let pair = Arc::new((Mutex::new(false), Condvar::new()));
        // It lasts for a while, and tells nobody anything.
        let thread = thread::spawn(|| nap(30));
        let theirs = pair.clone();
        let began = thread.thread().id();
        let run = || osier::run(move || {
            drop(spawned("waits", move || {
                let guard = theirs.0.lock().unwrap();
                drop(theirs.1.wait_while(guard, |there| !*there).unwrap());
            }));
        });
        let payload = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
        assert!(payload.is::<osier::Deadlock>() && thread.is_finished(), "{began:?}");
        thread.join().unwrap();
    }

    #[test]
    fn a_dump_says_what_a_task_waits_for() {
        osier::run(|| {
            let mutex = Rc::new(Mutex::new(()));
            let guard = mutex.lock().unwrap();
            let waits = spawned("waits", {
                let mutex = mutex.clone();
                move || drop(mutex.lock().unwrap())
            });
            yield_now();
            let dump = osier::dump().to_string();
            assert!(dump.contains("waiting for a std lock (futex)"), "{dump}");
            drop(guard);
            waits.join().unwrap();
        });
    }

    #[test]
    fn a_task_whose_token_another_has_taken_is_told_of_and_goes_on() {
        if is_child() {
            osier::run(|| {
                #[expect(clippy::disallowed_methods, reason = "that is what is tested")]
                let first = spawned("first", thread::park);
                yield_now();
                let me = thread::current();
                let unparker = thread::spawn(move || {
                    nap(20);
                    me.unpark();
                });
                // It has the token of both, and stops the thread until then.
                #[expect(clippy::disallowed_methods, reason = "that is what is tested")]
                let second = spawned("second", thread::park);
                second.join().unwrap();
                assert!(!first.is_finished());
                first.join().unwrap();
                unparker.join().unwrap();
            });
            return;
        }
        let output = child("a_task_whose_token_another_has_taken_is_told_of_and_goes_on");
        let text = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{text}");
        assert!(text.contains("'first' waits in std's thread::park"), "{text}");
    }

    #[test]
    fn a_forked_copy_that_ends_at_once_waits_in_the_kernel() {
        osier::run(|| {
            let mutex = Rc::new(Mutex::new(()));
            let guard = mutex.lock().unwrap();
            let waits = osier::spawn({
                let mutex = mutex.clone();
                move || drop(mutex.lock().unwrap())
            });
            let ran = Rc::new(Cell::new(false));
            yield_now();
            let other = osier::spawn({
                let ran = ran.clone();
                move || ran.set(true)
            });
            // SAFETY: the copy calls the kernel and ends.
            let pid = unsafe { libc::fork() };
            if pid == 0 {
                let word = 0_u32;
                let time = libc::timespec { tv_sec: 0, tv_nsec: 2_000_000 };
                let (operation, none) = (libc::FUTEX_WAIT | libc::FUTEX_PRIVATE_FLAG, 0_usize);
                // SAFETY: word and time are right here; nothing of the parent's is touched.
                unsafe {
                    libc::syscall(libc::SYS_futex, &raw const word, operation, 0, &raw const time, none, 0);
                    libc::_exit(i32::from(ran.get()));
                }
            }
            let mut status = 0;
            // SAFETY: the child that was just made, and a place for its status.
            assert_eq!(unsafe { libc::waitpid(pid, &mut status, 0) }, pid);
            assert_eq!(status, 0, "another task ran in the copy");
            drop(guard);
            waits.join().unwrap();
            other.join().unwrap();
        });
    }
}
