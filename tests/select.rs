//! Select: one of several things is done, and nothing is lost with the others.

mod support;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use osier::channel::{bounded, unbounded};
use osier::io::Source;
use osier::queue::{Channel, GetError, PriorityQueue, PutError, Queue, SimpleQueue};
use osier::select::{
    Branch, after, at, get, put, readable, ready, recv, select, select_deadline, select_timeout,
    send, set_seed, try_select, writable,
};
use osier::{JoinHandle, clock, idle, no_switch, sleep, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, text_of};

#[test]
fn what_can_be_done_at_once_is() {
    osier::run(|| {
        let (full, empty) = (Queue::from_iter([7]), Queue::<u32>::unbounded());
        let got = osier::select! {
            item = get(&full) => item,
            item = get(&empty) => item,
            () = after(FOREVER) => Err(GetError::TimedOut),
        };
        assert_eq!(got, Ok(7));
        let none = osier::select! {
            _ = get(&full) => false,
            _ = get(&empty) => false,
            default => true,
        };
        assert!(none);
    });
}

#[test]
fn the_first_that_comes_ends_the_wait() {
    osier::run(|| {
        let (a, b) = (Queue::unbounded(), Queue::<u32>::unbounded());
        let (to, from) = unbounded::<u32>();
        let other = a.clone();
        spawn(move || {
            sleep(SHORT);
            other.put("late").unwrap();
        });
        let got = osier::select! {
            item = get(&a) => item.unwrap(),
            _ = get(&b) => "b",
            _ = recv(&from) => "from",
        };
        assert_eq!(got, "late");
        b.put(1).unwrap();
        to.send(2).unwrap();
        assert_eq!((b.try_get(), from.try_recv()), (Ok(1), Ok(2)), "it stands in no line any more");
    });
}

/// A task that gets from whichever of these has something.
fn getter(queues: &[Queue<u32>]) -> JoinHandle<(usize, u32)> {
    let queues = queues.to_vec();
    let task = spawn(move || {
        let mut gets: Vec<_> = queues.iter().map(get).collect();
        let which = select(&mut gets);
        (which, gets[which].take().unwrap().unwrap())
    });
    idle();
    task
}

#[test]
fn two_items_at_once_go_to_two() {
    osier::run(|| {
        let queues = [Queue::unbounded(), Queue::unbounded()];
        let [first, second] = [getter(&queues), getter(&queues)];
        queues[0].put(10).unwrap();
        queues[1].put(11).unwrap(); // the first stands here, too, and is served already
        assert_eq!((first.join().unwrap(), second.join().unwrap()), ((0, 10), (1, 11)));
        let task = getter(&queues);
        queues[1].put(12).unwrap();
        queues[0].put(13).unwrap();
        assert_eq!((task.join().unwrap(), queues[0].try_get()), ((1, 12), Ok(13)));
    });
}

#[test]
fn selects_and_plain_gets_stand_in_one_line() {
    osier::run(|| {
        let queues = [Queue::unbounded()];
        let other = queues[0].clone();
        let first = getter(&queues);
        let second = spawn(move || other.get());
        idle();
        let third = getter(&queues);
        (0..3).for_each(|n| queues[0].put(n).unwrap());
        assert_eq!(first.join().unwrap(), (0, 0));
        assert_eq!(second.join().unwrap(), Ok(1));
        assert_eq!(third.join().unwrap(), (0, 2));
    });
}

#[test]
fn a_put_that_is_not_chosen_keeps_its_item() {
    osier::run(|| {
        let (full, other) = (Queue::from_iter(["old"]), Queue::<u32>::unbounded());
        full.set_maxsize(1);
        let (mut puts, mut gets) = (put(&full, "new"), get(&other));
        let adder = other.clone();
        spawn(move || adder.put(1).unwrap());
        assert_eq!(select(&mut [&mut puts as &mut dyn Branch, &mut gets]), 1);
        assert_eq!(gets.take(), Some(Ok(1)));
        assert_eq!((puts.take(), puts.into_item()), (None, Some("new")));
        assert_eq!((full.get(), full.try_get()), (Ok("old"), Err(GetError::Empty)));
    });
}

