//! Async code in tasks, and our handles in async code.

mod support;

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures_core::Stream;
use osier::future::{after, after_until, block_on};
use osier::thread::{ThreadPoolExecutor, promise, unbounded};
use osier::{spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, payload_of};

/// Pending once, and woken by `wake`.
fn once(wake: impl FnOnce(Waker)) -> impl Future<Output = ()> {
    let mut wake = Some(wake);
    poll_fn(move |cx| match wake.take() {
        Some(wake) => {
            wake(cx.waker().clone());
            Poll::Pending
        }
        None => Poll::Ready(()),
    })
}

fn next<S: Stream + Unpin>(stream: &mut S) -> impl Future<Output = Option<S::Item>> {
    poll_fn(|cx| Pin::new(&mut *stream).poll_next(cx))
}

/// An executor as small as can be: polls whatever was woken.
#[derive(Default)]
struct Tiny {
    ready: Arc<Mutex<Ready>>,
    futures: Vec<Option<Pin<Box<dyn Future<Output = ()>>>>>,
}

#[derive(Default)]
struct Ready {
    numbers: VecDeque<usize>,
    sleeper: Option<osier::RemoteUnparker>,
}

struct Number(usize, Arc<Mutex<Ready>>);

impl Wake for Number {
    fn wake(self: Arc<Self>) {
        let mut ready = self.1.lock().unwrap();
        ready.numbers.push_back(self.0);
        ready.sleeper.take().into_iter().for_each(|sleeper| sleeper.unpark());
    }
}

impl Tiny {
    fn add(&mut self, future: impl Future<Output = ()> + 'static) {
        self.ready.lock().unwrap().numbers.push_back(self.futures.len());
        self.futures.push(Some(Box::pin(future)));
    }

    /// The next that was woken; waits for one.
    fn next(&self) -> usize {
        loop {
            let mut ready = self.ready.lock().unwrap();
            if let Some(n) = ready.numbers.pop_front() {
                return n;
            }
            ready.sleeper = Some(osier::Unparker::current().remote());
            drop(ready);
            let reason = osier::Reason::new("running a tiny executor").outside();
            osier::deliver(osier::park(reason, None, || {}));
        }
    }

    fn run(&mut self) {
        while self.futures.iter().any(Option::is_some) {
            let n = self.next();
            let waker = Waker::from(Arc::new(Number(n, self.ready.clone())));
            let Some(future) = &mut self.futures[n] else { continue };
            if future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                self.futures[n] = None;
            }
        }
    }
}

#[test]
fn a_future_is_woken_before_its_wait_during_it_and_from_a_thread() {
    osier::run(|| {
        block_on(once(|waker| waker.wake()));
        block_on(once(|waker| {
            spawn(move || waker.wake());
        }));
        block_on(once(|waker| {
            thread::spawn(move || waker.wake());
        }));
        let turns = Rc::new(Cell::new(0));
        let counts = turns.clone();
        spawn(move || counts.set(counts.get() + 1));
        block_on(after(SHORT));
        assert_eq!(turns.get(), 1, "others run meanwhile");
    });
}

#[test]
fn outside_of_a_run_a_future_stops_the_thread_alone() {
    block_on(once(|waker| {
        thread::spawn(move || waker.wake());
    }));
    let (resolver, promise) = promise();
    thread::spawn(move || resolver.resolve(7));
    assert_eq!(block_on(promise).unwrap(), 7);
}

#[test]
fn many_wakes_are_one_and_late_ones_are_none() {
    osier::run(|| {
        let polls = Cell::new(0);
        let kept = Cell::new(None);
        block_on(poll_fn(|cx| {
            polls.set(polls.get() + 1);
            if polls.get() == 1 {
                (0..5).for_each(|_| cx.waker().wake_by_ref());
                kept.set(Some(cx.waker().clone()));
                return Poll::Pending;
            }
            Poll::Ready(())
        }));
        assert_eq!(polls.get(), 2);
        kept.take().unwrap().wake(); // its future is gone
        assert!(timeout(SHORT, || block_on(std::future::pending::<()>())).is_err());
    });
}

#[test]
fn a_kill_drops_the_future_where_it_stands() {
    osier::run(|| {
        let dropped = Rc::new(Cell::new(false));
        let drops = dropped.clone();
        let task = spawn(move || {
            block_on(async move {
                let _guard = OnDrop::new(move || drops.set(true));
                std::future::pending::<()>().await;
            });
        });
        yield_now();
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        assert!(dropped.get());
    });
}

#[test]
fn a_panic_of_a_future_goes_through() {
    osier::run(|| {
        let payload = payload_of(|| block_on(async { std::panic::panic_any(7) }));
        assert_eq!(payload.downcast_ref(), Some(&7));
    });
}

