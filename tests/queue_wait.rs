//! Waits at queues that end otherwise than by an item: time, kills, unwinding, errors of items.

mod support;

use std::cell::Cell;
use std::cmp::Ordering;
use std::rc::Rc;
use std::time::Duration;

use osier::queue::{Channel, GetError, PriorityQueue, PutError, Queue, SimpleQueue};
use osier::{JoinHandle, clock, idle, no_switch, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, swallow, text_of};

#[test]
fn a_limit_is_kept_and_the_item_handed_back_qu_04() {
    osier::run(|| {
        let queue = Queue::bounded(1);
        let began = clock::now();
        assert_eq!(queue.get_timeout(SHORT), Err(GetError::TimedOut));
        assert_eq!(queue.peek_timeout(SHORT), Err(GetError::TimedOut));
        queue.put("in").unwrap();
        assert_eq!(queue.put_timeout("out", SHORT), Err(PutError::TimedOut("out")));
        assert!(began.elapsed() >= 3 * SHORT);
        let soon = clock::now() + SHORT;
        assert_eq!(queue.put_deadline("out", soon), Err(PutError::TimedOut("out")));
        assert_eq!((queue.get_deadline(soon), queue.len()), (Ok("in"), 0));
        assert_eq!(queue.get_deadline(soon), Err(GetError::TimedOut));
        assert_eq!(queue.peek_deadline(soon), Err(GetError::TimedOut));
        let channel = Channel::new();
        assert_eq!(channel.put_timeout(1, SHORT), Err(PutError::TimedOut(1)));
        assert_eq!(channel.try_get(), Err(GetError::Empty), "it has left the line");
    });
}

#[test]
fn a_limit_ends_nothing_that_comes_in_time_qu_04() {
    osier::run(|| {
        let queue = Queue::bounded(1);
        let other = queue.clone();
        let getter = spawn(move || (other.get_timeout(FOREVER), other.get_timeout(FOREVER)));
        idle();
        queue.put_timeout(1, FOREVER).unwrap();
        queue.put_timeout(2, FOREVER).unwrap();
        assert_eq!(getter.join().unwrap(), (Ok(1), Ok(2)));
    });
}

#[test]
fn an_outer_time_out_goes_through_qu_04() {
    osier::run(|| {
        let queue = Queue::<Rc<()>>::bounded(1);
        assert!(timeout(SHORT, || queue.get_timeout(FOREVER)).is_err());
        let item = Rc::new(());
        queue.put(item.clone()).unwrap();
        assert!(timeout(SHORT, || queue.put_timeout(item.clone(), FOREVER)).is_err());
        assert_eq!(Rc::strong_count(&item), 2, "what waited is dropped by the unwinding");
        queue.get().unwrap();
        assert_eq!(queue.try_get(), Err(GetError::Empty));
    });
}

fn getter(queue: &Queue<u32>) -> JoinHandle<Result<u32, GetError>> {
    let queue = queue.clone();
    let task = spawn(move || queue.get());
    idle();
    task
}

#[test]
fn an_item_that_was_handed_over_before_a_kill_arrives() {
    osier::run(|| {
        let queue = Queue::unbounded();
        let task = getter(&queue);
        queue.put(1).unwrap();
        task.kill();
        assert_eq!(task.join().unwrap(), Ok(1));
        let task = getter(&queue);
        task.kill(); // in the same turn, the other way round
        queue.put(2).unwrap();
        assert_eq!(task.join().unwrap(), Ok(2));
        assert!(queue.is_empty());
    });
}

#[test]
fn a_kill_while_queued_leaves_the_place_to_the_next() {
    osier::run(|| {
        let queue = Queue::unbounded();
        let [first, second] = [getter(&queue), getter(&queue)];
        first.kill();
        assert!(first.join().unwrap_err().is_killed());
        queue.put(1).unwrap();
        assert_eq!(second.join().unwrap(), Ok(1));
        let queue = Queue::bounded(1);
        queue.put(1).unwrap();
        let other = queue.clone();
        let putter = spawn(move || other.put(2));
        idle();
        putter.kill();
        putter.wait();
        assert_eq!((queue.get(), queue.try_get()), (Ok(1), Err(GetError::Empty)));
    });
}

#[test]
fn a_time_out_in_the_turn_of_the_hand_over_comes_too_late() {
    osier::run(|| {
        let queue = Queue::unbounded();
        let other = queue.clone();
        let task = spawn(move || other.get_timeout(SHORT));
        idle();
        support::spin(2 * SHORT); // it is due, and nobody has looked
        queue.put(1).unwrap();
        assert_eq!(task.join().unwrap(), Ok(1));
    });
}

#[test]
fn nothing_waits_while_it_unwinds() {
    osier::run(|| {
        let (queue, other) = (Queue::bounded(1), Queue::unbounded());
        queue.put(1).unwrap();
        let (full, empty) = (queue.clone(), other.clone());
        let seen = Rc::new(Cell::new(false));
        let sees = seen.clone();
        let task = spawn(move || {
            let _note = OnDrop::new(move || {
                assert_eq!(full.put(2), Err(PutError::Full(2)));
                assert_eq!(full.get(), Ok(1), "what need not wait works");
                assert_eq!(empty.get_timeout(FOREVER), Err(GetError::Empty));
                assert_eq!(empty.peek(), Err(GetError::Empty));
                empty.put(7).unwrap();
                sees.set(true);
            });
            support::wait_for_nobody();
        });
        yield_now();
        task.kill();
        task.wait();
        assert!(seen.get());
        assert_eq!(other.get(), Ok(7));
    });
}

