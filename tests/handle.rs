//! Reaching a hub from other OS threads: spawning, waking, killing, and too late.

mod support;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use osier::{Hub, Reason, RemoteUnparker, Unparker, Wake, park, sleep, spawn, yield_now};
use support::{FOREVER, OnDrop, SHORT, Turns, logged, spin};

#[test]
fn a_wake_from_another_thread_ends_a_hubs_sleep_hu_10() {
    osier::run(|| {
        let began = osier::clock::now();
        let me = Unparker::current().remote();
        let thread = thread::spawn(move || {
            spin(SHORT);
            me.unpark();
        });
        let reason = Reason::new("waiting for a thread").outside();
        let wake = park(reason, osier::clock::deadline(FOREVER), || {});
        assert_eq!(wake, Wake::Woken);
        assert!(began.elapsed() < FOREVER / 100);
        thread.join().unwrap();
    });
}

#[test]
fn many_wakes_of_one_wait_are_one_and_none_is_lost_hu_10() {
    const ROUNDS: usize = 200;
    const THREADS: usize = 4;
    osier::run(|| {
        let (send, receive): (Vec<_>, Vec<_>) =
            (0..THREADS).map(|_| mpsc::channel::<RemoteUnparker>()).unzip();
        let threads: Vec<_> = receive
            .into_iter()
            .map(|wakes| thread::spawn(move || wakes.iter().for_each(|waker| waker.unpark())))
            .collect();
        for _ in 0..ROUNDS {
            let me = Unparker::current().remote();
            send.iter().for_each(|send| send.send(me.clone()).unwrap());
            let reason = Reason::new("waiting for threads").outside();
            assert_eq!(park(reason, None, || {}), Wake::Woken);
        }
        drop(send);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        // What came late was for waits that were over.
        let wake = park(Reason::new("waiting"), osier::clock::deadline(SHORT), || {});
        assert_eq!(wake, Wake::TimedOut);
    });
}

#[test]
fn what_threads_spawn_runs_on_the_hubs_thread_hu_10() {
    osier::run(|| {
        let home = thread::current().id();
        let sum = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..4)
            .map(|_| {
                let (handle, sum) = (osier::handle(), sum.clone());
                thread::spawn(move || {
                    for n in 1..=100 {
                        let sum = sum.clone();
                        let task = handle.spawn(move || {
                            yield_now();
                            sum.fetch_add(n, Ordering::Relaxed);
                            thread::current().id()
                        });
                        assert_eq!(task.join().unwrap(), home);
                    }
                })
            })
            .collect();
        while !threads.iter().all(|thread| thread.is_finished()) {
            sleep(Duration::from_millis(1));
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(sum.load(Ordering::Relaxed), 4 * 5050);
    });
}

#[test]
fn an_idle_hub_hears_of_a_task_at_once_hu_10() {
    osier::run(|| {
        let handle = osier::handle();
        let thread = thread::spawn(move || {
            spin(SHORT); // the hub sleeps by now
            handle.spawn(|| 7).join().unwrap()
        });
        let began = osier::clock::now();
        assert_eq!(osier::thread::offload(move || thread.join().unwrap()), 7);
        assert!(began.elapsed() < FOREVER / 100);
    });
}

#[test]
fn a_task_is_killed_from_another_thread() {
    osier::run(|| {
        let task = spawn(|| sleep(FOREVER));
        let killer = task.task().remote_killer();
        yield_now();
        let again = killer.clone();
        thread::spawn(move || killer.kill());
        assert!(task.join_timeout(FOREVER).unwrap().unwrap_err().is_killed());
        again.kill(); // it has ended; whoever has its place now is another
        let heir = spawn(|| sleep(SHORT));
        heir.join().unwrap();
    });
}

#[test]
fn results_panics_and_kills_come_back() {
    osier::run(|| {
        let handle = osier::handle();
        assert_eq!(handle.spawn(|| 7).join().unwrap(), 7);
        let error = handle.spawn(|| -> () { panic!("expected") }).join().unwrap_err();
        assert_eq!(error.message(), Some("expected"));
        let suicide = handle.spawn(|| osier::current().kill());
        assert!(suicide.join().unwrap_err().is_killed());
        let done = handle.spawn(|| 8);
        while !done.is_finished() {
            yield_now();
        }
        assert_eq!(done.join().unwrap(), 8);
    });
}

