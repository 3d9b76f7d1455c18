//! The end of queues, and of the work that was put into them.

mod support;

use std::any::Any;
use std::rc::Rc;

use osier::queue::{
    AnyQueue, Bounded, Channel, Counted, Fifo, GetError, JoinableQueue, Lifo, PutError, Queue,
    Smallest,
};
use osier::{idle, spawn, timeout, yield_now};
use support::{OnDrop, SHORT, text_of};

#[test]
fn a_join_waits_until_all_is_reported_qu_07() {
    osier::run(|| {
        let queue = JoinableQueue::unbounded();
        queue.join(); // nothing to wait for
        (0..3).for_each(|n| queue.put(n).unwrap());
        let other = queue.clone();
        let joiner = spawn(move || other.join());
        for left in (0..3).rev() {
            queue.get().unwrap();
            idle();
            assert!(!joiner.is_finished(), "got is not done");
            queue.task_done();
            assert_eq!(queue.unfinished(), left);
        }
        joiner.join().unwrap();
    });
}

#[test]
fn a_join_with_a_limit_says_whether_all_is_done_qu_07() {
    osier::run(|| {
        let queue = JoinableQueue::from_iter([1]);
        assert!(!queue.join_timeout(SHORT));
        assert!(!queue.join_deadline(osier::clock::now()));
        assert!(timeout(SHORT, || queue.join()).is_err());
        queue.get().unwrap();
        queue.task_done();
        assert!(queue.join_timeout(SHORT));
    });
}

#[test]
fn what_waits_to_be_put_counts_once_it_is_in_qu_07() {
    osier::run(|| {
        let queue = JoinableQueue::bounded(1);
        queue.put(1).unwrap();
        let other = queue.clone();
        let putter = spawn(move || other.put(2));
        idle();
        assert_eq!(queue.unfinished(), 1);
        queue.get().unwrap();
        assert_eq!(queue.unfinished(), 2);
        let other = queue.clone();
        let getter = spawn(move || (other.get(), other.get()));
        idle();
        queue.put(3).unwrap();
        assert_eq!(getter.join().unwrap(), (Ok(2), Ok(3)));
        assert_eq!(queue.unfinished(), 3, "straight into somebody's hands is put as well");
        putter.join().unwrap().unwrap();
    });
}

#[test]
fn too_many_reports_are_refused_qu_07() {
    let queue = JoinableQueue::from_iter([1]);
    queue.task_done();
    assert!(text_of(|| queue.task_done()).contains("more often than items were put"));
    assert_eq!(queue.unfinished(), 0);
}

#[test]
fn what_is_left_can_be_had_then_the_end_is_told_qu_08() {
    osier::run(|| {
        let queue = Queue::from_iter([1, 2]);
        queue.shutdown();
        assert!(queue.is_shut_down());
        assert_eq!(queue.put(3), Err(PutError::ShutDown(3)));
        assert_eq!(queue.put_timeout(3, SHORT), Err(PutError::ShutDown(3)));
        assert_eq!((queue.peek(), queue.get(), queue.get()), (Ok(1), Ok(1), Ok(2)));
        assert_eq!((queue.get(), queue.peek()), (Err(GetError::ShutDown), Err(GetError::ShutDown)));
        assert_eq!(queue.get_timeout(SHORT), Err(GetError::ShutDown));
    });
}

#[test]
fn those_who_wait_are_told_and_have_their_items_back_qu_08() {
    osier::run(|| {
        let (full, empty, channel) =
            (Queue::from_iter([0]), Queue::<u32>::bounded(1), Channel::new());
        full.set_maxsize(1);
        let (a, b, c, d) = (full.clone(), empty.clone(), empty.clone(), channel.clone());
        let putters = [spawn(move || a.put(1)), spawn(move || d.put(2))];
        let getters = [spawn(move || b.get()), spawn(move || c.peek())];
        idle();
        full.shutdown();
        empty.shutdown();
        channel.shutdown();
        for (item, putter) in (1..).zip(putters) {
            assert_eq!(putter.join().unwrap(), Err(PutError::ShutDown(item)));
        }
        assert!(getters.into_iter().all(|task| task.join().unwrap() == Err(GetError::ShutDown)));
        assert_eq!(full.len(), 1);
    });
}