#[test]
fn two_selects_meet_in_a_channel_of_nothing() {
    osier::run(|| {
        let (channel, never) = (Channel::new(), Queue::<u32>::unbounded());
        for select_first in [false, true] {
            let (there, nothing) = (channel.clone(), never.clone());
            let giver = move || {
                osier::select! {
                    done = put(&there, "here") => done.is_ok(),
                    _ = get(&nothing) => false,
                }
            };
            let (here, nothing) = (channel.clone(), never.clone());
            let taker = move || {
                osier::select! {
                    item = get(&here) => item == Ok("here"),
                    _ = get(&nothing) => false,
                }
            };
            let pair: [Box<dyn FnOnce() -> bool>; 2] = match select_first {
                true => [Box::new(giver), Box::new(taker)],
                false => [Box::new(taker), Box::new(giver)],
            };
            let pair = pair.map(spawn);
            assert!(pair.into_iter().all(|task| task.join().unwrap()));
        }
        assert_eq!(channel.try_get(), Err(GetError::Empty));
    });
}

#[test]
fn nobody_meets_himself() {
    osier::run(|| {
        let channel = Channel::new();
        let other = channel.clone();
        let task = spawn(move || {
            let (mut gives, mut takes) = (put(&other, 1), get(&other));
            let which = select(&mut [&mut gives as &mut dyn Branch, &mut takes]);
            (which, takes.take())
        });
        idle();
        assert!(!task.is_finished());
        assert_eq!(channel.try_put(2), Ok(()));
        assert_eq!(task.join().unwrap(), (1, Some(Ok(2))));
        assert_eq!(channel.try_get(), Err(GetError::Empty), "its own put has left the line");
    });
}

#[test]
fn an_end_is_something_that_comes() {
    osier::run(|| {
        let (queue, full) = (Queue::<u32>::unbounded(), Queue::from_iter([0]));
        full.set_maxsize(1);
        let (to, from) = bounded::<u32>(0);
        let (ends, fills) = (queue.clone(), full.clone());
        spawn(move || {
            ends.shutdown();
            yield_now();
            fills.shutdown();
            yield_now();
            drop(to);
        });
        let end = osier::select! { item = get(&queue) => item };
        assert_eq!(end, Err(GetError::ShutDown));
        let end = osier::select! { done = put(&full, 1) => done };
        assert_eq!(end, Err(PutError::ShutDown(1)));
        assert!(osier::select! { value = recv(&from) => value.is_err() });
        let (to, from) = bounded(0);
        spawn(move || drop(from));
        let back = osier::select! { done = send(&to, 7) => done };
        assert_eq!(back.unwrap_err().0, 7);
    });
}

#[test]
fn chances_are_even_and_decided_by_the_seed() {
    let draw = |seed| {
        set_seed(seed);
        let queues: Vec<Queue<u32>> = (0..5).map(|_| (0..10_000).collect()).collect();
        queues[3].shutdown_now(); // ready as well: it has an end to tell
        let mut gets: Vec<_> = queues.iter().map(get).collect();
        let draw = |_| try_select(&mut gets).unwrap();
        (0..5_000).map(draw).collect::<Vec<_>>()
    };
    let drawn = draw(1);
    let mut counts = BTreeMap::new();
    drawn.iter().for_each(|which| *counts.entry(*which).or_insert(0) += 1);
    assert!(counts.values().all(|count| (900..1100).contains(count)), "{counts:?}");
    assert_eq!((counts.len(), draw(1) == drawn, draw(2) == drawn), (5, true, false));
}

#[test]
fn a_moment_ends_the_wait_and_is_asked_when_others_are_ready() {
    osier::run(|| {
        let queue = Queue::<u32>::unbounded();
        let began = clock::now();
        let which = osier::select! {
            _ = get(&queue) => 0,
            () = after(FOREVER) => 1,
            () = after(SHORT) => 2,
        };
        assert!(which == 2 && began.elapsed() >= SHORT);
        let end = clock::now() + SHORT;
        let mut turns = 0_u64;
        loop {
            queue.put(1).unwrap();
            osier::select! {
                _ = get(&queue) => turns += 1,
                () = at(end) => break,
            }
        }
        assert!(turns > 0 && clock::now() >= end);
        let mut rest = after(Duration::ZERO);
        osier::select! { () = &mut rest => () }
        let again = osier::select! { () = &mut rest => true, default => false };
        assert!(!again, "it counts anew once it was taken");
    });
}

