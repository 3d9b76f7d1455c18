//! Queues between processes.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/queues.rs"]
mod queues;

use std::collections::BTreeMap;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use alone::tests;
use osier::clock;
use osier::process::queue::{GetError, JoinableQueue, PutError, Queue, SimpleQueue};
use osier::process::{Builder, ExitStatus, Passed, Process};
use queues::{get_many, put_many};
use serde::{Serialize, Serializer};

const SHORT: Duration = Duration::from_millis(3);

osier::process::functions! {
    fn doubles(from: Queue<u32>, to: Queue<u32>) {
        from.iter().for_each(|n| to.put(2 * n).unwrap());
    }
    fn says_nothing_comes(queue: Queue<u32>) -> Result<(), String> {
        match queue.get_timeout(SHORT) {
            Err(GetError::TimedOut) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    }
}

/// What cannot be encoded, if it is to be so.
#[derive(Debug, PartialEq)]
struct Stubborn(bool);

impl Serialize for Stubborn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            true => Err(serde::ser::Error::custom("it will not")),
            false => serializer.serialize_u8(1),
        }
    }
}

fn moment() -> Instant {
    clock::now()
}

tests! {
    #[test]
    fn many_put_and_many_get_and_each_item_is_had_once_qm_01() {
        osier::run(|| {
            let queue = Queue::<(u32, u32)>::bounded(5).unwrap();
            let out = Queue::<(u32, u32, u32)>::unbounded().unwrap();
            let getters: Vec<_> = (0..2_u32).map(|me| {
                let (queue, out) = (queue.clone(), out.clone());
                Process::fork(move || {
                    let tasks: Vec<_> = (0..3).map(|_| {
                        let (queue, out) = (queue.clone(), out.clone());
                        osier::spawn(move || queue.iter().for_each(|(p, n)| out.put((me, p, n)).unwrap()))
                    }).collect();
                    tasks.into_iter().for_each(|task| task.join().unwrap());
                }).unwrap()
            }).collect();
            let putters: Vec<_> = (0..3_u32).map(|me| {
                let queue = queue.clone();
                Process::fork(move || (0..200_u32).for_each(|n| queue.put((me, n)).unwrap())).unwrap()
            }).collect();
            assert!(putters.iter().all(|putter| putter.join().is_success()));
            queue.shutdown();
            assert!(getters.iter().all(|getter| getter.join().is_success()));
            let mut all: Vec<_> = out.iter().take(600).map(|(_, p, n)| (p, n)).collect();
            all.sort_unstable();
            assert!(all.into_iter().eq((0..3).flat_map(|p| (0..200).map(move |n| (p, n)))));
            assert!(matches!(out.try_get(), Err(GetError::Empty)));
        });
    }

    #[test]
    fn what_one_process_puts_is_had_in_that_order_qm_01() {
        osier::run(|| {
            let queue = Queue::<(usize, u32)>::unbounded().unwrap();
            let putters: Vec<_> = (0..3_usize).map(|me| {
                let queue = queue.clone();
                Process::fork(move || (0..1000_u32).for_each(|n| queue.put((me, n)).unwrap())).unwrap()
            }).collect();
            let mut next = [0; 3];
            for (me, n) in queue.iter().take(3000) {
                assert_eq!(next[me], n);
                next[me] += 1;
            }
            assert!(putters.iter().all(|putter| putter.join().is_success()));
        });
    }

    #[test]
    fn full_and_empty_are_said_and_the_length_is_advice_qm_01() {
        let queue = Queue::bounded(2).unwrap();
        assert_eq!((queue.len(), queue.is_empty(), queue.is_full(), queue.capacity()), (0, true, false, Some(2)));
        queue.try_put('a').unwrap();
        queue.put('b').unwrap();
        assert_eq!((queue.len(), queue.is_empty(), queue.is_full()), (2, false, true));
        assert!(matches!(queue.try_put('c'), Err(PutError::Full('c'))));
        assert_eq!((queue.get().unwrap(), queue.get().unwrap()), ('a', 'b'));
        assert!(matches!(queue.try_get(), Err(GetError::Empty)));
        assert!(queue.is_empty());
        let text = format!("{queue:?}");
        assert!(text.contains("len: 0") && text.contains("capacity: Some(2)"), "{text}");
    }

    #[test]
    fn a_queue_with_a_size_holds_more_than_a_socket_qm_01() {
        osier::run(|| {
            let queue = Queue::bounded(1000).unwrap();
            (0..1000_u32).for_each(|n| queue.try_put(n).unwrap());
            assert!(matches!(queue.try_put(1000), Err(PutError::Full(1000))));
            assert_eq!(queue.len(), 1000);
            assert!(queue.iter().take(1000).eq(0..1000));
            assert_eq!(queue.len(), 0);
        });
    }

    #[test]
    fn limits_of_time_are_kept_inside_of_a_hub_and_outside_qm_02() {
        let check = || {
            let queue = Queue::bounded(1).unwrap();
            let began = moment();
            assert!(matches!(queue.get_timeout(SHORT), Err(GetError::TimedOut)));
            assert!(moment() - began >= SHORT);
            let began = moment();
            assert!(matches!(queue.get_deadline(began + SHORT), Err(GetError::TimedOut)));
            assert!(moment() - began >= SHORT);
            queue.put_timeout(1, SHORT).unwrap();
            let began = moment();
            assert!(matches!(queue.put_timeout(2, SHORT), Err(PutError::TimedOut(2))));
            assert!(matches!(queue.put_deadline(3, began + SHORT), Err(PutError::TimedOut(3))));
            assert!(moment() - began >= SHORT);
            assert_eq!(queue.get_timeout(SHORT).unwrap(), 1);
        };
        check();
        osier::run(check);
    }

    #[test]
    fn a_wait_parks_the_task_alone_c_03() {
        osier::run(|| {
            let queue = Queue::bounded(1).unwrap();
            let tasks: Vec<_> = (0..4).map(|_| {
                let queue = queue.clone();
                osier::spawn(move || queue.get().unwrap())
            }).collect();
            osier::yield_now();
            assert!(tasks.iter().all(|task| !task.is_finished()));
            let other = queue.clone();
            let putter = Process::fork(move || (0..4).for_each(|n| other.put(n).unwrap())).unwrap();
            let got: Vec<i32> = tasks.into_iter().map(|task| task.join().unwrap()).collect();
            assert_eq!(got, [0, 1, 2, 3], "first come, first served");
            putter.join();
            let tasks: Vec<_> = (0..4).map(|n| {
                let queue = queue.clone();
                osier::spawn(move || queue.put(n).unwrap())
            }).collect();
            osier::yield_now();
            assert!(!tasks[1].is_finished());
            let other = queue.clone();
            let getter = Process::fork(move || assert!(other.iter().take(4).eq(0..4))).unwrap();
            tasks.into_iter().for_each(|task| task.join().unwrap());
            assert!(getter.join().is_success());
        });
    }

    #[test]
    fn a_task_that_is_killed_while_it_waits_leaves_the_line_c_03() {
        osier::run(|| {
            let queue = Queue::bounded(1).unwrap();
            let wait = |queue: &Queue<u32>| {
                let queue = queue.clone();
                osier::spawn(move || queue.get().unwrap())
            };
            let (first, second) = (wait(&queue), wait(&queue));
            osier::yield_now();
            first.kill();
            assert!(first.join().is_err());
            queue.put(1).unwrap();
            assert_eq!(second.join().unwrap(), 1);
            queue.put(2).unwrap();
            let other = queue.clone();
            let putter = osier::spawn(move || other.put(3).unwrap());
            osier::yield_now();
            putter.kill();
            assert!(putter.join().is_err());
            assert_eq!(queue.get().unwrap(), 2);
            assert!(queue.is_empty());
            queue.put(4).unwrap();
            assert_eq!(queue.get().unwrap(), 4);
        });
    }

    #[test]
    fn a_fork_while_items_are_kept_sends_nothing_twice_qm_05() {
        osier::run(|| {
            let queue = Queue::<Vec<u8>>::unbounded().unwrap();
            put_many(&queue, 3000);
            let (other, mine) = (queue.clone(), queue.clone());
            let process = Process::fork(move || other.put(b"child".to_vec()).unwrap()).unwrap();
            assert!(process.join().is_success());
            let unused = Process::fork(move || drop(mine)).unwrap();
            assert!(unused.join().is_success());
            let mut counts = BTreeMap::new();
            for item in queue.iter().take(3001) {
                *counts.entry(item[..4].to_vec()).or_insert(0) += 1;
            }
            assert_eq!(counts.len(), 3001);
            assert!(matches!(queue.try_get(), Err(GetError::Empty)));
        });
    }

    #[test]
    fn a_fork_while_tasks_wait_leaves_the_lines_free_qm_05() {
        osier::run(|| {
            let queue = Queue::<u32>::bounded(1).unwrap();
            let waits = {
                let queue = queue.clone();
                osier::spawn(move || queue.get().unwrap())
            };
            osier::yield_now();
            let (to, from) = (queue.clone(), Queue::unbounded().unwrap());
            let answer = from.clone();
            let process = Process::fork(move || {
                answer.put(to.get().unwrap()).unwrap();
            }).unwrap();
            queue.put(1).unwrap();
            queue.put(2).unwrap();
            let both = waits.join().unwrap() + from.get().unwrap();
            assert_eq!(both, 3);
            assert!(process.join().is_success());
        });
    }

    #[test]
    fn what_cannot_be_encoded_takes_no_place_qm_06() {
        let queue = Queue::bounded(1).unwrap();
        for _ in 0..3 {
            match queue.put(Stubborn(true)) {
                Err(PutError::Encode(Stubborn(true), _)) => {}
                other => panic!("{other:?}"),
            }
        }
        queue.put(Stubborn(false)).unwrap();
        assert!(matches!(queue.try_put(Stubborn(false)), Err(PutError::Full(_))));
        let counted = JoinableQueue::unbounded().unwrap();
        assert!(counted.put(Stubborn(true)).is_err());
        assert_eq!(counted.unfinished(), 0);
    }

    #[test]
    fn what_cannot_be_decoded_is_gone_and_the_next_one_comes_qm_06() {
        osier::run(|| {
            let bytes = Queue::<u8>::bounded(2).unwrap();
            let carrier = Queue::unbounded().unwrap();
            carrier.put(bytes.clone()).unwrap();
            // The same queue, and another type.
            let carried: Queue<Queue<char>> = retype(&carrier);
            let chars = carried.get().unwrap();
            bytes.put(255).unwrap();
            bytes.put(b'a').unwrap();
            assert!(matches!(chars.get(), Err(GetError::Decode(_))));
            assert!(!bytes.is_full());
            assert_eq!(bytes.get().unwrap(), b'a');
        });
    }

    #[test]
    fn a_joinable_queue_is_joined_when_all_is_done_qm_07() {
        osier::run(|| {
            let jobs = JoinableQueue::<u32>::bounded(3).unwrap();
            assert!(jobs.join_timeout(SHORT));
            let workers: Vec<_> = (0..2).map(|_| {
                let jobs = jobs.clone();
                let work = move || jobs.iter().for_each(|_| jobs.task_done());
                Builder::new().daemon(true).fork(work).unwrap()
            }).collect();
            (0..100).for_each(|n| jobs.put(n).unwrap());
            jobs.join();
            assert_eq!((jobs.unfinished(), jobs.len()), (0, 0));
            workers.iter().for_each(|worker| worker.kill().unwrap());
            jobs.put(1).unwrap();
            assert!(!jobs.join_timeout(SHORT));
            jobs.get().unwrap();
            assert!(!jobs.join_timeout(SHORT));
            jobs.task_done();
            jobs.join();
            let extra = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| jobs.task_done()));
            assert!(extra.unwrap_err().downcast_ref::<&str>().unwrap().contains("more often"));
        });
    }

    #[test]
    fn what_a_dead_process_had_in_hand_is_written_off_qm_07() {
        osier::run(|| {
            let jobs = JoinableQueue::<u32>::unbounded().unwrap();
            let (work, said) = (jobs.clone(), Queue::<u32>::unbounded().unwrap());
            let say = said.clone();
            let worker = Process::fork(move || {
                say.put(work.get().unwrap()).unwrap();
                osier::sleep(Duration::from_secs(3600));
            }).unwrap();
            jobs.put(1).unwrap();
            assert_eq!(said.get().unwrap(), 1);
            assert!(!jobs.join_timeout(Duration::from_millis(60)), "it lives");
            worker.kill().unwrap();
            jobs.join();
            assert_eq!(worker.join(), ExitStatus::Signal(9));
        });
    }

    #[test]
    fn a_simple_queue_puts_and_gets_qm_07() {
        osier::run(|| {
            let queue = SimpleQueue::<String>::new().unwrap();
            assert!(queue.is_empty());
            let other = queue.clone();
            let process = Process::fork(move || other.put("hello".into()).unwrap()).unwrap();
            assert_eq!(queue.get().unwrap(), "hello");
            assert!(matches!(queue.try_get(), Err(GetError::Empty)));
            assert!(matches!(queue.get_timeout(SHORT), Err(GetError::TimedOut)));
            queue.close();
            queue.close();
            assert!(matches!(queue.put("x".into()), Err(PutError::ShutDown(_))));
            process.join();
        });
    }

    #[test]
    fn a_process_that_begins_anew_has_a_queue_at_once_qm_08() {
        osier::run(|| {
            let fresh = Queue::unbounded().unwrap();
            assert!(Process::spawn(says_nothing_comes, (fresh,)).unwrap().join().is_success());
            let (from, to) = (Queue::bounded(3).unwrap(), Queue::unbounded().unwrap());
            let process = Process::spawn(doubles, (from.clone(), to.clone())).unwrap();
            (0..50).for_each(|n| from.put(n).unwrap());
            from.shutdown();
            assert!(process.join().is_success());
            assert!(to.iter().take(50).eq((0..50).map(|n| 2 * n)));
        });
    }

    #[test]
    fn descriptors_travel_also_with_what_a_process_leaves() {
        osier::run(|| {
            let queue = Queue::<(Vec<u8>, Passed<UnixStream>)>::unbounded().unwrap();
            let other = queue.clone();
            let process = Process::fork(move || {
                for n in 0..300_u32 {
                    use std::io::Write;
                    let (mut near, far) = UnixStream::pair().unwrap();
                    near.write_all(&n.to_le_bytes()).unwrap();
                    other.put((vec![0; 1024], Passed(far))).unwrap();
                }
            }).unwrap();
            assert!(process.join().is_success());
            for n in 0..300_u32 {
                use std::io::Read;
                let (_, Passed(mut far)) = queue.get().unwrap();
                let mut text = [0; 4];
                far.read_exact(&mut text).unwrap();
                assert_eq!(u32::from_le_bytes(text), n);
            }
        });
    }

    #[test]
    fn a_child_that_was_not_handed_a_queue_has_none() {
        osier::run(|| {
            let queue = std::rc::Rc::new(Queue::<u32>::unbounded().unwrap());
            let shared = queue.clone();
            let process = Process::fork(move || {
                assert!(matches!(shared.put(1), Err(PutError::ShutDown(1))));
                assert!(matches!(shared.get(), Err(GetError::ShutDown)));
            }).unwrap();
            assert!(process.join().is_success());
            assert!(queue.is_empty());
        });
    }

    #[test]
    fn a_stream_of_items_holds_up_nobody_c_3() {
        osier::run(|| {
            let queue = Queue::<u32>::bounded(1).unwrap();
            let stream = || {
                for n in 0.. {
                    queue.put(n).unwrap();
                    assert_eq!(queue.get().unwrap(), n);
                }
            };
            assert!(osier::timeout(SHORT, stream).is_err(), "nothing of it ever waits");
            while queue.try_get().is_ok() {}
            osier::no_switch(|| {
                for n in 0..1000 {
                    queue.put(n).unwrap();
                    assert_eq!(queue.get().unwrap(), n);
                }
            });
        });
    }

    #[test]
    fn what_is_used_up_is_given_back() {
        osier::run(|| {
            let open = || std::fs::read_dir("/proc/self/fd").unwrap().count();
            let round = || {
                let queue = Queue::unbounded().unwrap();
                put_many(&queue, 2000);
                let other = queue.clone();
                let process = Process::fork(move || get_many(&other, 2000)).unwrap();
                drop(queue);
                assert!(process.join().is_success());
                osier::yield_now();
            };
            round();
            let before = open();
            (0..5).for_each(|_| round());
            osier::sleep(SHORT);
            assert!(open() <= before, "{} and {before}", open());
        });
    }
}

/// The same queue by way of its encoding.
fn retype<A, B>(queue: &Queue<A>) -> Queue<B> {
    let parcel = osier::process::Parcel::pack(queue).unwrap();
    parcel.unpack().unwrap()
}
