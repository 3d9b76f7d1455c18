//! Calls on OS threads: the task waits, others run, and everything comes back.

mod support;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use osier::thread::{Pool, offload};
use osier::{join_all, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, Turns, payload_of, spin};

#[test]
fn a_call_runs_elsewhere_while_others_run_here() {
    osier::run(|| {
        let turns = Turns::new();
        let there = offload(|| {
            spin(SHORT);
            thread::current().id()
        });
        assert_ne!(there, thread::current().id());
        assert!(turns.count() > 1);
    });
}

#[test]
fn outside_of_a_run_a_call_is_a_call() {
    let here = thread::current().id();
    assert_eq!(offload(|| thread::current().id()), here);
}

#[test]
fn a_panic_comes_back_with_its_payload() {
    osier::run(|| {
        let payload = payload_of(|| offload(|| std::panic::panic_any(7)));
        assert_eq!(payload.downcast_ref(), Some(&7));
        assert_eq!(offload(|| 8), 8, "and its thread is as good as before");
    });
}

#[test]
fn a_call_whose_task_is_killed_goes_on_and_its_result_is_dropped() {
    osier::run(|| {
        let dropped = Arc::new(AtomicBool::new(false));
        let note = dropped.clone();
        let (go, gone) = std::sync::mpsc::channel::<()>();
        let task = spawn(move || {
            offload(move || {
                gone.iter().for_each(drop);
                OnDrop::new(move || note.store(true, Ordering::Release))
            })
        });
        yield_now();
        task.kill();
        assert!(task.join().is_err_and(|error| error.is_killed()));
        assert!(!dropped.load(Ordering::Acquire), "it is cut short, the call is not");
        drop(go);
        let late = timeout(FOREVER, || {
            while !dropped.load(Ordering::Acquire) {
                yield_now()
            }
        });
        assert!(late.is_ok());
    });
}

#[test]
fn a_time_out_does_not_wait_for_the_call() {
    osier::run(|| {
        let (go, gone) = std::sync::mpsc::channel::<()>();
        let slow = move || gone.iter().for_each(drop);
        assert!(timeout(SHORT, || offload(slow)).is_err());
        drop(go);
    });
}

#[test]
fn a_pool_runs_no_more_at_once_than_it_says() {
    static POOL: Pool = Pool::new("few", 2);
    static RUNNING: AtomicUsize = AtomicUsize::new(0);
    osier::run(|| {
        let tasks = (0..10).map(|_| {
            spawn(|| {
                POOL.offload(|| {
                    let now = RUNNING.fetch_add(1, Ordering::SeqCst) + 1;
                    spin(Duration::from_millis(1));
                    RUNNING.fetch_sub(1, Ordering::SeqCst);
                    now
                })
            })
        });
        let most = join_all(tasks).into_iter().map(Result::unwrap).max();
        assert!(most <= Some(2), "{most:?}");
        assert!(POOL.stats().threads <= 2);
    });
}

#[test]
fn files_are_read_elsewhere_while_others_run_here_c_12() {
    // A FIFO is a file whose read blocks for as long as this test wants.
    let path = std::env::temp_dir().join(format!("osier-offload-{}", std::process::id()));
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    osier::run(|| {
        let turns = Rc::new(Cell::new(0));
        let counts = turns.clone();
        let fifo = path.clone();
        let writer = spawn(move || {
            (0..100).for_each(|_| {
                counts.set(counts.get() + 1);
                yield_now();
            });
            offload(move || std::fs::write(fifo, "from a file")).unwrap();
        });
        let fifo = path.clone();
        let text = offload(move || std::fs::read_to_string(fifo));
        assert_eq!(text.unwrap(), "from a file");
        assert_eq!(turns.get(), 100);
        writer.join().unwrap();
    });
    std::fs::remove_file(path).unwrap();
}

#[test]
fn the_environment_says_how_many_calls_run_at_once_cf_01() {
    let test = "the_environment_says_how_many_calls_run_at_once_cf_01";
    if std::env::var_os("OSIER_OFFLOAD").is_none() {
        let mut child = std::process::Command::new(std::env::current_exe().unwrap());
        let status = child.args([test, "--exact"]).env("OSIER_OFFLOAD", "6").status();
        assert!(status.unwrap().success());
        return;
    }
    // Each call waits until six are there; a seventh has to wait for one of them to end.
    static THERE: AtomicUsize = AtomicUsize::new(0);
    static MOST: AtomicUsize = AtomicUsize::new(0);
    static MET: std::sync::Barrier = std::sync::Barrier::new(6);
    let call = |_| {
        spawn(|| {
            offload(|| {
                MOST.fetch_max(THERE.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                MET.wait();
                THERE.fetch_sub(1, Ordering::SeqCst);
            })
        })
    };
    osier::run(|| join_all((0..12).map(call)).into_iter().for_each(Result::unwrap));
    assert_eq!(MOST.load(Ordering::SeqCst), 6);
}
