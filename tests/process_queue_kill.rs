//! Queues whose users are killed at any moment.
//!
//! `OSIER_KILLS` says how often, `OSIER_SEED` draws the same moments again.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/kills.rs"]
mod kills;

use std::time::Duration;

use alone::tests;
use kills::{Lot, PATIENCE, kills};
use osier::process::Process;
use osier::process::queue::{GetError, JoinableQueue, Queue};

/// Whether the queue holds as much as it says, once it is empty.
fn is_whole(queue: &Queue<Vec<u8>>, size: usize) {
    while queue.get_timeout(Duration::from_millis(1)).is_ok() {}
    for n in 0..size {
        queue
            .put_timeout(vec![1; 4], PATIENCE)
            .unwrap_or_else(|error| panic!("place {n}: {error}"));
    }
    assert!(queue.try_put(vec![2]).is_err());
    (0..size).for_each(|_| assert_eq!(queue.get_timeout(PATIENCE).unwrap(), [1; 4]));
    assert_eq!(queue.len(), 0);
}

/// Items of all sizes, each of which tells whether it is whole.
fn item(n: u32) -> Vec<u8> {
    let length = if n % 97 == 3 { 170_000 } else { [4, 40, 1000, 5000][n as usize % 4] };
    let mut item = vec![n.to_le_bytes()[0]; length];
    item[..4].copy_from_slice(&n.to_le_bytes());
    item
}

fn check(item: &[u8]) -> u32 {
    let n = u32::from_le_bytes(item[..4].try_into().unwrap());
    assert!(item == self::item(n), "half an item");
    n
}

tests! {
    #[test]
    fn a_producer_that_is_killed_loses_no_place_qm_01() {
        let mut lot = Lot::new();
        osier::run(move || {
            for round in 0..kills() {
                let size = [1, 3, 600][round as usize % 3];
                let queue = Queue::<Vec<u8>>::bounded(size).unwrap();
                let other = queue.clone();
                let producer = Process::fork(move || _ = (0..).try_for_each(|n| other.put(item(n))));
                let producer = match producer { Ok(producer) => producer, Err(error) => panic!("{error}") };
                let gets = lot.below(2) == 0;
                let moment = osier::timeout(lot.moment(), || {
                    for n in 0.. {
                        match gets {
                            true => assert_eq!(check(&queue.get().unwrap()), n),
                            false => osier::sleep(PATIENCE),
                        }
                    }
                });
                assert!(moment.is_err());
                producer.kill().unwrap();
                producer.join();
                is_whole(&queue, size);
            }
        });
    }

    #[test]
    fn a_consumer_that_is_killed_loses_no_place_qm_01() {
        let mut lot = Lot::new();
        osier::run(move || {
            for round in 0..kills() {
                let size = [1, 3, 600][round as usize % 3];
                let queue = Queue::<Vec<u8>>::bounded(size).unwrap();
                let other = queue.clone();
                let consumer = Process::fork(move || while let Ok(item) = other.get() {
                    check(&item);
                }).unwrap();
                let moment = osier::timeout(lot.moment(), || {
                    for n in 0.. {
                        queue.put(item(n)).unwrap();
                    }
                });
                assert!(moment.is_err());
                consumer.kill().unwrap();
                consumer.join();
                is_whole(&queue, size);
            }
        });
    }

    #[test]
    fn others_go_on_when_some_are_killed_qm_01() {
        let mut lot = Lot::new();
        osier::run(move || {
            for _ in 0..kills().div_ceil(5) {
                let queue = Queue::bounded(2).unwrap();
                let put = |queue: Queue<Vec<u8>>| move || while queue.put(item(1)).is_ok() {};
                let get = |queue: Queue<Vec<u8>>| move || loop {
                    match queue.get() {
                        Ok(item) => assert_eq!(check(&item), 1),
                        Err(GetError::ShutDown) => break,
                        Err(error) => panic!("{error}"),
                    }
                };
                let victims = [
                    Process::fork(put(queue.clone())).unwrap(),
                    Process::fork(get(queue.clone())).unwrap(),
                ];
                let others = [
                    Process::fork(put(queue.clone())).unwrap(),
                    Process::fork(get(queue.clone())).unwrap(),
                ];
                for victim in victims {
                    osier::sleep(lot.moment());
                    victim.kill().unwrap();
                    victim.join();
                }
                queue.put_timeout(item(1), PATIENCE).unwrap();
                queue.shutdown();
                for other in others {
                    let status = other.join_timeout(PATIENCE).expect("it hangs");
                    assert!(status.is_success(), "{status}");
                }
            }
        });
    }

    #[test]
    fn a_join_ends_when_workers_are_killed_qm_07() {
        let mut lot = Lot::new();
        osier::run(move || {
            for _ in 0..kills().div_ceil(5) {
                let jobs = JoinableQueue::bounded(3).unwrap();
                let work = |jobs: JoinableQueue<u32>| move || while jobs.get().is_ok() {
                    jobs.task_done();
                };
                let (put, victim) = (jobs.clone(), Process::fork(work(jobs.clone())).unwrap());
                let producer = Process::fork(move || _ = (0..).try_for_each(|n| put.put(n))).unwrap();
                osier::sleep(lot.moment());
                producer.kill().unwrap();
                victim.kill().unwrap();
                producer.join();
                victim.join();
                while jobs.get_timeout(Duration::from_millis(1)).is_ok() {
                    jobs.task_done();
                }
                assert!(jobs.join_timeout(PATIENCE), "{jobs:?}");
            }
        });
    }
}
