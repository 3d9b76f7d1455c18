//! Workers over queues, and queues as targets of links.

mod support;

use std::cell::Cell;
use std::rc::Rc;

use osier::queue::{Channel, JoinableQueue, LifoQueue, PutError, Queue};
use osier::{JoinError, Worker, WorkerEnd, channel, join_all, join_rest, sleep, spawn, yield_now};
use support::{SHORT, logged, wait_for_nobody};

fn half(n: u32) -> u32 {
    assert!(n.is_multiple_of(2), "{n} is odd");
    n / 2
}

type Results = Queue<Result<u32, JoinError>>;

fn drain(results: &Results) -> Vec<Option<u32>> {
    std::iter::from_fn(|| results.try_get().ok()).map(Result::ok).collect()
}

#[test]
fn a_worker_ends_when_its_work_does() {
    osier::run(|| {
        let (work, results) = (Queue::unbounded(), Results::unbounded());
        let worker = Worker::new(half).spawn(&work, &results);
        work.put(2).unwrap();
        sleep(SHORT);
        work.put(4).unwrap();
        sleep(SHORT);
        assert!(!worker.is_finished(), "there may come more");
        work.put(6).unwrap();
        work.shutdown();
        let report = worker.join().unwrap();
        assert_eq!((report.items, report.end), (3, WorkerEnd::ShutDown));
        assert!(report.undelivered.is_none());
        assert_eq!(drain(&results), [Some(1), Some(2), Some(3)]);
    });
}

#[test]
fn a_worker_may_stop_when_there_is_no_work() {
    osier::run(|| {
        let (work, results) = (Queue::from_iter([2, 4]), Results::unbounded());
        let plan = Worker::new(half).stop_when_empty(true);
        let workers = [plan.clone().spawn(&work, &results), plan.clone().spawn(&work, &results)];
        let reports = join_all(workers).into_iter().map(Result::unwrap);
        assert_eq!(
            reports.map(|report| (report.items, report.end)).collect::<Vec<_>>(),
            [(2, WorkerEnd::Empty), (0, WorkerEnd::Empty)]
        );
        work.shutdown();
        assert_eq!(plan.spawn(&work, &results).join().unwrap().end, WorkerEnd::ShutDown);
    });
}

#[test]
fn a_worker_waits_so_long_for_work_and_for_room() {
    osier::run(|| {
        let (work, results) = (Queue::from_iter([2, 4]), Results::bounded(1));
        let plan = Worker::new(half).get_timeout(SHORT).put_timeout(SHORT);
        let report = plan.clone().spawn(&work, &results).join().unwrap();
        assert_eq!((report.items, report.end), (2, WorkerEnd::Refused));
        assert_eq!(report.undelivered.unwrap().unwrap(), 2);
        assert_eq!(drain(&results), [Some(1)]);
        let report = plan.spawn(&work, &results).join().unwrap();
        assert_eq!((report.items, report.end), (0, WorkerEnd::TimedOut));
        // Results that nobody wants any more.
        work.put(8).unwrap();
        results.shutdown();
        let report = Worker::new(half).spawn(&work, &results).join().unwrap();
        assert_eq!(report.end, WorkerEnd::Refused);
    });
}

#[test]
fn work_that_fails_is_logged_and_the_worker_goes_on() {
    let lines = logged(|| {
        osier::run(|| {
            let (work, results) = (LifoQueue::from_iter([2, 3, 4]), Results::unbounded());
            let report = Worker::new(half).stop_when_empty(true).spawn(&work, &results);
            assert_eq!(report.join().unwrap().items, 3);
            assert_eq!(drain(&results), [Some(2), None, Some(1)]);
        });
    });
    assert!(lines.len() == 1 && lines[0].contains("3 is odd"), "{lines:?}");
}

#[test]
fn a_worker_that_is_killed_says_so_in_the_result_of_its_item() {
    osier::run(|| {
        let (work, results) = (Queue::from_iter([2, 4]), Results::unbounded());
        let nap = |_| {
            wait_for_nobody();
            1
        };
        let worker = Worker::new(nap).spawn(&work, &results);
        yield_now();
        worker.kill();
        assert!(worker.join().unwrap_err().is_killed());
        assert!(results.try_get().unwrap().unwrap_err().is_killed());
        assert_eq!(work.len(), 1, "what was not begun is left");
        // While it waits for work, too.
        let idle = Worker::new(half).spawn(&Queue::unbounded(), &results);
        yield_now();
        idle.kill();
        assert!(idle.join().unwrap_err().is_killed() && results.is_empty());
    });
}

#[test]
fn links_put_outcomes_into_queues_and_channels_each_time_gl_07() {
    osier::run(|| {
        let queue = Results::bounded(1);
        let hand_over = Channel::new();
        let (to, from) = channel::bounded(1);
        let task = spawn(|| 7);
        for _ in 0..3 {
            task.link_to(queue.clone());
            task.link_to(hand_over.clone());
            task.link_to(to.clone());
        }
        // More than there is room for: links may wait.
        for _ in 0..3 {
            assert_eq!(queue.get().unwrap().unwrap(), 7);
            assert_eq!(hand_over.get().unwrap().unwrap(), 7);
            assert_eq!(from.recv().unwrap().unwrap(), 7);
        }
        task.link_to(queue.clone());
        assert_eq!(queue.get().unwrap().unwrap(), 7, "after the end");
        join_rest(None);
        assert!(queue.is_empty() && from.try_recv().is_err());
    });
}

#[test]
fn an_outcome_that_a_link_cannot_hand_over_is_logged_gl_09() {
    let told = Rc::new(Cell::new(false));
    let flag = told.clone();
    let lines = logged(|| {
        osier::run(|| {
            let queue = Results::unbounded();
            queue.shutdown();
            let (to, from) = channel::unbounded();
            drop(from);
            let task = spawn(|| 7);
            task.link_to(queue.clone());
            task.link_to(to);
            task.link(move |_| flag.set(true));
            assert!(matches!(queue.try_put(Ok(1)), Err(PutError::ShutDown(_))));
        });
    });
    assert!(told.get() && lines.len() == 2, "{lines:?}");
}

#[test]
fn a_worker_reports_what_is_done() {
    osier::run(|| {
        let (work, results) = (JoinableQueue::from_iter([2, 3, 4]), Results::bounded(2));
        let lines = logged(|| {
            Worker::new(half).stop_when_empty(true).spawn(&work, &results);
            osier::idle();
        });
        assert_eq!(lines.len(), 1, "one of them is odd: {lines:?}");
        assert_eq!(work.unfinished(), 1, "the last result is not put");
        assert_eq!(results.get().unwrap().ok(), Some(1));
        work.join();
        assert_eq!(work.unfinished(), 0);
        // One that is killed at work has done with its item, too.
        let work = JoinableQueue::from_iter([5]);
        let stuck = Worker::new(|_| wait_for_nobody()).spawn(&work, &Queue::unbounded());
        yield_now();
        assert_eq!(work.unfinished(), 1);
        stuck.kill();
        work.join();
        assert!(stuck.join().is_err());
    });
}
