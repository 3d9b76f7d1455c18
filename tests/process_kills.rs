//! Processes that are killed at random moments, with locks, queues and calls; it is counted where that has hit them.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/kills.rs"]
mod kills;
#[path = "support/log.rs"]
mod log;
#[path = "support/shared.rs"]
mod shared;

use std::collections::BTreeSet;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use alone::tests;
use kills::{Belongings, Lot, PATIENCE, Tally};
use log::logged;
use osier::process::pool::{Pool, TaskError};
use osier::process::queue::{GetError, Queue};
use osier::process::sync::{Lock, LockError, Semaphore};
use osier::process::{Bytes, ExitStatus, Process, active_children, functions};
use shared::{Scratch, until, waits};

const HOLDS: &str = "one that holds a lock";
const WAITS: &str = "one that waits for a lock";
const HALF: &str = "half an item";
const CALL: &str = "a call of a pool";

type Items = Queue<(u64, Bytes)>;

functions! {
    fn busy(path: PathBuf, call: u64, length: u64) -> u64 {
        Scratch::append(&path, &format!("begun {call}\n"));
        spin(length);
        Scratch::append(&path, &format!("ended {call}\n"));
        call
    }
}

/// Keeps the processor busy for so many microseconds.
fn spin(length: u64) {
    let began = osier::clock::now();
    while began.elapsed() < Duration::from_micros(length) {
        std::hint::spin_loop();
    }
}

/// Whether that is so before long.
fn soon(mut is_so: impl FnMut() -> bool) -> bool {
    (0..5000).any(|_| {
        is_so() || {
            osier::sleep(Duration::from_millis(1));
            false
        }
    })
}

/// Takes a permit and the lock, again and again.
fn contend(lock: Lock, places: Semaphore) -> Process {
    let body = move || {
        while std::hint::black_box(true) {
            let _permit = places.acquire().unwrap();
            let _held = lock.lock().unwrap_or_else(|error| error.into_guard().unwrap());
            spin(20);
        }
    };
    Process::fork(body).unwrap()
}

/// Waits in the line, and rings for somebody else: what these take is made once.
fn wait_and_ring(lock: &Lock) {
    let (held, theirs) = (lock.lock().unwrap(), lock.clone());
    let child = Process::fork(move || {
        let _held = theirs.lock().unwrap();
        osier::sleep(Duration::from_secs(3600));
    });
    let child = child.unwrap();
    until(|| waits(lock, child.pid()));
    drop(held);
    until(|| lock.holder() == Some(child.pid()));
    assert!(lock.lock_timeout(Duration::from_millis(1)).is_err());
    child.kill().unwrap();
    child.join();
    drop(lock.lock());
    lock.clear_poison();
}

/// Longer than a message takes, so that an item is on its way for a while.
static LONG: [u8; 165_000] = [7; 165_000];

/// An item that tells which one it is.
fn item(n: u64) -> (u64, Bytes) {
    (n, Bytes(LONG.to_vec()))
}

/// Whether it is the whole of that item.
fn is_item(got: &(u64, Bytes), n: u64) -> bool {
    got.0 == n && *got.1.0 == LONG
}

/// Gets what is there, in order, from that one on; the number of the next.
fn drain(queue: &Items, mut next: u64) -> u64 {
    loop {
        match queue.try_get() {
            Ok(got) => assert!(is_item(&got, next), "{next} is not whole, or not the next"),
            Err(GetError::Empty) => return next,
            Err(error) => panic!("{error}"),
        }
        next += 1;
    }
}

/// Puts as much as there is room for, and gets it: no place is lost.
fn use_all_places(queue: &Items) {
    let size = queue.capacity().unwrap() as u64;
    for n in 0..size {
        let put = queue.put_timeout((n, Bytes::default()), PATIENCE);
        put.unwrap_or_else(|error| panic!("place {n} of {size} is lost: {error}"));
    }
    assert!(queue.try_put((0, Bytes::default())).is_err(), "a place too many");
    assert!((0..size).all(|n| queue.try_get().is_ok_and(|got| got.0 == n)));
    assert_eq!(queue.len(), 0);
}

/// Which calls have begun or ended, by what they have noted: never twice.
fn noted(path: &Path, what: &str) -> BTreeSet<u64> {
    let text = std::fs::read_to_string(path).unwrap();
    let calls = text.lines().filter_map(|line| line.strip_prefix(what)?.trim().parse().ok());
    let all: Vec<u64> = calls.collect();
    let set: BTreeSet<u64> = all.iter().copied().collect();
    assert_eq!(all.len(), set.len(), "a call was made twice");
    set
}

