//! The end of queues between processes, and of processes that have put.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/queues.rs"]
mod queues;

use std::time::Duration;

use alone::tests;
use osier::process::Process;
use osier::process::queue::{GetError, PutError, Queue};
use queues::{get_many, put_many};

const SHORT: Duration = Duration::from_millis(3);

tests! {
    #[test]
    fn a_closed_queue_is_closed_here_alone_qm_03() {
        osier::run(|| {
            let queue = Queue::unbounded().unwrap();
            queue.put(1).unwrap();
            let other = queue.clone();
            let process = Process::fork(move || {
                other.close();
                other.close();
                assert!(matches!(other.put(2), Err(PutError::ShutDown(2))));
                assert!(matches!(other.try_get(), Err(GetError::ShutDown)));
                assert!(other.is_closed());
            });
            assert!(process.unwrap().join().is_success());
            assert!(!queue.is_closed());
            assert_eq!(queue.get().unwrap(), 1);
        });
    }

    #[test]
    fn the_end_is_declared_for_all_qm_03() {
        osier::run(|| {
            let (queue, full) = (Queue::unbounded().unwrap(), Queue::bounded(1).unwrap());
            full.put(1).unwrap();
            let (getter, putter) = (queue.clone(), full.clone());
            let process = Process::fork(move || {
                let waits = osier::spawn(move || putter.put(2));
                assert!(getter.iter().eq([7]));
                assert!(matches!(getter.get(), Err(GetError::ShutDown)));
                assert!(matches!(getter.put(8), Err(PutError::ShutDown(8))));
                assert!(matches!(waits.join().unwrap(), Err(PutError::ShutDown(2))));
            }).unwrap();
            queue.put(7).unwrap();
            osier::sleep(SHORT);
            queue.shutdown();
            queue.shutdown();
            full.shutdown();
            assert!(process.join().is_success());
            assert_eq!(full.get().unwrap(), 1, "what is there can be got");
            assert!(matches!(full.get(), Err(GetError::ShutDown)));
        });
    }

    #[test]
    fn what_was_put_before_the_end_is_had_though_it_was_not_sent_qm_03() {
        osier::run(|| {
            let queue = Queue::unbounded().unwrap();
            put_many(&queue, 3000);
            queue.shutdown();
            (0..3000_u32).for_each(|n| assert_eq!(queue.get().unwrap()[..4], n.to_le_bytes()));
            assert!(matches!(queue.get(), Err(GetError::ShutDown)));
        });
    }

    #[test]
    fn an_exit_need_not_care_qm_03() {
        osier::run(|| {
            let queue = Queue::unbounded().unwrap();
            let other = queue.clone();
            let process = Process::fork(move || {
                put_many(&other, 3000);
                assert!(!other.flush_timeout(SHORT));
                other.cancel_join();
            });
            assert!(process.unwrap().join().is_success());
            let had = std::iter::from_fn(|| queue.try_get().ok()).count();
            assert!((1..3000).contains(&had), "{had}");
        });
    }

    #[test]
    fn a_process_that_is_joined_before_anything_is_got_ends_qm_04() {
        osier::run(|| {
            let queue = Queue::unbounded().unwrap();
            let other = queue.clone();
            let process = Process::fork(move || put_many(&other, 2000)).unwrap();
            assert!(process.join().is_success());
            get_many(&queue, 2000);
        });
    }

    #[test]
    fn what_a_process_leaves_is_had_by_another_one_c_18() {
        // Neither was started by the other, and who joins them gets nothing.
        osier::run(|| {
            let queue = Queue::unbounded().unwrap();
            let (from, to) = (queue.clone(), queue);
            let big = Process::fork(move || {
                put_many(&from, 1500);
                from.put(vec![9; 3 << 20]).unwrap();
            });
            assert!(big.unwrap().join().is_success());
            let getter = Process::fork(move || {
                (0..1500_u32).for_each(|n| assert_eq!(to.get().unwrap()[..4], n.to_le_bytes()));
                assert!(to.get().unwrap() == vec![9; 3 << 20]);
            });
            assert!(getter.unwrap().join().is_success());
        });
    }

    #[test]
    fn outside_of_a_hub_nothing_that_was_put_stays_behind_c_18() {
        let (jobs, sums) = (Queue::unbounded().unwrap(), Queue::unbounded().unwrap());
        let (from, to) = (jobs.clone(), sums.clone());
        let worker = Process::fork(move || {
            to.put(from.iter().take(2000).map(|item: Vec<u8>| item.len()).sum::<usize>()).unwrap();
        }).unwrap();
        put_many(&jobs, 2000);
        assert_eq!(sums.get().unwrap(), 2000 << 10);
        put_many(&jobs, 2000);
        jobs.flush();
        assert!(worker.join().is_success());
        get_many(&jobs, 2000);
    }

    #[test]
    fn ten_thousand_items_are_put_before_anybody_gets_c_18() {
        osier::run(|| {
            let queue = Queue::unbounded().unwrap();
            put_many(&queue, 10_000);
            assert_eq!(queue.len(), 10_000);
            let other = queue.clone();
            let getter = Process::fork(move || get_many(&other, 10_000)).unwrap();
            assert!(getter.join().is_success());
            assert_eq!(queue.len(), 0);
        });
    }
}
