//! Waiting for what can become ready: by select, across OS threads, as futures and streams.

mod support;

use std::future::Future;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use futures_core::Stream;
use osier::future::block_on;
use osier::select::{Branch, after, ready, select, select_timeout};
use osier::{AsyncResult, JoinError, Waitable, channel, iwait, spawn, sync, wait, yield_now};
use support::{FOREVER, SHORT};

/// Runs `f` on another thread once this one's tasks are all parked.
fn elsewhere(f: impl FnOnce() + Send + 'static) {
    thread::spawn(|| {
        #[expect(clippy::disallowed_methods, reason = "no hub is on this thread")]
        thread::sleep(SHORT);
        f();
    });
}

fn places<W: ?Sized>(ready: Vec<(usize, &W)>) -> Vec<usize> {
    ready.into_iter().map(|(at, _)| at).collect()
}

#[test]
fn what_threads_share_is_waited_for_together_with_the_rest() {
    osier::run(|| {
        let event = Arc::new(osier::thread::Event::new());
        let permits = Arc::new(osier::thread::Semaphore::new(0));
        let (sender, receiver) = osier::thread::bounded(1);
        let (resolver, promise) = osier::thread::promise::<u32>();
        let (near, task) = (sync::Event::new(), spawn(|| ()));
        let all: [&dyn Waitable; 6] = [&*event, &*permits, &receiver, &promise, &near, &task];
        let mut ends = iwait(all);
        let mut next = |expected| assert_eq!(ends.next().map(|(at, _)| at), Some(expected));
        next(5);
        elsewhere({
            let (event, permits) = (event.clone(), permits.clone());
            move || {
                permits.release();
                event.set();
                sender.send('x').unwrap();
                resolver.resolve(7);
            }
        });
        [1, 0, 2, 3].into_iter().for_each(&mut next);
        near.set();
        next(4);
        assert!(ends.next().is_none());
        drop(ends);
        assert!(permits.try_acquire().is_some(), "waiting takes nothing");
        assert_eq!((receiver.try_recv(), promise.result().unwrap()), (Ok('x'), 7));
    });
}

#[test]
fn a_select_waits_for_other_threads_and_is_no_deadlock() {
    osier::run(|| {
        let event = Arc::new(osier::thread::Event::new());
        let other = event.clone();
        elsewhere(move || other.set());
        let (_to, from) = channel::unbounded::<u32>();
        osier::select! {
            _ = osier::select::recv(&from) => unreachable!("nobody sends"),
            () = ready(&*event) => {}
        }
        let (sender, receiver) = osier::thread::unbounded();
        elsewhere(move || sender.send(7).unwrap());
        osier::select! {
            () = ready(&receiver) => assert_eq!(receiver.try_recv(), Ok(7)),
            () = after(FOREVER) => unreachable!("something comes"),
        }
    });
}

#[test]
fn the_end_of_a_task_an_event_and_a_permit_are_branches() {
    osier::run(|| {
        let (event, permits) = (Rc::new(sync::Event::new()), Rc::new(sync::Semaphore::new(0)));
        let task = spawn({
            let (event, permits) = (event.clone(), permits.clone());
            move || {
                permits.release(1);
                yield_now();
                event.set();
                yield_now();
            }
        });
        let mut branches = (ready(&task), ready(&*event), ready(&*permits));
        let mut first = || {
            let (end, event, permit) = &mut branches;
            let which = select(&mut [end as &mut dyn Branch, event, permit]);
            _ = (end.take(), event.take(), permit.take());
            which
        };
        assert_eq!(first(), 2);
        let held = permits.try_acquire();
        assert_eq!(first(), 1);
        event.clear();
        assert_eq!(first(), 0);
        drop(held);
        // One that has ended is there at once, one that was killed has ended.
        let sleeper = spawn(|| osier::sleep(FOREVER));
        assert_eq!(select_timeout(&mut [ready(&sleeper)], SHORT), None);
        sleeper.kill();
        assert_eq!(select(&mut [ready(&sleeper)]), 0);
        assert!(sleeper.error().unwrap().is_killed());
        // And nobody is left on a list.
        assert!(format!("{event:?}{permits:?}").matches("watchers: 0").count() == 2);
    });
}

#[test]
fn what_is_left_without_other_threads_can_be_a_deadlock() {
    let report = support::payload_of(|| {
        osier::run(|| {
            let event = osier::thread::Event::new();
            let never = sync::Event::new();
            event.set();
            wait([&event as &dyn Waitable, &never]);
        });
    });
    assert!(report.is::<osier::Deadlock>());
}

#[test]
fn a_receiver_without_room_sees_a_sender_that_stands_in_line() {
    osier::run(|| {
        let (sender, receiver) = osier::thread::bounded(0);
        let waiter = spawn(move || {
            wait([&receiver]);
            receiver.try_recv()
        });
        yield_now();
        let giver = spawn(move || sender.send(7));
        assert_eq!(waiter.join().unwrap(), Ok(7));
        giver.join().unwrap().unwrap();
        // And so does a stream.
        let (sender, mut receiver) = osier::thread::bounded(0);
        let taker = spawn(move || block_on(next(&mut receiver)));
        yield_now();
        spawn(move || sender.send(8));
        assert_eq!(taker.join().unwrap(), Some(8));
    });
}

#[test]
fn the_last_sender_that_goes_is_seen() {
    osier::run(|| {
        let (sender, receiver) = osier::thread::unbounded::<u32>();
        elsewhere(move || drop(sender));
        assert_eq!(places(wait([&receiver])), [0]);
        assert!(receiver.is_disconnected());
    });
}