#[test]
fn a_limit_for_the_whole_says_none() {
    osier::run(|| {
        let queue = Queue::<u32>::unbounded();
        assert_eq!(select_timeout(&mut [get(&queue)], SHORT), None);
        assert_eq!(select_deadline(&mut [get(&queue)], clock::now()), None);
        let (mut gets, mut moment) = (get(&queue), after(SHORT));
        for limit in [Duration::ZERO, FOREVER] {
            let mut branches: [&mut dyn Branch; 2] = [&mut gets, &mut moment];
            let done = select_timeout(&mut branches, limit);
            assert_eq!(
                (done, moment.take()),
                if limit.is_zero() { (None, None) } else { (Some(1), Some(())) }
            );
        }
        assert!(text_of(|| select(&mut [] as &mut [&mut dyn Branch])).contains("without a branch"));
    });
}

#[test]
fn whatever_can_be_waited_for_is_a_branch() {
    osier::run(|| {
        let (simple, queue) = (SimpleQueue::new(), Queue::<u32>::unbounded());
        let other = simple.clone();
        spawn(move || {
            yield_now();
            other.put("tea");
        });
        let got = osier::select! {
            () = ready(&simple) => simple.try_get(),
            _ = get(&queue) => Err(GetError::Empty),
        };
        assert_eq!(got, Ok("tea"));
    });
}

#[test]
fn who_was_told_and_took_another_branch_passes_it_on() {
    osier::run(|| {
        let (watched, queue) = (SimpleQueue::new(), Queue::unbounded());
        let [first, second] = [(); 2].map(|()| {
            let (watched, queue) = (watched.clone(), queue.clone());
            let task = spawn(move || {
                osier::select! {
                    item = get(&queue) => item,
                    () = ready(&watched) => Ok(watched.try_get().unwrap()),
                }
            });
            idle();
            task
        });
        watched.put(1); // tells the first
        queue.put(2).unwrap(); // and this is handed to it
        assert_eq!(first.join().unwrap(), Ok(2));
        assert_eq!(second.join().unwrap(), Ok(1), "the other was told in its place");
    });
}

fn pair() -> io::Result<(Source<UnixStream>, UnixStream)> {
    let (near, far) = UnixStream::pair()?;
    near.set_nonblocking(true)?;
    Ok((Source::new(near), far))
}

#[test]
fn a_descriptor_is_a_branch() -> io::Result<()> {
    osier::run(|| {
        let (near, mut far) = pair()?;
        let queue = Queue::unbounded();
        osier::select! {
            _ = readable(&near) => panic!("there is nothing to read"),
            done = writable(&near) => done?,
        }
        let other = queue.clone();
        spawn(move || other.put("item").unwrap());
        osier::select! {
            _ = readable(&near) => panic!("there is nothing to read"),
            item = get(&queue) => assert_eq!(item, Ok("item")),
        }
        let writer = spawn(move || {
            sleep(SHORT);
            far.write_all(b"x").map(|()| far)
        });
        osier::select! {
            done = readable(&near) => done?,
            _ = get(&queue) => panic!("there is none"),
        }
        osier::select! {
            done = readable(&near) => done?,
            default => panic!("it is still there to be read"),
        }
        writer.join().unwrap().map(drop)
    })
}

#[test]
fn a_descriptor_that_another_waits_for_is_an_error_and_the_other_goes_on() -> io::Result<()> {
    osier::run(|| {
        let (near, mut far) = pair()?;
        let near = Rc::new(near);
        let other = near.clone();
        let reader = spawn(move || other.wait_readable(None));
        idle_io();
        let queue = Queue::<u32>::unbounded();
        let error = osier::select! {
            done = readable(&near) => done.unwrap_err(),
            _ = get(&queue) => panic!("there is none"),
        };
        assert_eq!(error.kind(), io::ErrorKind::ResourceBusy);
        assert_eq!(queue.try_get(), Err(GetError::Empty));
        queue.put(1).unwrap();
        assert_eq!(queue.try_get(), Ok(1), "the select has left that line, too");
        far.write_all(b"x")?;
        reader.join().unwrap()
    })
}

fn idle_io() {
    (0..3).for_each(|_| yield_now());
}

#[test]
fn a_kill_takes_a_select_out_of_all_lines() {
    osier::run(|| {
        let queues = [Queue::unbounded(), Queue::unbounded()];
        let task = getter(&queues);
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        assert!(timeout(SHORT, || select(&mut [get(&queues[0]), get(&queues[1])])).is_err());
        queues.iter().for_each(|queue| queue.put(1).unwrap());
        assert!(queues.iter().all(|queue| queue.try_get() == Ok(1)));
    });
}

