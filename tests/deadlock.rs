//! Deadlocks: told when nothing can ever go on, and not while something may.

mod support;

use std::cell::Cell;
use std::io::Write;
use std::os::unix::net::UnixStream;
use std::os::unix::process::ExitStatusExt;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use osier::io::Source;
use osier::select::ready;
use osier::{
    Builder, Deadlock, Group, JoinAll, JoinHandle, Pool, Reason, Unparker, Wake, park, shield,
    sleep, spawn, timeout,
};
use support::{FOREVER, OnDrop, SHORT, payload_of, spin, swallow, wait_for_nobody};

const SIGABRT: i32 = 6;

fn verdict<T>(f: impl FnOnce() -> T) -> String {
    payload_of(f).downcast::<Deadlock>().expect("a deadlock").to_string()
}

#[test]
fn a_main_task_that_nobody_can_wake_is_told_hu_01() {
    let report = verdict(|| osier::run(wait_for_nobody));
    assert!(report.starts_with("deadlock: no green thread can ever go on"), "{report}");
    assert!(report.contains("task ") && report.contains("'main'"), "{report}");
    assert!(report.contains("parked for ") && report.contains("waiting for nobody"), "{report}");
    assert!(report.contains("spawned at tests/deadlock.rs:"), "{report}");
}

#[test]
fn the_main_task_can_go_on_after_the_verdict_hu_01() {
    osier::run(|| {
        let stuck = spawn(wait_for_nobody);
        let report = verdict(|| stuck.wait());
        assert!(report.contains("joining task"), "{report}");
        stuck.kill();
        assert!(stuck.join().unwrap_err().is_killed());
    });
}

#[test]
fn every_task_is_in_the_report_hu_01() {
    let report = verdict(|| {
        osier::run(|| {
            for name in ["ann", "bob"] {
                Builder::new().name(name).spawn(wait_for_nobody).unwrap();
            }
            let stuck = spawn(wait_for_nobody);
            stuck.join().unwrap()
        })
    });
    for expected in ["'main'", "'ann'", "'bob'", "joining task "] {
        assert!(report.contains(expected), "{expected}: {report}");
    }
    assert_eq!(report.lines().count(), 5, "{report}");
}

#[test]
fn a_run_whose_main_task_has_ended_is_told_and_destructors_run_hu_01() {
    let dropped = Rc::new(Cell::new(false));
    let note = dropped.clone();
    let report = verdict(|| {
        osier::run(|| {
            let stuck = Builder::new().name("stuck").spawn(move || {
                let _note = OnDrop::new(|| note.set(true));
                wait_for_nobody();
            });
            drop(stuck);
        })
    });
    assert!(report.contains("'stuck'") && !report.contains("'main'"), "{report}");
    assert!(dropped.get());
}

#[test]
fn a_shield_is_no_shelter_from_the_verdict_hu_01() {
    let report = verdict(|| osier::run(|| shield(|| shield(wait_for_nobody))));
    assert!(report.contains("'main'"), "{report}");
}

#[test]
fn a_verdict_that_was_swallowed_comes_again_hu_01() {
    osier::run(|| {
        for _ in 0..3 {
            assert!(swallow(wait_for_nobody));
        }
    });
}

#[test]
fn a_verdict_that_is_always_swallowed_ends_the_process_hu_01() {
    let name = "a_verdict_that_is_always_swallowed_ends_the_process_hu_01";
    let child = support::in_child(name, || {
        osier::run(|| {
            Builder::new().name("ann").spawn(wait_for_nobody).unwrap();
            for _ in 0..100 {
                swallow(wait_for_nobody);
                println!("told once more");
            }
        });
    });
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert_eq!(child.status.signal(), Some(SIGABRT), "{stderr}");
    let stdout = String::from_utf8(child.stdout).unwrap();
    assert_eq!(stdout.matches("told once more").count(), 16, "as its docs say");
    assert!(stderr.contains("catches every verdict"), "{stderr}");
    assert_eq!(stderr.matches("deadlock: no green thread").count(), 1, "{stderr}");
    assert!(stderr.contains("'main'") && stderr.contains("'ann'"), "{stderr}");
}