#[test]
fn an_item_handed_over_before_the_end_arrives_qu_08() {
    osier::run(|| {
        let queue = Queue::unbounded();
        let other = queue.clone();
        let getter = spawn(move || (other.get(), other.get()));
        idle();
        queue.put(1).unwrap();
        queue.shutdown_now(); // in the same turn
        assert_eq!(getter.join().unwrap(), (Ok(1), Err(GetError::ShutDown)));
    });
}

#[test]
fn an_end_at_once_empties_the_queue_and_releases_joins_qu_08() {
    osier::run(|| {
        let item = Rc::new(());
        let queue: JoinableQueue<_> = (0..3).map(|_| item.clone()).collect();
        let other = queue.clone();
        let joiner = spawn(move || other.join());
        idle();
        queue.shutdown_now();
        assert_eq!((queue.len(), Rc::strong_count(&item)), (0, 1));
        joiner.join().unwrap();
    });
}

#[test]
fn what_is_dropped_at_the_end_may_use_the_queue_qu_08() {
    osier::run(|| {
        let queue = Queue::<Box<dyn Any>>::unbounded();
        for _ in 0..3 {
            let other = queue.clone();
            let item = Box::new(OnDrop::new(move || {
                assert!(other.is_empty() && other.is_shut_down());
                assert!(other.try_put(Box::new(())).is_err());
            }));
            queue.put(item).unwrap();
        }
        queue.shutdown_now();
    });
}

/// Empty or not, at once or not, somebody who gets, puts and joins: each is told, or has what is left.
fn every_combination<K: Bounded<Item = u32> + 'static>() {
    for (filled, now) in [(false, false), (false, true), (true, false), (true, true)] {
        osier::run(|| {
            let queue: AnyQueue<K> = AnyQueue::bounded(1);
            if filled {
                queue.put(0).unwrap();
            }
            let (gets, puts) = (queue.clone(), queue.clone());
            let getter = (!filled).then(|| spawn(move || gets.get()));
            let putter = filled.then(|| spawn(move || puts.put(1)));
            idle();
            if now {
                queue.shutdown_now()
            } else {
                queue.shutdown()
            }
            if let Some(getter) = getter {
                assert_eq!(getter.join().unwrap(), Err(GetError::ShutDown));
            }
            if let Some(putter) = putter {
                assert_eq!(putter.join().unwrap(), Err(PutError::ShutDown(1)));
            }
            let left = if filled && !now { Ok(0) } else { Err(GetError::ShutDown) };
            assert_eq!(queue.get(), left, "filled: {filled}, now: {now}");
            assert_eq!(queue.put(2), Err(PutError::ShutDown(2)));
        });
    }
}

#[test]
fn every_kind_ends_in_every_way_tq_03() {
    every_combination::<Fifo<u32>>();
    every_combination::<Lifo<u32>>();
    every_combination::<Smallest<u32>>();
    every_combination::<Counted<u32>>();
}

#[test]
fn a_queue_can_be_shut_down_again_and_harder_tq_03() {
    osier::run(|| {
        let queue = JoinableQueue::from_iter([1, 2, 3]);
        queue.get().unwrap();
        let other = queue.clone();
        let joiner = spawn(move || other.join());
        queue.shutdown();
        queue.shutdown();
        assert_eq!(queue.len(), 2);
        queue.shutdown_now();
        queue.shutdown_now();
        assert_eq!((queue.len(), queue.unfinished()), (0, 1));
        yield_now();
        assert!(!joiner.is_finished(), "one is still being worked on");
        queue.task_done();
        joiner.join().unwrap();
        assert!(text_of(|| queue.task_done()).contains("task_done"));
    });
}

#[test]
fn a_loop_over_a_queue_ends_with_it_tq_03() {
    osier::run(|| {
        let queue = Queue::bounded(2);
        let other = queue.clone();
        let sum = spawn(move || (&other).into_iter().sum::<u32>());
        (1..=10).for_each(|n| queue.put(n).unwrap());
        queue.shutdown();
        assert_eq!(sum.join().unwrap(), 55);
    });
}
