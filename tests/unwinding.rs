//! Waits in destructors while a task unwinds: they do not switch, and nobody else notices.

mod support;

use std::cell::Cell;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use osier::io::{Got, Source};
use osier::{Reason, Unparker, Wake, park, sleep, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT};

/// What a task unwinds from.
#[derive(Clone, Copy, Debug, PartialEq)]
enum From {
    Panic,
    Kill,
    TimeOut,
}

/// Calls `f` in a destructor of a task that unwinds, three times for three reasons, beside a
/// task that holds a std mutex: nobody may run meanwhile, panic, or find the mutex poisoned.
fn while_unwinding(f: impl Fn() + Clone + 'static) {
    for from in [From::Panic, From::Kill, From::TimeOut] {
        osier::run(|| {
            let turns = Rc::new(Cell::new(0u32));
            let over = Rc::new(Cell::new(false));
            let mutex = Arc::new(Mutex::new(()));
            let (counts, ends, locks) = (turns.clone(), over.clone(), mutex.clone());
            let other = spawn(move || {
                let _guard = locks.lock().unwrap();
                while !ends.get() {
                    counts.set(counts.get() + 1);
                    assert!(!thread::panicking(), "that is another task's panic");
                    yield_now();
                }
            });
            let (f, counts) = (f.clone(), turns.clone());
            let dies = move || {
                let _wait = OnDrop::new(|| {
                    assert!(thread::panicking());
                    let before = counts.get();
                    f();
                    assert_eq!(counts.get(), before, "another task ran");
                });
                match from {
                    From::Panic => panic!("expected"),
                    From::Kill => osier::current().kill(),
                    From::TimeOut => sleep(FOREVER),
                }
            };
            let task = spawn(move || {
                if from == From::TimeOut {
                    assert!(timeout(SHORT, dies).is_err());
                    panic!("expected");
                }
                dies();
            });
            let error = task.join().unwrap_err();
            assert_eq!(error.is_killed(), from == From::Kill, "{from:?}: {error}");
            let before = turns.get();
            yield_now();
            assert!(turns.get() > before, "the others go on");
            over.set(true);
            other.join().unwrap();
            assert!(!mutex.is_poisoned());
        });
    }
}

#[test]
fn a_sleep_stops_the_thread_for_that_long() {
    while_unwinding(|| {
        let began = osier::clock::now();
        sleep(Duration::from_millis(1));
        assert!(began.elapsed() >= Duration::from_millis(1));
        sleep(Duration::ZERO);
        yield_now();
    });
}

#[test]
fn a_join_gives_an_error_at_once() {
    while_unwinding(|| {
        let task = spawn(|| sleep(SHORT));
        assert!(task.join_timeout(FOREVER).is_none());
        task.wait();
        assert!(!task.kill_timeout(FOREVER));
        let error = task.join().unwrap_err();
        assert_eq!(error.to_string(), "not waited for: whoever joins may not wait here");
        assert!(!error.is_panic() && !error.is_killed());
    });
}

#[test]
fn a_join_of_what_has_ended_gives_its_result() {
    osier::run(|| {
        let done = spawn(|| 7);
        done.wait();
        let result = Rc::new(Cell::new(0));
        let put = result.clone();
        let task = spawn(move || {
            let _join = OnDrop::new(|| put.set(done.join().unwrap()));
            panic!("expected");
        });
        task.wait();
        assert_eq!(result.get(), 7);
    });
}

#[test]
fn a_join_through_a_handle_gives_an_error_and_does_not_hang() {
    while_unwinding(|| {
        let task = osier::handle().spawn(|| 7);
        assert!(task.join().unwrap_err().to_string().contains("may not wait"));
    });
}

#[test]
fn a_park_is_refused_and_undone() {
    while_unwinding(|| {
        let undone = Cell::new(false);
        let wake = park(Reason::new("waiting"), None, || undone.set(true));
        assert_eq!((wake, undone.get()), (Wake::Refused, true));
        Unparker::current().unpark();
    });
}

#[test]
fn a_scope_starts_nothing() {
    while_unwinding(|| {
        let ran = Cell::new(false);
        let dropped = Cell::new(false);
        osier::scope(|s| {
            let told = OnDrop::new(|| dropped.set(true));
            let ran = &ran;
            let task = s.spawn(move || {
                ran.set(true);
                drop(told);
            });
            assert!(task.is_finished());
            let error = task.join().unwrap_err();
            assert_eq!(error.to_string(), "not started: whoever spawned it is unwinding");
        });
        assert!(!ran.get() && dropped.get());
    });
}

#[test]
fn an_offloaded_call_runs_here() {
    while_unwinding(|| {
        let here = thread::current().id();
        assert_eq!(osier::thread::offload(|| thread::current().id()), here);
    });
}

#[test]
fn a_socket_is_waited_for_in_the_kernel() {
    while_unwinding(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let near = Source::new(near);
        let writer = thread::spawn(move || {
            support::spin(Duration::from_millis(1));
            far.write_all(b"tea").unwrap();
            far
        });
        let mut buffer = [0; 8];
        let read = near.read(None, |mut near| {
            near.read(&mut buffer).map(|value| Got { value, drained: false })
        });
        assert_eq!(read.unwrap(), 3);
        let until = osier::clock::deadline(Duration::from_millis(1));
        assert_eq!(near.wait_readable(until).unwrap_err().kind(), std::io::ErrorKind::TimedOut);
        drop(writer.join().unwrap());
    });
}

#[test]
fn a_kill_or_a_time_out_is_not_delivered() {
    while_unwinding(|| {
        assert_eq!(timeout(Duration::ZERO, || sleep(Duration::from_millis(1))), Ok(()));
        osier::current().kill();
        yield_now();
        sleep(Duration::from_millis(1));
    });
}

#[test]
fn a_kill_asked_for_while_unwinding_comes_at_the_next_wait() {
    osier::run(|| {
        let task = spawn(|| {
            assert!(support::swallow(|| {
                let _kill = OnDrop::new(|| osier::current().kill());
                panic!("expected");
            }));
            sleep(FOREVER);
        });
        assert!(task.join().unwrap_err().is_killed());
    });
}

#[test]
fn a_task_can_be_spawned_and_runs_later() {
    osier::run(|| {
        let ran = Rc::new(Cell::new(false));
        let runs = ran.clone();
        let task = spawn(move || {
            let _spawn = OnDrop::new(|| drop(spawn(move || runs.set(true))));
            panic!("expected");
        });
        task.wait();
        yield_now();
        assert!(ran.get());
    });
}

#[test]
fn panics_are_counted_per_task() {
    osier::run(|| {
        let tasks = (0..50).map(|_| {
            spawn(|| {
                for _ in 0..3 {
                    assert!(support::swallow(|| {
                        let _wait = OnDrop::new(yield_now);
                        yield_now();
                        panic!("expected");
                    }));
                    assert!(!thread::panicking());
                    yield_now();
                }
            })
        });
        assert!(osier::join_all(tasks).into_iter().all(|result| result.is_ok()));
    });
}
