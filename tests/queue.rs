//! Queues: their orders, their sizes, looking without taking.

mod support;

use std::cell::RefCell;
use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::rc::Rc;

use osier::queue::{
    AnyQueue, Bounded, Channel, GetError, JoinableQueue, LifoQueue, PriorityQueue, PutError, Queue,
    SimpleQueue,
};
use osier::{Deadlock, JoinHandle, idle, spawn, yield_now};
use support::{payload_of, text_of};

#[test]
fn a_queue_without_a_limit_is_never_full_qu_01() {
    let queue = Queue::unbounded();
    assert_eq!(queue.maxsize(), None);
    (0..10_000).for_each(|n| queue.try_put(n).unwrap());
    assert!(!queue.is_full());
    assert_eq!(queue.len(), 10_000);
    queue.set_maxsize(3);
    assert!(queue.is_full());
    queue.set_maxsize(None);
    queue.try_put(0).unwrap();
}

#[test]
fn no_place_at_all_is_refused_by_name_qu_01() {
    for text in
        [text_of(|| Queue::<u8>::bounded(0)), text_of(|| Queue::<u8>::unbounded().set_maxsize(0))]
    {
        assert!(text.contains("Channel") && text.contains("unbounded"), "{text}");
    }
}

#[test]
fn a_channel_keeps_nothing_qu_01() {
    osier::run(|| {
        let channel = Channel::new();
        assert!(channel.is_empty() && channel.is_full());
        assert_eq!(channel.try_put(1), Err(PutError::Full(1)));
        let other = channel.clone();
        let giver = spawn(move || (1..=2).all(|n| other.put(n).is_ok()));
        yield_now();
        assert!(channel.is_empty() && !giver.is_finished());
        assert_eq!((channel.peek(), channel.get(), channel.get()), (Ok(1), Ok(1), Ok(2)));
        assert!(giver.join().unwrap());
        let other = channel.clone();
        let taker = spawn(move || other.get());
        yield_now();
        assert_eq!((channel.try_put(3), channel.try_put(4)), (Ok(()), Err(PutError::Full(4))));
        assert_eq!(taker.join().unwrap(), Ok(3));
    });
}

#[test]
fn what_does_not_wait_works_anywhere_and_wakes_qu_03() {
    let queue = Queue::bounded(1); // outside of a run
    assert_eq!((queue.try_put(1), queue.try_put(2)), (Ok(()), Err(PutError::Full(2))));
    assert_eq!((queue.try_get(), queue.try_get()), (Ok(1), Err(GetError::Empty)));
    osier::run(|| {
        let getter = spawn({
            let queue = queue.clone();
            move || queue.get()
        });
        yield_now();
        // A destructor that the hub runs: that of a task that never began.
        let putter = queue.clone();
        let note = support::OnDrop::new(move || putter.try_put(7).unwrap());
        spawn(move || drop(note)).kill();
        assert_eq!(getter.join().unwrap(), Ok(7));
    });
}

#[test]
fn what_does_not_wait_does_not_switch_qu_03() {
    osier::run(|| {
        let ran = Rc::new(RefCell::new(false));
        let runs = ran.clone();
        spawn(move || *runs.borrow_mut() = true);
        let queue = Queue::bounded(1);
        for n in 0..100 {
            queue.try_put(n).unwrap();
            queue.try_put(n).unwrap_err();
            queue.try_peek().unwrap();
            queue.try_get().unwrap();
            queue.try_get().unwrap_err();
        }
        assert!(!*ran.borrow());
    });
}

fn spawn_all<T: 'static>(count: usize, f: impl Fn() -> T + Clone + 'static) -> Vec<JoinHandle<T>> {
    let tasks = (0..count).map(|_| spawn(f.clone())).collect();
    idle();
    tasks
}

#[test]
fn all_who_peek_are_released_by_one_item_qu_05() {
    osier::run(|| {
        let queue = Queue::unbounded();
        let other = queue.clone();
        let peekers = spawn_all(5, move || other.peek());
        assert!(peekers.iter().all(|task| !task.is_finished()));
        queue.try_put("seen").unwrap();
        assert!(peekers.into_iter().all(|task| task.join().unwrap() == Ok("seen")));
        assert_eq!(queue.len(), 1, "nobody has taken it");
        assert_eq!(queue.peek(), queue.get());
    });
}

#[test]
fn who_gets_goes_before_who_peeks() {
    osier::run(|| {
        let queue = Queue::unbounded();
        let (peeks, gets) = (queue.clone(), queue.clone());
        let peeker = spawn(move || peeks.peek());
        let getter = spawn(move || gets.get());
        idle();
        queue.try_put(1).unwrap();
        assert_eq!(getter.join().unwrap(), Ok(1));
        idle();
        assert!(!peeker.is_finished());
        queue.try_put(2).unwrap();
        assert_eq!(peeker.join().unwrap(), Ok(2));
    });
}

#[test]
fn a_wait_that_nobody_can_end_is_a_deadlock_qu_05() {
    for wait in [|queue: Queue<u8>| queue.get(), |queue: Queue<u8>| queue.peek()] {
        let report = payload_of(|| osier::run(|| wait(Queue::unbounded())));
        let report = report.downcast::<Deadlock>().expect("a deadlock").to_string();
        assert!(report.contains("item of a queue"), "{report}");
    }
}

#[test]
fn priorities_come_smallest_first_and_equals_in_order_qu_09() {
    let queue: PriorityQueue<_> = [5, 1, 4, 1, 3].into_iter().collect();
    [2, 0, 9].into_iter().for_each(|n| queue.try_put(n).unwrap());
    queue.shutdown();
    assert_eq!(queue.iter().collect::<Vec<_>>(), [0, 1, 1, 2, 3, 4, 5, 9]);
    let greatest = PriorityQueue::from_iter([1, 3, 2].map(Reverse));
    assert_eq!(greatest.try_get(), Ok(Reverse(3)));
}