#[test]
fn a_main_task_that_gets_something_done_is_told_as_often_as_it_takes_hu_01() {
    osier::run(|| {
        for round in 0..100 {
            assert!(swallow(wait_for_nobody));
            match round % 3 {
                0 => drop(spawn(|| ()).join()),
                1 => osier::yield_now(),
                _ => sleep(Duration::from_micros(1)),
            }
        }
        let stuck: Vec<_> = (0..100).map(|_| spawn(wait_for_nobody)).collect();
        for task in stuck {
            verdict(|| task.wait());
            task.kill();
        }
    });
}

#[test]
fn a_kill_in_store_does_not_hide_the_verdict_hu_01() {
    let report = verdict(|| {
        osier::run(|| {
            shield(|| {
                osier::current().kill();
                wait_for_nobody();
            });
        })
    });
    assert!(report.contains("'main'"), "{report}");
    let text = support::text_of(|| {
        osier::run(|| {
            verdict(|| {
                shield(|| {
                    osier::current().kill();
                    wait_for_nobody();
                })
            });
            sleep(FOREVER); // the kill comes here
        })
    });
    assert!(text.contains("killed"), "{text}");
}

#[test]
fn the_report_is_printed_once_hu_01() {
    let child = support::in_child("the_report_is_printed_once_hu_01", || {
        swallow(|| osier::run(wait_for_nobody));
        swallow(|| osier::run(|| drop(spawn(wait_for_nobody))));
    });
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert!(child.status.success(), "{stderr}");
    assert_eq!(stderr.matches("deadlock: no green thread").count(), 2, "{stderr}");
}

#[test]
fn a_timer_of_one_who_is_waited_for_is_no_deadlock() {
    osier::run(|| {
        let task = spawn(|| {
            sleep(SHORT);
            assert!(timeout(SHORT, wait_for_nobody).is_err());
            park(Reason::new("waiting"), osier::clock::deadline(SHORT), || {})
        });
        assert_eq!(task.join().unwrap(), Wake::TimedOut);
    });
}

/// What a daemon that ends soon is waited for by, in a run where nothing else goes on.
#[track_caller]
fn waits_for_a_daemon(wait: impl FnOnce(JoinHandle<()>)) {
    osier::run(|| {
        let daemon = Builder::new().daemon(true).spawn(|| sleep(SHORT)).unwrap();
        let task = daemon.task();
        wait(daemon);
        assert!(task.is_finished());
    });
}

#[test]
fn who_waits_for_several_with_a_daemon_among_them_is_not_stuck() {
    waits_for_a_daemon(|daemon| _ = osier::wait([&daemon, &spawn(|| ())]));
    waits_for_a_daemon(|daemon| _ = JoinAll::new([&daemon]).join());
    waits_for_a_daemon(|daemon| assert_eq!(osier::select::select(&mut [ready(&daemon)]), 0));
    // The daemon is there no more, and others are no help.
    let report = verdict(|| {
        waits_for_a_daemon(|daemon| {
            Builder::new().daemon(true).spawn(|| sleep(FOREVER)).unwrap();
            let never = osier::sync::Event::new();
            osier::wait([&daemon as &dyn osier::Waitable, &never]);
        })
    });
    assert!(report.contains("waiting for one of several things"), "{report}");
}

#[test]
fn who_kills_a_daemon_and_waits_for_its_end_is_not_stuck() {
    osier::run(|| {
        let careful = || {
            let _last = OnDrop::new(|| ());
            swallow(|| sleep(FOREVER));
            sleep(SHORT);
        };
        let daemon = Builder::new().daemon(true).spawn(careful).unwrap();
        osier::yield_now();
        assert!(osier::kill_all_timeout([&daemon], FOREVER).is_ok());
        let daemon = Builder::new().daemon(true).spawn(careful).unwrap();
        osier::yield_now();
        osier::kill_all([&daemon]);
        assert!(daemon.is_finished());
    });
}

