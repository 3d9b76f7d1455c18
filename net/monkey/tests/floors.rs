//! The runtime's own locks, wanted by tasks of several threads at once: they stop the thread for a moment and switch no task.
use osier_monkey as _;

use std::cell::Cell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use osier::thread::{Semaphore, bounded, offload};
use osier::{Reason, RemoteUnparker, Unparker, Wake, yield_now};

#[test]
fn what_never_switches_does_not_when_another_thread_has_the_lock() {
    let semaphore = Arc::new(Semaphore::new(1));
    let stop = Arc::new(AtomicBool::new(false));
    let hammers: Vec<_> = (0..3)
        .map(|_| {
            let (semaphore, stop) = (semaphore.clone(), stop.clone());
            thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    drop(semaphore.try_acquire());
                }
            })
        })
        .collect();
    osier::run(|| {
        let ran = Rc::new(Cell::new(0_u32));
        let over = Rc::new(Cell::new(false));
        let other = osier::spawn({
            let (ran, over) = (ran.clone(), over.clone());
            move || {
                while !over.get() {
                    ran.set(ran.get() + 1);
                    yield_now();
                }
            }
        });
        for _ in 0..200 {
            yield_now();
            let before = ran.get();
            for _ in 0..500 {
                drop(semaphore.try_acquire());
                let _ = semaphore.available();
            }
            assert_eq!(ran.get(), before, "another task ran meanwhile");
        }
        over.set(true);
        other.join().unwrap();
    });
    stop.store(true, Ordering::Relaxed);
    hammers.into_iter().for_each(|hammer| hammer.join().unwrap());
}

#[test]
fn hubs_that_talk_through_the_runtime_lose_nothing() {
    const ITEMS: u64 = 400;
    let (sender, receiver) = bounded::<u64>(2);
    let hubs: Vec<_> = (0..3)
        .map(|hub| {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            thread::spawn(move || {
                osier::run(move || {
                    let tasks: Vec<_> = (0..4)
                        .map(|_| {
                            let sender = sender.clone();
                            osier::spawn(move || {
                                for item in 1..=ITEMS {
                                    let item =
                                        if item % 50 == 0 { offload(move || item) } else { item };
                                    sender.send(item).unwrap();
                                }
                            })
                        })
                        .collect();
                    drop(sender);
                    let sums: Vec<_> = (0..4)
                        .map(|_| {
                            let receiver = receiver.clone();
                            osier::spawn(move || receiver.iter().sum::<u64>())
                        })
                        .collect();
                    drop(receiver);
                    tasks.into_iter().for_each(|task| task.join().unwrap());
                    (hub, sums.into_iter().map(|sum| sum.join().unwrap()).sum::<u64>())
                })
            })
        })
        .collect();
    drop((sender, receiver));
    let sum: u64 = hubs.into_iter().map(|hub| hub.join().unwrap().1).sum();
    assert_eq!(sum, 3 * 4 * (ITEMS * (ITEMS + 1) / 2));
}

/// The order in which everybody writes it: the ticket first, then the lock for the place to put it.
#[test]
fn a_ticket_in_hand_stays_good_while_its_task_waits_for_a_lock() {
    let line = Arc::new(Mutex::new(Vec::<RemoteUnparker>::new()));
    let hubs: Vec<_> = (0..3)
        .map(|_| {
            let line = line.clone();
            thread::spawn(move || {
                osier::run(|| {
                    let line = Rc::new(line);
                    let tasks: Vec<_> = (0..10)
                        .map(|_| {
                            let line = line.clone();
                            osier::spawn(move || {
                                for _ in 0..100 {
                                    let me = Unparker::current();
                                    let mut guard = line.lock().unwrap();
                                    guard.push(me.remote());
                                    yield_now(); // so that there is somebody in line for the lock
                                    let others = guard.len() > 1;
                                    let first = if others { Some(guard.remove(0)) } else { None };
                                    drop(guard);
                                    if let Some(first) = first {
                                        first.unpark();
                                        let reason = Reason::new("waiting for a peer").outside();
                                        let limit = std::time::Duration::from_secs(20);
                                        let limit = osier::clock::deadline(limit);
                                        assert_eq!(osier::park(reason, limit, || ()), Wake::Woken);
                                    } else {
                                        // The one that waits in the line for the next, which wakes it.
                                        let reason = Reason::new("waiting for the next").outside();
                                        let limit = std::time::Duration::from_millis(20);
                                        let limit = osier::clock::deadline(limit);
                                        let _ = osier::park(reason, limit, || ());
                                    }
                                }
                            })
                        })
                        .collect();
                    tasks.into_iter().for_each(|task| task.join().unwrap());
                })
            })
        })
        .collect();
    // Whoever is left in the line at the end is woken.
    while hubs.iter().any(|hub| !hub.is_finished()) {
        let left: Vec<_> = std::mem::take(&mut *line.lock().unwrap());
        left.iter().for_each(RemoteUnparker::unpark);
        thread::yield_now();
    }
    hubs.into_iter().for_each(|hub| hub.join().unwrap());
}
