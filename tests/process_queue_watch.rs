//! Queues between processes as one of several things to wait for.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/queues.rs"]
mod queues;

use std::time::Duration;

use alone::tests;
use osier::process::queue::{GetError, JoinableQueue, Queue, SimpleQueue};
use osier::process::{Process, pipe};
use osier::select::ready;
use osier::{Waitable, spawn, yield_now};
use queues::put_many;

const SHORT: Duration = Duration::from_millis(3);
const LONG: Duration = Duration::from_secs(3600);

/// Waits for an item and takes it; how often it was told for nothing.
fn get_by_waiting(queue: &Queue<u32>, misses: &mut u32) -> Result<u32, GetError> {
    loop {
        osier::wait([queue as &dyn Waitable]);
        match queue.try_get() {
            Err(GetError::Empty) => *misses += 1,
            got => return got,
        }
    }
}

tests! {
    #[test]
    fn queues_are_waited_for_beside_processes_connections_and_tasks_cn_05() {
        osier::run(|| {
            let (queue, other) = (Queue::unbounded().unwrap(), Queue::<u32>::unbounded().unwrap());
            let (near, _far) = pipe::duplex::<u32>().unwrap();
            let task = spawn(|| osier::sleep(LONG));
            let theirs = queue.clone();
            let process = Process::fork(move || {
                osier::sleep(SHORT);
                theirs.put(7).unwrap();
                osier::sleep(LONG);
            }).unwrap();
            let things: [&dyn Waitable; 5] = [&other, &near, &task, &process, &queue];
            for _ in 0..2 {
                assert!(!other.is_ready());
                let first = osier::iwait(things).next().map(|(place, _)| place);
                assert_eq!((first, queue.len()), (Some(4), 1), "nothing is taken");
            }
            assert_eq!(queue.try_get().unwrap(), 7);
            assert!(!queue.is_ready());
            process.kill().unwrap();
            assert_eq!(osier::iwait(things).next().map(|(place, _)| place), Some(3));
            task.kill();
        });
    }

    #[test]
    fn a_select_has_a_queue_as_a_branch() {
        osier::run(|| {
            let (queue, quiet) = (JoinableQueue::unbounded().unwrap(), SimpleQueue::<u8>::new().unwrap());
            let theirs = queue.clone();
            let process = Process::fork(move || {
                osier::sleep(SHORT);
                theirs.put(1).unwrap();
            }).unwrap();
            let which = osier::select! {
                () = ready(&quiet) => "quiet",
                () = ready(&queue) => "queue",
            };
            assert_eq!((which, queue.try_get().unwrap(), queue.unfinished()), ("queue", 1, 1));
            assert!(!queue.is_ready(), "though it is not done with");
            queue.task_done();
            quiet.put(2).unwrap();
            let which = osier::select! {
                () = ready(&quiet) => "quiet",
                () = ready(&queue) => "queue",
            };
            assert_eq!((which, quiet.try_get().unwrap()), ("quiet", 2));
            process.join();
        });
    }

    #[test]
    fn two_processes_that_wait_so_share_all_items_and_a_miss_costs_nothing() {
        osier::run(|| {
            const ITEMS: u32 = 200;
            let (queue, back) = (Queue::unbounded().unwrap(), Queue::unbounded().unwrap());
            let (theirs, says) = (queue.clone(), back.clone());
            let process = Process::fork(move || {
                let mut misses = 0;
                while let Ok(item) = get_by_waiting(&theirs, &mut misses) {
                    says.put(item).unwrap();
                }
            }).unwrap();
            let getters: Vec<_> = (0..2).map(|_| {
                let (queue, back) = (queue.clone(), back.clone());
                spawn(move || {
                    let mut misses = 0;
                    while let Ok(item) = get_by_waiting(&queue, &mut misses) {
                        back.put(item).unwrap();
                    }
                })
            }).collect();
            for item in 0..ITEMS {
                queue.put(item).unwrap();
                yield_now();
            }
            let mut all: Vec<_> = back.iter().take(ITEMS as usize).collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..ITEMS));
            queue.shutdown();
            assert!(process.join().is_success());
            getters.into_iter().for_each(|getter| getter.join().unwrap());
        });
    }

    #[test]
    fn the_end_is_ready_and_one_who_waits_is_told() {
        osier::run(|| {
            let queue = Queue::<u32>::unbounded().unwrap();
            let theirs = queue.clone();
            let process = Process::fork(move || {
                osier::sleep(SHORT);
                theirs.shutdown();
            }).unwrap();
            osier::wait([&queue as &dyn Waitable]);
            assert!(matches!(queue.try_get(), Err(GetError::ShutDown)));
            assert!(queue.is_ready());
            let closed = Queue::<u32>::unbounded().unwrap();
            closed.close();
            assert!(closed.is_ready());
            process.join();
        });
    }

    #[test]
    fn items_that_did_not_fit_are_waited_for_like_others() {
        osier::run(|| {
            let queue = Queue::unbounded().unwrap();
            let theirs = queue.clone();
            // It ends before anything is got: what the kernel has no room for it leaves in a piece.
            let process = Process::fork(move || put_many(&theirs, 700)).unwrap();
            assert!(process.join().is_success());
            put_many(&queue, 300);
            let mut count = 0;
            while count < 1000 {
                let watched = osier::timeout(Duration::from_secs(20), || {
                    osier::wait([&queue as &dyn Waitable]);
                });
                assert!(watched.is_ok(), "{count} were had: {queue:?}");
                count += usize::from(queue.try_get().is_ok());
            }
            assert!(matches!(queue.try_get(), Err(GetError::Empty)));
            assert!(!queue.is_ready());
        });
    }

    #[test]
    fn one_that_waits_may_be_killed_and_the_queue_goes_on() {
        osier::run(|| {
            let queue = Queue::unbounded().unwrap();
            let its = queue.clone();
            let waits = spawn(move || {
                osier::wait([&its as &dyn Waitable]);
            });
            let its = queue.clone();
            let gets = spawn(move || its.get().unwrap());
            yield_now();
            waits.kill();
            assert!(waits.join().is_err());
            queue.put(1).unwrap();
            assert_eq!(gets.join().unwrap(), 1);
            let late = osier::timeout(SHORT, || osier::wait([&queue as &dyn Waitable]));
            assert!(late.is_err());
            queue.put(2).unwrap();
            osier::wait([&queue as &dyn Waitable]);
            assert_eq!(queue.try_get().unwrap(), 2);
        });
    }
}