#[test]
fn a_hub_takes_tasks_before_its_run_and_between_runs() {
    let hub = Hub::new().unwrap();
    let handle = hub.handle();
    let early = handle.spawn(|| 1);
    assert!(!early.is_finished());
    hub.run(|| sleep(SHORT));
    assert_eq!(early.join().unwrap(), 1);
    let between = handle.spawn(|| 2);
    hub.run(|| sleep(SHORT));
    assert_eq!(between.join().unwrap(), 2);
}

#[test]
fn what_comes_to_an_ended_hub_is_dropped_and_its_join_says_so() {
    let handle = osier::run(osier::handle);
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = dropped.clone();
    let taken = OnDrop::new(move || {
        count.fetch_add(1, Ordering::Relaxed);
    });
    let task = handle.spawn(move || drop(taken));
    assert!(task.is_finished());
    assert!(task.join().unwrap_err().is_killed());
    assert_eq!(dropped.load(Ordering::Relaxed), 1);
}

#[test]
fn what_waits_in_the_inbox_of_a_hub_that_goes_is_dropped_and_its_join_says_so() {
    let lines = logged(|| {
        let hub = Hub::new().unwrap();
        let handle = hub.handle();
        let quiet = handle.spawn(|| 7);
        let bomb = OnDrop::new(|| panic!("expected"));
        let loud = handle.spawn(move || drop(bomb));
        let waits = thread::spawn(move || quiet.join().is_err());
        drop(hub);
        assert!(waits.join().unwrap());
        assert!(loud.join().unwrap_err().is_killed());
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("a destructor panicked: closure injected"), "{lines:?}");
}

#[test]
fn injections_that_race_with_the_end_of_a_run_all_come_to_an_end() {
    for round in 0..50 {
        let handles = Mutex::new(Vec::new());
        thread::scope(|s| {
            let hub = Hub::new().unwrap();
            let handle = hub.handle();
            let (handles, started) = (&handles, Arc::new(AtomicUsize::new(0)));
            let starts = started.clone();
            s.spawn(move || {
                for _ in 0..100 {
                    handles.lock().unwrap().push(handle.spawn(yield_now));
                    starts.fetch_add(1, Ordering::Relaxed);
                }
            });
            while started.load(Ordering::Relaxed) < round {
                std::hint::spin_loop();
            }
            hub.run(yield_now);
            drop(hub);
        });
        let handles = handles.into_inner().unwrap();
        assert_eq!(handles.len(), 100);
        for handle in handles {
            if let Err(error) = handle.join() {
                assert!(error.is_killed(), "{error}");
            }
        }
    }
}

#[test]
fn a_wake_for_an_ended_hub_is_no_error() {
    let late = osier::run(|| (Unparker::current().remote(), osier::current().remote_killer()));
    late.0.unpark();
    late.1.kill();
}

#[test]
fn two_hubs_wait_for_each_other_c_13() {
    let (one, two) = (Hub::new().unwrap(), mpsc::channel());
    let to_one = one.handle();
    let other = thread::spawn(move || {
        osier::run(|| {
            two.0.send(osier::handle()).unwrap();
            let sum: usize = (0..50).map(|n| to_one.spawn(move || n).join().unwrap()).sum();
            sleep(SHORT);
            sum
        })
    });
    let back = one.run(|| {
        let to_two = osier::thread::offload(move || two.1.into_iter().next().unwrap());
        let turns = Turns::new();
        let answer = to_two.spawn(|| thread::current().id()).join().unwrap();
        while !other.is_finished() {
            sleep(Duration::from_millis(1));
        }
        assert!(turns.count() > 0);
        answer
    });
    assert_eq!(back, other.thread().id());
    assert_eq!(other.join().unwrap(), 49 * 50 / 2);
}