#[test]
fn the_last_comes_first_in_a_stack_qu_09() {
    let queue: LifoQueue<_> = (1..=3).collect();
    queue.try_put(4).unwrap();
    assert_eq!(queue.try_peek(), Ok(4));
    queue.shutdown();
    assert_eq!(queue.into_iter().collect::<Vec<_>>(), [4, 3, 2, 1]);
}

#[test]
fn more_to_begin_with_than_there_is_room_for_is_kept_qu_09() {
    let queue: PriorityQueue<_> = [3, 1, 2].into_iter().collect();
    queue.set_maxsize(2);
    assert_eq!((queue.len(), queue.is_full()), (3, true));
    assert_eq!(queue.try_put(0), Err(PutError::Full(0)));
    assert_eq!((queue.try_get(), queue.try_put(0)), (Ok(1), Err(PutError::Full(0))));
    assert_eq!((queue.try_get(), queue.try_put(0)), (Ok(2), Ok(())));
}

#[test]
fn room_that_grows_lets_those_in_who_wait_qu_10() {
    osier::run(|| {
        let queue = Queue::bounded(1);
        queue.put(0).unwrap();
        let putters: Vec<_> = (1..=4)
            .map(|n| {
                let queue = queue.clone();
                spawn(move || queue.put(n))
            })
            .collect();
        idle();
        queue.set_maxsize(3);
        idle();
        let done: Vec<bool> = putters.iter().map(JoinHandle::is_finished).collect();
        assert_eq!(done, [true, true, false, false]);
        queue.set_maxsize(None);
        idle();
        queue.shutdown();
        assert_eq!(queue.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
    });
}

/// Many tasks put and get; all that was put is got, once.
fn nothing_is_lost<K: Bounded<Item = u32> + 'static>() {
    const EACH: u32 = 500;
    osier::run(|| {
        let queue: AnyQueue<K> = AnyQueue::bounded(7);
        let putters: Vec<_> = (0..20)
            .map(|who| {
                let queue = queue.clone();
                spawn(move || {
                    for n in 0..EACH {
                        queue.put(who * EACH + n).unwrap();
                        if n % 3 == 0 {
                            yield_now();
                        }
                    }
                })
            })
            .collect();
        let source = queue.clone();
        let getters: Vec<_> = (0..20)
            .map(|_| {
                let queue = source.clone();
                spawn(move || queue.iter().inspect(|_| yield_now()).collect::<Vec<_>>())
            })
            .collect();
        putters.into_iter().for_each(|task| task.join().unwrap());
        queue.shutdown();
        let got: Vec<u32> = getters.into_iter().flat_map(|task| task.join().unwrap()).collect();
        assert_eq!(got.len(), 10_000);
        assert_eq!(got.into_iter().collect::<BTreeSet<_>>().len(), 10_000);
    });
}

#[test]
fn ten_thousand_items_of_many_tasks_arrive_once_tq_01() {
    nothing_is_lost::<osier::queue::Fifo<u32>>();
    nothing_is_lost::<osier::queue::Lifo<u32>>();
    nothing_is_lost::<osier::queue::Smallest<u32>>();
    nothing_is_lost::<osier::queue::Counted<u32>>();
}

#[test]
fn a_queue_says_how_many_it_has_tq_01() {
    let queue = Queue::bounded(2);
    assert!(queue.is_empty() && !queue.is_full());
    queue.try_put(1).unwrap();
    assert!(!queue.is_empty() && !queue.is_full());
    queue.try_put(2).unwrap();
    assert!(queue.is_full());
    assert_eq!((queue.len(), queue.maxsize()), (2, Some(2)));
    let simple = SimpleQueue::new();
    simple.put(1);
    assert_eq!((simple.len(), simple.is_empty()), (1, false));
    assert_eq!((simple.try_get(), simple.try_get()), (Ok(1), Err(GetError::Empty)));
}

#[test]
fn waiters_are_served_in_their_order() {
    osier::run(|| {
        let (queue, order) = (Queue::unbounded(), Rc::new(RefCell::new(Vec::new())));
        let getters: Vec<_> = (0..5)
            .map(|who| {
                let (queue, order) = (queue.clone(), order.clone());
                spawn(move || {
                    let got = queue.get().unwrap();
                    order.borrow_mut().push((who, got));
                })
            })
            .collect();
        idle();
        (0..5).for_each(|n| queue.try_put(n).unwrap());
        assert_eq!(queue.try_get(), Err(GetError::Empty), "they are promised already");
        getters.into_iter().for_each(|task| task.join().unwrap());
        assert_eq!(*order.borrow(), [(0, 0), (1, 1), (2, 2), (3, 3), (4, 4)]);
    });
}

#[test]
fn a_queue_shows_what_it_is() {
    osier::run(|| {
        let queue = JoinableQueue::bounded(3);
        queue.put(1).unwrap();
        queue.get().unwrap();
        let other = queue.clone();
        let getter = spawn(move || other.get());
        idle();
        let text = format!("{queue:?}");
        for part in
            ["JoinableQueue", "len: 0", "maxsize: 3", "unfinished: 1", "is_shut_down: false"]
        {
            assert!(text.contains(part), "{part}: {text}");
        }
        assert!(text.contains(&format!("getters: [Unparker {{ task: {:?}", getter.id())), "{text}");
        getter.kill();
    });
}