#[test]
fn one_permit_is_offered_to_one_watcher_after_the_other() {
    osier::run(|| {
        let permits = Arc::new(osier::thread::Semaphore::new(0));
        let watchers: Vec<_> = (0..3)
            .map(|_| {
                let permits = permits.clone();
                spawn(move || places(wait([&*permits])))
            })
            .collect();
        yield_now();
        watchers[0].kill(); // the first in line goes
        let other = permits.clone();
        elsewhere(move || other.release());
        // The one that is told takes nothing, so the next is told.
        assert!(watchers.into_iter().skip(1).all(|task| task.join().unwrap() == [0]));
        assert!(format!("{permits:?}").contains("watchers: 0"), "{permits:?}");
    });
}

#[test]
fn who_looks_too_late_waits_on() {
    osier::run(|| {
        let permits = Arc::new(osier::thread::Semaphore::new(0));
        let held = permits.clone();
        let waiter = spawn(move || places(wait([&*held])));
        yield_now();
        permits.release();
        let permit = permits.try_acquire().unwrap(); // before the one that was told
        yield_now();
        assert!(!waiter.is_finished());
        drop(permit);
        assert_eq!(waiter.join().unwrap(), [0]);
    });
}

#[test]
fn who_is_killed_or_timed_out_is_on_no_list_any_more() {
    osier::run(|| {
        let event = osier::thread::Event::new();
        let (_sender, receiver) = osier::thread::unbounded::<u32>();
        let (_resolver, promise) = osier::thread::promise::<u32>();
        let all: [&dyn Waitable; 3] = [&event, &receiver, &promise];
        assert!(osier::wait_timeout(all, SHORT).is_empty());
        assert!(osier::timeout(SHORT, || wait(all)).is_err());
        assert!(format!("{event:?}").contains("watchers: 0"), "{event:?}");
        event.set(); // nobody is there to be told
    });
}

#[test]
fn two_hubs_wait_for_one_thing() {
    let event = Arc::new(osier::thread::Event::new());
    let waiting = Arc::new(AtomicUsize::new(0));
    let hubs: Vec<_> = (0..2)
        .map(|_| {
            let (event, waiting) = (event.clone(), waiting.clone());
            thread::spawn(move || {
                osier::run(|| {
                    let ends = iwait([&*event]);
                    waiting.fetch_add(1, Ordering::SeqCst);
                    ends.count()
                })
            })
        })
        .collect();
    while waiting.load(Ordering::SeqCst) < 2 {
        thread::yield_now();
    }
    event.set();
    assert!(hubs.into_iter().all(|hub| hub.join().unwrap() == 1));
}

/// The next item of a stream.
async fn next<S: Stream + Unpin>(stream: &mut S) -> Option<S::Item> {
    std::future::poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx)).await
}

/// Counts its wakes.
#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn a_channel_of_one_hub_is_a_stream() {
    osier::run(|| {
        let (to, mut from) = channel::bounded(1);
        let sender = spawn(move || (1..=3).for_each(|n| to.send(n).unwrap()));
        let sum = block_on(async {
            let mut sum = 0;
            while let Some(n) = next(&mut from).await {
                sum += n;
            }
            sum
        });
        assert_eq!(sum, 6);
        sender.join().unwrap();
    });
}

#[test]
fn a_stream_that_goes_passes_on_what_it_was_told() {
    osier::run(|| {
        let (to, from) = channel::unbounded();
        let mut other = from.clone();
        let wakes: [Arc<Count>; 2] = Default::default();
        let wakers = wakes.clone().map(Waker::from);
        let mut from = Box::new(from);
        assert!(Pin::new(&mut *from).poll_next(&mut Context::from_waker(&wakers[0])).is_pending());
        assert!(Pin::new(&mut other).poll_next(&mut Context::from_waker(&wakers[1])).is_pending());
        to.send(7).unwrap();
        let counts = || wakes.each_ref().map(|count| count.0.load(Ordering::SeqCst));
        assert_eq!(counts(), [1, 0]);
        drop(from);
        assert_eq!(counts(), [1, 1]);
        let polled = Pin::new(&mut other).poll_next(&mut Context::from_waker(&wakers[1]));
        assert_eq!(polled, Poll::Ready(Some(7)));
    });
}

#[test]
fn a_result_for_many_is_a_future() {
    osier::run(|| {
        let result = AsyncResult::new();
        let asker = spawn({
            let result = result.clone();
            move || block_on(result)
        });
        let mut polled = pin!(result.clone());
        let count = Arc::<Count>::default();
        let waker = Waker::from(count.clone());
        for _ in 0..2 {
            assert!(polled.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        yield_now();
        result.set(7);
        assert_eq!(count.0.load(Ordering::SeqCst), 1, "once, however often it was polled");
        assert!(matches!(polled.poll(&mut Context::from_waker(&waker)), Poll::Ready(Ok(7))));
        assert_eq!(asker.join().unwrap().unwrap(), 7);
        let failed = AsyncResult::<u32>::new();
        failed.set_error(JoinError::new("no tea left"));
        assert_eq!(block_on(failed).unwrap_err().to_string(), "no tea left");
    });
}

#[test]
fn a_task_of_another_hub_is_killed_by_its_handle() {
    let hub = osier::Hub::new().unwrap();
    let unborn = hub.handle().spawn(|| unreachable!("it never starts"));
    unborn.kill();
    let (sender, receiver) = osier::thread::unbounded();
    let task = hub.handle().spawn(move || {
        sender.send(()).unwrap();
        osier::sleep(FOREVER);
    });
    let killer = thread::spawn(move || {
        receiver.recv().unwrap();
        task.kill();
        task.kill(); // twice is no matter
        task.join().unwrap_err().is_killed()
    });
    hub.run(|| {
        let killer = osier::thread::offload(move || killer.join().unwrap());
        assert!(killer);
    });
    assert!(unborn.join().unwrap_err().is_killed());
}