#[test]
fn a_join_is_a_future() {
    osier::run(|| {
        let (early, late) = (spawn(|| 1), spawn(|| 2));
        yield_now();
        assert_eq!(block_on(early).unwrap(), 1);
        assert_eq!(block_on(late).unwrap(), 2);
        let slow = spawn(|| {
            osier::sleep(SHORT);
            3
        });
        assert_eq!(block_on(slow).unwrap(), 3);
        let panics = spawn(|| panic!("expected"));
        assert_eq!(block_on(panics).unwrap_err().message(), Some("expected"));
        let killed = spawn(|| osier::sleep(FOREVER));
        killed.kill();
        assert!(block_on(killed).unwrap_err().is_killed());
    });
}

#[test]
fn a_join_that_is_no_longer_awaited_lets_its_task_go_on() {
    osier::run(|| {
        let done = Rc::new(Cell::new(false));
        let does = done.clone();
        let task = spawn(move || {
            yield_now();
            does.set(true);
        });
        let mut join = Box::pin(task);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(join.as_mut().poll(&mut cx).is_pending());
        drop(join);
        assert!(!done.get());
        yield_now();
        yield_now();
        assert!(done.get());
    });
}

#[test]
fn a_waker_that_panics_ends_no_hub() {
    struct Bomb;
    impl Wake for Bomb {
        fn wake(self: Arc<Self>) {
            panic!("expected");
        }
    }
    let lines = support::logged(|| {
        osier::run(|| {
            let mut task = spawn(|| 7);
            let waker = Waker::from(Arc::new(Bomb));
            assert!(pin!(&mut task).poll(&mut Context::from_waker(&waker)).is_pending());
            assert_eq!(task.join().unwrap(), 7);
            let mut nap = pin!(after(Duration::from_millis(1)));
            assert!(nap.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            osier::sleep(SHORT);
            block_on(nap);
        });
    });
    assert_eq!(lines.len(), 2, "{lines:?}");
}

#[test]
fn a_time_is_a_future_and_never_early() {
    osier::run(|| {
        let began = osier::clock::now();
        block_on(async {
            after(SHORT).await;
            after_until(began + SHORT * 2).await;
        });
        assert!(began.elapsed() >= SHORT * 2);
        block_on(after(Duration::ZERO));
        // One that is not awaited to its end leaves nothing behind.
        let mut nap = Box::pin(after(FOREVER));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(nap.as_mut().poll(&mut cx).is_pending() && nap.as_mut().poll(&mut cx).is_pending());
        drop(nap);
        assert!(timeout(SHORT, || block_on(after(Duration::MAX))).is_err());
    });
}

#[test]
fn a_deadlock_is_seen_though_a_timer_was_given_up() {
    let verdict = payload_of(|| {
        osier::run(|| {
            let mut nap = Box::pin(after(FOREVER));
            let mut cx = Context::from_waker(Waker::noop());
            assert!(nap.as_mut().poll(&mut cx).is_pending());
            drop(nap);
            support::wait_for_nobody();
        });
    });
    assert!(verdict.is::<osier::Deadlock>());
}

#[test]
fn a_receiver_is_a_stream() {
    let (sender, mut receiver) = unbounded();
    let thread = thread::spawn(move || (0..1000).for_each(|n| sender.send(n).unwrap()));
    let mut got = Vec::new();
    osier::run(|| {
        block_on(async {
            while let Some(n) = next(&mut receiver).await {
                got.push(n);
            }
        });
    });
    thread.join().unwrap();
    assert!(got.into_iter().eq(0..1000));
}

#[test]
fn a_stream_that_was_woken_and_gave_up_holds_up_no_other() {
    osier::run(|| {
        let (sender, mut one) = unbounded();
        let mut two = one.clone();
        let waker = Waker::noop();
        assert!(Pin::new(&mut one).poll_next(&mut Context::from_waker(waker)).is_pending());
        let task = spawn(move || block_on(next(&mut two)));
        yield_now();
        sender.send(7).unwrap();
        assert_eq!(task.join().unwrap(), Some(7));
        assert!(one.is_empty());
    });
}

#[test]
fn a_tiny_executor_awaits_whatever_we_have() {
    osier::run(|| {
        let sum = Rc::new(AtomicUsize::new(0));
        let executor = ThreadPoolExecutor::new(1);
        let call = executor.submit(|| 1).unwrap();
        let hub = osier::thread::HubThread::start("far").unwrap();
        let far = hub.spawn(|| 10);
        let near = spawn(|| 100);
        let (sender, mut receiver) = unbounded();
        spawn(move || sender.send(1000).unwrap());
        let mut tiny = Tiny::default();
        let add = |n| {
            let sum = sum.clone();
            move || _ = sum.fetch_add(n, Ordering::Relaxed)
        };
        let (one, two, three, four) = (add(1), add(10), add(100), add(1000));
        tiny.add(async move { (call.await.unwrap() == 1).then(one).unwrap() });
        tiny.add(async move { (far.await.unwrap() == 10).then(two).unwrap() });
        tiny.add(async move { (near.await.unwrap() == 100).then(three).unwrap() });
        tiny.add(async move {
            assert_eq!(next(&mut receiver).await, Some(1000));
            four();
        });
        tiny.add(after(SHORT));
        tiny.run();
        assert_eq!(sum.load(Ordering::Relaxed), 1111);
    });
}