#[test]
fn nothing_waits_outside_of_a_task() {
    let queue = Queue::bounded(1);
    assert_eq!((queue.get(), queue.put(1)), (Err(GetError::Empty), Ok(())));
    assert_eq!(queue.put_timeout(2, FOREVER), Err(PutError::Full(2)));
    assert_eq!(queue.iter().collect::<Vec<_>>(), [1]);
}

#[test]
fn a_wait_inside_of_no_switch_panics_and_leaves_the_line() {
    osier::run(|| {
        let queue = Queue::<u32>::unbounded();
        assert!(text_of(|| no_switch(|| queue.get())).contains("inside of no_switch"));
        queue.put(1).unwrap();
        assert_eq!(queue.try_get(), Ok(1), "it was handed to nobody");
    });
}

#[test]
fn an_old_unparker_ends_no_wait() {
    osier::run(|| {
        let queue = Queue::unbounded();
        let other = queue.clone();
        let task = spawn(move || {
            let me = osier::Unparker::current();
            spawn(move || me.unpark());
            other.get()
        });
        idle();
        assert!(!task.is_finished());
        queue.put(1).unwrap();
        assert_eq!(task.join().unwrap(), Ok(1));
    });
}

/// Cannot be compared with a 13.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Touchy(u32);

impl Ord for Touchy {
    fn cmp(&self, other: &Touchy) -> Ordering {
        if self.0 == 13 || other.0 == 13 {
            std::panic::resume_unwind(Box::new("do not touch 13"));
        }
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Touchy {
    fn partial_cmp(&self, other: &Touchy) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

#[test]
fn an_item_whose_comparison_fails_stays_out_tq_02() {
    osier::run(|| {
        let queue = PriorityQueue::from_iter([2, 1].map(Touchy));
        assert!(swallow(|| queue.try_put(Touchy(13)).unwrap()));
        queue.put(Touchy(0)).unwrap();
        queue.shutdown();
        assert_eq!(queue.iter().map(|item| item.0).collect::<Vec<_>>(), [0, 1, 2]);
    });
}

#[test]
fn a_comparison_that_fails_later_is_for_who_put_the_item_tq_02() {
    osier::run(|| {
        let queue = PriorityQueue::from_iter([1, 2].map(Touchy));
        queue.set_maxsize(2);
        let put = |n| {
            let queue = queue.clone();
            let task = spawn(move || queue.put(Touchy(n)));
            idle();
            task
        };
        let (bad, good) = (put(13), put(0));
        assert_eq!(queue.get(), Ok(Touchy(1)), "not the getter's panic, nor its loss");
        assert!(bad.join().unwrap_err().is_panic());
        assert_eq!(good.join().unwrap(), Ok(()));
        assert_eq!((queue.get(), queue.get()), (Ok(Touchy(0)), Ok(Touchy(2))));
    });
}

/// Compares by waiting, or by using the queue.
struct Rude(u32, Act, PriorityQueue<Rude>);

type Act = fn(&PriorityQueue<Rude>);

impl Ord for Rude {
    fn cmp(&self, other: &Rude) -> Ordering {
        self.1(&self.2);
        self.0.cmp(&other.0)
    }
}

impl PartialOrd for Rude {
    fn partial_cmp(&self, other: &Rude) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Rude {
    fn eq(&self, other: &Rude) -> bool {
        self.0 == other.0
    }
}

impl Eq for Rude {}

#[test]
fn a_comparison_can_neither_wait_nor_use_the_queue_tq_02() {
    osier::run(|| {
        let acts: [(Act, &str); 2] = [
            (|_| yield_now(), "inside of no_switch"),
            (|queue| _ = queue.len(), "by the comparison or the clone of its own items"),
        ];
        for (act, text) in acts {
            let queue = PriorityQueue::unbounded();
            queue.put(Rude(1, act, queue.clone())).unwrap();
            let second = Rude(2, act, queue.clone());
            assert!(text_of(|| queue.put(second).is_ok()).contains(text), "{text}");
            assert_eq!(queue.len(), 1);
            queue.shutdown_now();
        }
    });
}

/// Puts another of its kind when it goes.
struct Seed(u32, SimpleQueue<Seed>);

impl Drop for Seed {
    fn drop(&mut self) {
        if let Some(left) = self.0.checked_sub(1) {
            self.1.put(Seed(left, self.1.clone()));
        }
    }
}

#[test]
fn a_destructor_can_put_tq_02() {
    osier::run(|| {
        let queue = SimpleQueue::new();
        queue.put(Seed(3, queue.clone()));
        let count = std::iter::from_fn(|| queue.try_get().ok()).count();
        assert_eq!(count, 4);
    });
}

#[test]
fn a_smaller_size_counts_for_later_puts_tq_02() {
    osier::run(|| {
        let queue = Queue::bounded(4);
        (0..4).for_each(|n| queue.put(n).unwrap());
        queue.set_maxsize(2);
        let other = queue.clone();
        let putter = spawn(move || other.put(4));
        idle();
        assert_eq!((queue.get(), queue.get()), (Ok(0), Ok(1)));
        idle();
        assert!(!putter.is_finished(), "there are two, which is all there may be");
        assert_eq!(queue.get(), Ok(2));
        assert_eq!(putter.join().unwrap(), Ok(()));
        assert_eq!(queue.len(), 2);
    });
}

#[test]
fn a_limit_of_nothing_gives_the_others_a_chance() {
    osier::run(|| {
        let queue = Queue::unbounded();
        let other = queue.clone();
        spawn(move || other.put(1).unwrap());
        assert_eq!(queue.get_timeout(Duration::ZERO), Ok(1));
    });
}