#[test]
fn a_select_that_was_served_before_a_kill_has_its_item() {
    osier::run(|| {
        let queues = [Queue::unbounded(), Queue::unbounded()];
        for kill_first in [false, true] {
            let task = getter(&queues);
            if kill_first {
                task.kill();
            }
            queues[1].put(5).unwrap();
            task.kill();
            assert_eq!(task.join().unwrap(), (1, 5));
        }
    });
}

#[test]
fn a_select_does_not_wait_where_nothing_can() {
    let (queue, full) = (Queue::<u32>::unbounded(), Queue::from_iter([1]));
    full.set_maxsize(1);
    assert_eq!(osier::select! { item = get(&queue) => item }, Err(GetError::Empty));
    assert_eq!(osier::select! { done = put(&full, 2) => done }, Err(PutError::Full(2)));
    let in_time = osier::select! { _ = get(&queue) => true, () = after(FOREVER) => false };
    assert!(!in_time);
    assert_eq!(select_timeout(&mut [get(&queue)], FOREVER), None);
    osier::run(|| {
        let text = text_of(|| no_switch(|| osier::select! { item = get(&queue) => item }));
        assert!(text.contains("inside of no_switch"), "{text}");
        queue.put(1).unwrap();
        assert_eq!(queue.try_get(), Ok(1), "it has left the line");
        let seen = Rc::new(Cell::new(false));
        let (sees, other) = (seen.clone(), queue.clone());
        let task = spawn(move || {
            let _note = OnDrop::new(move || {
                sees.set(osier::select! { item = get(&other) => item.is_err() });
            });
            support::wait_for_nobody();
        });
        yield_now();
        task.kill();
        task.wait();
        assert!(seen.get());
    });
}

#[test]
fn a_comparison_that_panics_is_the_panic_of_whose_branch_it_is() {
    #[derive(PartialEq, Eq, Debug)]
    struct Odd(u32);

    impl Ord for Odd {
        fn cmp(&self, other: &Odd) -> std::cmp::Ordering {
            if [self.0, other.0].contains(&2) {
                std::panic::resume_unwind(Box::new("even"));
            }
            self.0.cmp(&other.0)
        }
    }

    impl PartialOrd for Odd {
        fn partial_cmp(&self, other: &Odd) -> Option<std::cmp::Ordering> {
            Some(self.cmp(other))
        }
    }

    osier::run(|| {
        let queue = PriorityQueue::from_iter([1, 3].map(Odd));
        queue.set_maxsize(2);
        let (other, never) = (queue.clone(), Queue::<u32>::unbounded());
        let nothing = never.clone();
        let task = spawn(move || {
            osier::select! {
                done = put(&other, Odd(2)) => done.is_ok(),
                _ = get(&nothing) => false,
            }
        });
        idle();
        assert_eq!(queue.get(), Ok(Odd(1)));
        assert!(task.join().unwrap_err().is_panic());
        never.put(1).unwrap();
        assert_eq!((queue.get(), never.try_get()), (Ok(Odd(3)), Ok(1)));
    });
}

#[test]
fn a_hundred_selects_over_a_hundred_queues_lose_nothing() {
    osier::run(|| {
        let queues: Rc<Vec<Queue<u32>>> = Rc::new((0..100).map(|_| Queue::bounded(1)).collect());
        let takers: Vec<_> = (0..100)
            .map(|_| {
                let queues = queues.clone();
                spawn(move || {
                    let mut gets: Vec<_> = queues.iter().map(get).collect();
                    let take = |_| {
                        let which = select(&mut gets);
                        yield_now();
                        gets[which].take().unwrap().unwrap()
                    };
                    (0..20).map(take).map(u64::from).sum::<u64>()
                })
            })
            .collect();
        let putters: Vec<_> = (0..100)
            .map(|n| {
                let queues = queues.clone();
                spawn(move || {
                    (0..20)
                        .for_each(|i| queues[(n * 7 + i) % 100].put((n * 20 + i) as u32).unwrap())
                })
            })
            .collect();
        putters.into_iter().for_each(|task| task.join().unwrap());
        let sum: u64 = takers.into_iter().map(|task| task.join().unwrap()).sum();
        assert_eq!(sum, (0..2000_u64).sum::<u64>());
    });
}