#[test]
fn who_waits_for_a_group_with_a_daemon_in_it_is_not_stuck() {
    let daemon = || Builder::new().daemon(true);
    osier::run(|| {
        let group = Group::new();
        group.spawn_with(daemon(), || sleep(SHORT)).unwrap();
        group.join();
        group.spawn_with(daemon(), || sleep(SHORT)).unwrap();
        assert!(group.join_ok().is_ok() && group.is_empty());
        let pool = Pool::new(1);
        pool.spawn_with(daemon(), || sleep(SHORT)).unwrap();
        pool.spawn(|| ()); // waits for the place of a daemon
        pool.join();
    });
    let report = verdict(|| {
        osier::run(|| {
            let group = Group::new();
            group.spawn_with(daemon(), || ()).unwrap();
            group.spawn(wait_for_nobody);
            osier::yield_now();
            daemon().spawn(|| sleep(FOREVER)).unwrap(); // no member
            group.join();
        })
    });
    assert!(report.contains("waiting for the members"), "{report}");
}

#[test]
fn a_daemons_timer_counts_for_who_joins_it_alone() {
    let daemon = |f: fn()| Builder::new().daemon(true).spawn(f).unwrap();
    osier::run(|| daemon(|| sleep(SHORT)).join().unwrap());
    osier::run(|| {
        let task = spawn(move || daemon(|| sleep(SHORT)).join().unwrap());
        task.join().unwrap();
    });
    osier::run(|| {
        daemon(|| sleep(FOREVER));
        verdict(wait_for_nobody);
    });
}

#[test]
fn a_descriptor_that_is_waited_for_is_no_deadlock() {
    for daemon in [false, true] {
        osier::run(|| {
            let (near, mut far) = UnixStream::pair().unwrap();
            near.set_nonblocking(true).unwrap();
            let near = Source::new(near);
            let writer = thread::spawn(move || {
                spin(SHORT);
                far.write_all(&[7]).unwrap();
                far
            });
            let read = move || near.wait_readable(None).unwrap();
            Builder::new().daemon(daemon).spawn(read).unwrap().join().unwrap();
            drop(writer.join());
        });
    }
}

#[test]
fn an_offloaded_call_is_no_deadlock() {
    osier::run(|| {
        assert_eq!(osier::thread::offload(|| spin(SHORT)), ());
        let tasks = (0..8).map(|_| spawn(|| osier::thread::offload(|| spin(SHORT))));
        assert!(osier::join_all(tasks).iter().all(|result| result.is_ok()));
    });
}

#[test]
fn a_wake_owed_by_another_thread_is_no_deadlock_c_07() {
    osier::run(|| {
        let me = Unparker::current().remote();
        let other = thread::spawn(move || {
            spin(SHORT);
            me.unpark();
        });
        let reason = Reason::new("waiting for a thread").outside();
        assert_eq!(park(reason, None, || {}), Wake::Woken);
        other.join().unwrap();
        // It was owed once.
        verdict(wait_for_nobody);
    });
}

#[test]
fn a_handle_that_could_wake_somebody_is_no_promise_c_07() {
    osier::run(|| {
        let handle = osier::handle();
        let _killer = osier::current().remote_killer();
        verdict(wait_for_nobody);
        drop(handle);
    });
}

#[test]
fn a_wait_from_outside_that_was_killed_is_owed_no_more() {
    osier::run(|| {
        let outside = || {
            osier::deliver(park(Reason::new("waiting for a thread").outside(), None, || {}));
        };
        let task = spawn(outside);
        assert!(timeout(SHORT, outside).is_err());
        osier::yield_now();
        assert!(task.kill_timeout(FOREVER));
        verdict(wait_for_nobody);
    });
}

#[test]
fn a_verdict_takes_no_longer_than_it_has_to() {
    let began = osier::clock::now();
    for _ in 0..100 {
        swallow(|| osier::run(wait_for_nobody));
    }
    assert!(began.elapsed() < Duration::from_secs(10));
}