tests! {
    #[test]
    fn killed_at_any_moment_with_a_lock_or_waiting_for_it_c_21() {
        osier::run(|| {
            let (mut lot, mut tally) = (Lot::new(), Tally::new(&[HOLDS, WAITS]));
            let (lock, places) = (Lock::new().unwrap(), Semaphore::new(3).unwrap());
            wait_and_ring(&lock);
            let before = Belongings::settled();
            while tally.goes_on() {
                let children = [0; 3].map(|_| contend(lock.clone(), places.clone()));
                osier::sleep(Duration::from_micros(500 + lot.below(3000)));
                for child in &children {
                    child.kill().unwrap();
                    spin(lot.below(100));
                }
                assert!(children.iter().all(|child| child.join() == ExitStatus::Signal(9)));
                // They have ended, and nobody has noticed: what they were at stands there. If one that lived a little
                // longer has noticed, it is not counted.
                let held = children.iter().any(|child| lock.holder() == Some(child.pid()));
                let waited = children.iter().filter(|child| waits(&lock, child.pid())).count();
                tally.killed(3);
                tally.hit(HOLDS, u64::from(held));
                tally.hit(WAITS, waited as u64);
                let now = format!("after {} kills: {lock:?}, {places:?}", tally.kills());
                match lock.lock_timeout(PATIENCE) {
                    Ok(_) => assert!(!held, "its holder's end is not told {now}"),
                    Err(LockError::Poisoned(_)) => {}
                    Err(error) => panic!("{error} {now}"),
                }
                lock.clear_poison();
                assert!([0; 3].map(|_| places.acquire_timeout(PATIENCE)).iter().all(Result::is_ok), "{now}");
                assert_eq!(places.available(), 3, "{now}");
                // Who may overtake does not look whether those in the line live; others do, as soon as nobody may.
                let all_gone = || {
                    drop((lock.lock(), places.acquire()));
                    [format!("{lock:?}"), format!("{places:?}")].iter().all(|text| text.contains("wanted_by: []"))
                };
                assert!(soon(all_gone), "a place in the line is lost: {lock:?}, {places:?} {now}");
                drop(children);
                before.are_the_same(&now);
            }
            tally.finish();
        });
    }

    #[test]
    fn killed_at_any_moment_while_it_puts_an_item_qm_01() {
        osier::run(|| {
            let (mut lot, mut tally) = (Lot::new(), Tally::new(&[HALF]));
            Process::fork(|| ()).unwrap().join(); // what is made once is there
            let before = Belongings::settled();
            while tally.goes_on() {
                let queue = Items::bounded(if lot.below(8) > 0 { 24 } else { 1 + 2 * lot.below(2) as usize }).unwrap();
                let ((mut marks, mark), other) = (std::io::pipe().unwrap(), queue.clone());
                let producer = Process::fork(move || {
                    for n in 0.. {
                        other.put(item(n)).unwrap();
                        (&mark).write_all(&[1]).unwrap(); // it is put
                    }
                });
                let producer = producer.unwrap();
                assert!(is_item(&queue.get().unwrap(), 0));
                let mut next = 1;
                if queue.capacity() == Some(24) {
                    // There is room for longer than that.
                    spin(lot.below(2000));
                } else {
                    let moment = osier::timeout(lot.moment(), || loop {
                        assert!(is_item(&queue.get().unwrap(), next));
                        next += 1;
                    });
                    assert!(moment.is_err());
                }
                producer.kill().unwrap();
                assert_eq!(producer.join(), ExitStatus::Signal(9));
                let mut put = Vec::new();
                marks.read_to_end(&mut put).unwrap();
                let (put, got) = (put.len() as u64, drain(&queue, next));
                // All that was put, and one that was sent and not noted.
                assert!(got == put || got == put + 1, "{got} of {put} after {} kills", tally.kills());
                // What has a place now is in no queue: it was on its way.
                let half = queue.len() as u64;
                assert!(half <= 1);
                tally.killed(1);
                tally.hit(HALF, half);
                let told = logged(|| use_all_places(&queue));
                let told = told.iter().filter(|line| line.contains("items are lost")).count() as u64;
                assert_eq!(told, half, "an item is lost without a word");
                drop((queue, marks, producer));
                before.are_the_same("a queue");
            }
            tally.finish();
        });
    }

    #[test]
    fn killed_at_any_moment_in_a_call_of_a_pool_pl_09_c_16() {
        osier::run(|| {
            let (mut lot, mut tally) = (Lot::new(), Tally::new(&[CALL]));
            let scratch = Scratch::new("");
            let pool = Pool::builder().workers(2).fork().build().unwrap();
            pool.apply(busy, (scratch.0.clone(), 0, 0)).unwrap();
            let before = Belongings::settled();
            while tally.goes_on() {
                std::fs::write(&scratch.0, "").unwrap();
                let call = |n| pool.apply_async(busy, (scratch.0.clone(), n, 500 + lot.below(1000)));
                let calls: Vec<_> = (0..8).map(call).collect();
                osier::sleep(Duration::from_micros(lot.below(3000)));
                let pids = pool.pids();
                let victim = pids[lot.below(pids.len() as u64) as usize];
                let child = active_children().into_iter().find(|child| child.pid() == victim).unwrap();
                child.kill().unwrap();
                let results: Vec<_> = calls.into_iter().map(|call| call.result()).collect();
                let (begun, ended) = (noted(&scratch.0, "begun"), noted(&scratch.0, "ended"));
                let mut lost = 0;
                for (n, result) in (0..).zip(results) {
                    match result {
                        Ok(value) => assert!(value == n && ended.contains(&n)),
                        Err(error) => match error.downcast_ref() {
                            Some(TaskError::WorkerDied { pid, .. }) if *pid == victim => lost += 1,
                            _ => panic!("{error}"),
                        },
                    }
                }
                let cut = begun.difference(&ended).count() as u64;
                assert!(cut <= lost && lost <= 1, "{cut} calls were cut short, and {lost} are said to be lost");
                tally.killed(1);
                tally.hit(CALL, cut);
                while pool.pids().len() < 2 || pool.pids().contains(&victim) || pool.pending() > 0 {
                    osier::sleep(Duration::from_millis(1));
                }
                let all = osier::timeout(PATIENCE, || pool.apply(busy, (scratch.0.clone(), 99, 0)));
                assert_eq!(all.expect("it hangs").unwrap(), 99);
                drop(child);
                before.are_the_same("a worker");
            }
            tally.finish();
            pool.close();
            pool.join().unwrap();
            assert!(active_children().is_empty());
        });
    }
}
