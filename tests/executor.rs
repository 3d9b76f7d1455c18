//! Calls on a pool of OS threads and their promises, by the model of `concurrent.futures`.

mod support;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use osier::thread::{
    Event, Promise, Stats, ThreadPoolExecutor, Unsubmitted, Until, as_completed, promise, wait,
};
use osier::{spawn, yield_now};
use support::{FOREVER, OnDrop, SHORT, logged, somebody_logged, text_of};

/// An executor of one thread that is busy until the event is set.
fn busy() -> (ThreadPoolExecutor, Arc<Event>, Promise<bool>) {
    let executor = ThreadPoolExecutor::new(1);
    let (go, started) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (gone, starts) = (go.clone(), started.clone());
    let call = executor.submit(move || {
        starts.set();
        gone.wait()
    });
    assert!(started.wait_timeout(FOREVER));
    (executor, go, call.unwrap())
}

/// Runs it in a task and on this plain thread.
fn both(f: fn()) {
    f();
    osier::run(f);
}

#[test]
fn a_promise_tells_where_its_call_stands_fu_01() {
    both(|| {
        let (executor, go, running) = busy();
        let mut pending = executor.submit(|| 7).unwrap();
        assert!(running.is_running() && !running.is_finished() && !running.is_cancelled());
        assert!(!pending.is_running() && !pending.is_finished());
        assert!(pending.try_result().is_none() && pending.result_timeout(SHORT).is_none());
        assert!(pending.result_deadline(osier::clock::now()).is_none());
        go.set();
        assert!(running.result().unwrap());
        assert!(pending.wait_timeout(FOREVER) && pending.is_finished() && !pending.is_running());
        assert!(pending.inspect(|result| matches!(result, Some(Ok(7)))), "it stays where it is");
        assert_eq!(pending.try_result().unwrap().unwrap(), 7);
        let again = pending.result().unwrap_err();
        assert_eq!(again.to_string(), "the result was taken before");
    });
}

#[test]
fn a_promise_is_kept_once_from_either_end_fu_01() {
    let (resolver, kept) = promise();
    assert!(resolver.start() && !resolver.start());
    assert!(!kept.cancel(), "it has begun");
    resolver.resolve(7);
    assert_eq!(kept.result().unwrap(), 7);

    let (resolver, failed) = promise::<u32>();
    resolver.reject(Box::new("no tea left"));
    let error = failed.result().unwrap_err();
    assert_eq!((error.is_panic(), error.message()), (true, Some("no tea left")));
    assert_eq!(text_of(|| error.resume()), "no tea left");

    let (resolver, cancelled) = promise();
    assert!(cancelled.cancel() && resolver.is_cancelled() && !resolver.start());
    resolver.resolve(8); // comes too late, and is dropped
    assert!(cancelled.result().unwrap_err().is_cancelled());

    let (resolver, broken) = promise::<u32>();
    drop(resolver);
    assert!(broken.result().unwrap_err().is_broken());
}

#[test]
fn what_has_not_begun_can_be_cancelled_and_its_waiters_hear_of_it_fu_02() {
    osier::run(|| {
        let (executor, go, running) = busy();
        assert!(!running.cancel() && !running.is_cancelled());
        let ran = Arc::new(AtomicUsize::new(0));
        let runs = ran.clone();
        let pending = executor.submit(move || runs.fetch_add(1, Ordering::Relaxed)).unwrap();
        let (say, heard) = osier::thread::unbounded();
        pending.add_done_callback(move |result| {
            let cancelled = result.as_ref().is_err_and(|error| error.is_cancelled());
            say.send((cancelled, thread::current().id())).unwrap();
        });
        let pending = std::rc::Rc::new(pending);
        let waits = pending.clone();
        let waiter = spawn(move || {
            waits.wait();
            waits.is_cancelled()
        });
        yield_now();
        assert!(pending.cancel() && pending.cancel() && pending.is_cancelled());
        assert!(pending.is_finished() && !pending.is_running());
        assert!(waiter.join().unwrap());
        assert_eq!(heard.recv().unwrap(), (true, thread::current().id()), "right here");
        go.set();
        assert!(running.result().unwrap());
        executor.shutdown();
        assert_eq!(ran.load(Ordering::Relaxed), 0);
    });
}

#[test]
fn callbacks_run_in_their_order_where_the_call_ends_fu_03() {
    both(|| {
        let (executor, go, call) = busy();
        let (say, heard) = osier::thread::unbounded();
        let callback = |n: u32| {
            let say = say.clone();
            move |result: &Result<bool, _>| {
                say.send((n, result.is_ok(), thread::current().id())).unwrap();
            }
        };
        call.add_done_callback(callback(1));
        logged(|| {
            call.add_done_callback(|_| panic!("expected on the worker"));
            call.add_done_callback(callback(2));
            let worker = executor.submit(|| thread::current().id()).unwrap();
            go.set();
            let worker = worker.result().unwrap();
            assert_ne!(worker, thread::current().id());
            call.wait();
            assert_eq!(
                heard.try_iter().collect::<Vec<_>>(),
                [(1, true, worker), (2, true, worker)]
            );
        });
        assert!(somebody_logged("a callback of a call panicked: expected on the worker"));
        call.add_done_callback(callback(3));
        assert_eq!(heard.try_recv(), Ok((3, true, thread::current().id())), "at once, right here");
        let lines = logged(|| call.add_done_callback(|_| panic!("expected")));
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(call.result().unwrap(), "a callback has only looked at it");
    });
}

#[test]
fn what_a_call_and_its_callbacks_took_goes_when_it_ends_fu_03() {
    let executor = ThreadPoolExecutor::new(1);
    let held = Arc::new(());
    let (one, two) = (held.clone(), held.clone());
    let call = executor.submit(move || drop(one)).unwrap();
    call.add_done_callback(move |_| drop(two));
    call.wait();
    assert_eq!(Arc::strong_count(&held), 1, "though the promise is still there");
}

#[test]
fn after_a_shutdown_nothing_is_taken_and_what_was_is_done_fu_04() {
    both(|| {
        let (executor, go, running) = busy();
        let pending = executor.submit(|| 7).unwrap();
        executor.close();
        let refused = executor.submit(|| 8).unwrap_err();
        assert!(matches!(refused.why, Unsubmitted::ShutDown));
        assert_eq!((refused.job)(), 8, "the closure comes back");
        assert!(!executor.shutdown_timeout(SHORT));
        go.set();
        executor.shutdown();
        executor.shutdown();
        assert!(executor.shutdown_timeout(SHORT));
        assert!(running.is_finished() && pending.is_finished());
        assert_eq!(pending.result().unwrap(), 7);
        assert_eq!(executor.stats(), Stats { threads: 0, idle: 0, queued: 0 });
    });
}

#[test]
fn a_shutdown_can_cancel_what_has_not_begun_fu_04() {
    let (executor, go, running) = busy();
    let pending = executor.submit(|| 7).unwrap();
    executor.cancel_pending();
    assert!(pending.is_cancelled() && pending.is_finished());
    go.set();
    executor.shutdown();
    assert!(running.result().unwrap());
}

#[test]
fn a_dropped_executor_still_does_what_it_has_fu_04() {
    let (executor, go, running) = busy();
    let pending = executor.submit(|| 7).unwrap();
    drop(executor);
    go.set();
    assert_eq!((running.result().unwrap(), pending.result().unwrap()), (true, 7));
}

#[test]
fn one_of_its_own_threads_can_shut_an_executor_down_fu_04() {
    let executor = Arc::new(ThreadPoolExecutor::new(1));
    let own = executor.clone();
    executor.submit(move || own.shutdown()).unwrap().result().unwrap();
    executor.shutdown();
}

#[test]
fn a_map_keeps_the_order_and_an_error_its_place_fu_05() {
    both(|| {
        let executor = ThreadPoolExecutor::new(4);
        let fails = |n: u32| if n == 2 { panic!("expected") } else { n * 10 };
        let got: Vec<_> = executor.map(0..5, fails).map(|r| r.map_err(|e| e.is_panic())).collect();
        assert_eq!(got, [Ok(0), Ok(10), Err(true), Ok(30), Ok(40)]);
        assert_eq!(executor.map(Vec::<u32>::new(), fails).count(), 0);
    });
}

#[test]
fn a_map_whose_time_is_up_says_so_and_ends_fu_05() {
    let (executor, go, _running) = busy();
    let mut map = executor.map(0..3, |n: u32| n).timeout(SHORT);
    assert!(map.next().unwrap().unwrap_err().is_timed_out());
    assert!(map.next().is_none());
    go.set();
    executor.shutdown();
}

#[test]
fn a_map_that_is_dropped_cancels_what_has_not_begun_fu_05() {
    let (executor, go, _running) = busy();
    let ran = Arc::new(AtomicUsize::new(0));
    let runs = ran.clone();
    drop(executor.map(0..10, move |_| runs.fetch_add(1, Ordering::Relaxed)));
    go.set();
    executor.shutdown();
    assert_eq!(ran.load(Ordering::Relaxed), 0);
}

#[test]
fn a_bounded_map_fetches_no_more_items_than_it_may_fu_05() {
    let executor = ThreadPoolExecutor::new(2);
    let fetched = Arc::new(AtomicUsize::new(0));
    let fetches = fetched.clone();
    let endless = (0..).inspect(move |_| _ = fetches.fetch_add(1, Ordering::Relaxed));
    let mut map = executor.map_bounded(endless, 3, |n: u32| n);
    assert_eq!(fetched.load(Ordering::Relaxed), 3);
    for n in 0..100 {
        assert_eq!(map.next().unwrap().unwrap(), n);
        assert_eq!(fetched.load(Ordering::Relaxed), 4 + n as usize);
    }
    let text = text_of(|| drop(executor.map_bounded([1], 0, |n: u32| n)));
    assert!(text.contains("no calls at once"), "{text}");
}

#[test]
fn a_wait_ends_when_it_was_asked_to_fu_06() {
    both(|| {
        let (_, never) = promise::<u32>();
        let done = |n| {
            let (resolver, promise) = promise();
            resolver.resolve(n);
            promise
        };
        let failed = || {
            let (resolver, promise) = promise::<u32>();
            resolver.reject(Box::new(()));
            promise
        };
        let open = || {
            let (resolver, promise) = promise::<u32>();
            (Box::new(resolver), promise)
        };
        assert!(never.is_finished(), "broken by the drop of its other end");
        let count = |waited: &osier::thread::Waited<u32>| (waited.done.len(), waited.pending.len());
        // What has ended before counts; nothing is waited for in vain.
        assert_eq!(count(&wait([done(1), done(2)], Until::AllCompleted, None)), (2, 0));
        assert_eq!(count(&wait(Vec::new(), Until::AllCompleted, None)), (0, 0));
        let (_r1, p1) = open();
        assert_eq!(count(&wait([p1, done(1)], Until::FirstCompleted, None)), (1, 1));
        let (_r2, p2) = open();
        assert_eq!(count(&wait([p2, done(1), failed()], Until::FirstError, None)), (2, 1));
        assert_eq!(count(&wait([done(1), done(2)], Until::FirstError, None)), (2, 0));
        let (_r3, p3) = open();
        let waited = wait([p3, done(1)], Until::AllCompleted, SHORT);
        assert_eq!(count(&waited), (1, 1));
        assert_eq!(waited.done.into_iter().next().unwrap().result().unwrap(), 1);
        // Those that go on can be waited for again.
        let (resolver, promise) = open();
        let waited = wait([promise], Until::FirstCompleted, SHORT);
        let thread = thread::spawn(move || resolver.resolve(9));
        let waited = wait(waited.pending, Until::FirstCompleted, FOREVER);
        assert_eq!(waited.done.into_iter().next().unwrap().result().unwrap(), 9);
        thread.join().unwrap();
    });
}

#[test]
fn each_call_is_given_once_as_it_ends_fu_06() {
    both(|| {
        let (resolvers, promises): (Vec<_>, Vec<_>) = (0..4).map(|_| promise::<usize>()).unzip();
        let mut calls = as_completed(promises);
        assert_eq!(calls.size_hint(), (4, Some(4)));
        let mut resolvers: Vec<_> = resolvers.into_iter().map(Some).collect();
        for n in [2, 0] {
            resolvers[n].take().unwrap().resolve(n);
            assert_eq!(calls.next().unwrap().result().unwrap(), n);
        }
        let late = calls.next_timeout(SHORT).unwrap_err();
        assert_eq!(late.to_string(), "2 (of 4) calls unfinished");
        assert!(calls.next_deadline(osier::clock::now()).is_err());
        let rest: Vec<_> = resolvers.into_iter().flatten().collect();
        let thread = thread::spawn(move || {
            rest.into_iter().enumerate().for_each(|(n, resolver)| resolver.resolve(10 + n));
        });
        let rest: BTreeSet<usize> = calls.by_ref().map(|call| call.result().unwrap()).collect();
        assert_eq!(rest, BTreeSet::from([10, 11]));
        assert!(calls.next().is_none() && calls.next_timeout(SHORT).unwrap().is_none());
        assert_eq!(as_completed(Vec::<Promise<u32>>::new()).count(), 0);
        thread.join().unwrap();
    });
}

#[test]
fn as_many_threads_as_it_says_with_names_that_begin_so_fu_07() {
    assert!(text_of(|| ThreadPoolExecutor::new(0)).contains("no threads runs nothing"));
    let executor = ThreadPoolExecutor::builder().max_workers(2).name("brew").build();
    let (names, barrier) =
        (Arc::new(Mutex::new(BTreeSet::new())), Arc::new(std::sync::Barrier::new(2)));
    let calls = (0..20).map(|_| {
        let (names, barrier) = (names.clone(), barrier.clone());
        let call = move || {
            barrier.wait(); // nobody passes unless two are at work
            names.lock().unwrap().insert(thread::current().name().unwrap().to_string());
        };
        executor.submit(call).unwrap()
    });
    let waited = wait(calls, Until::AllCompleted, FOREVER);
    assert_eq!(waited.done.len(), 20);
    let names = names.lock().unwrap();
    assert_eq!(names.iter().map(String::as_str).collect::<Vec<_>>(), ["brew_0", "brew_1"]);
}

#[test]
fn an_idle_thread_is_used_before_another_is_started_fu_07() {
    let executor = ThreadPoolExecutor::default();
    for _ in 0..50 {
        executor.submit(|| ()).unwrap().result().unwrap();
        // Its result is there a moment before the thread is free.
        while executor.stats().idle == 0 {
            thread::yield_now();
        }
        assert_eq!(executor.stats().threads, 1);
    }
    let most = thread::available_parallelism().unwrap().get().saturating_add(4).min(32);
    let barrier = Arc::new(std::sync::Barrier::new(most));
    let calls: Vec<_> = (0..most)
        .map(|_| {
            let barrier = barrier.clone();
            executor.submit(move || _ = barrier.wait()).unwrap()
        })
        .collect();
    calls.into_iter().for_each(|call| call.result().unwrap());
}

#[test]
fn each_thread_begins_with_the_initializer_fu_08() {
    thread_local!(static READY: std::cell::Cell<bool> = const { std::cell::Cell::new(false) });
    let builder = ThreadPoolExecutor::builder().max_workers(3);
    let executor = builder.initializer(|| READY.set(true)).build();
    assert!(executor.map(0..30, |_| READY.get()).all(|ready| ready.unwrap()));
}

#[test]
fn an_initializer_that_fails_breaks_the_executor_fu_08() {
    both(|| {
        logged(|| {
            let go = Arc::new(Event::new());
            let gone = go.clone();
            let builder = ThreadPoolExecutor::builder().max_workers(1);
            let executor = builder
                .initializer(move || {
                    gone.wait();
                    panic!("expected");
                })
                .build();
            let pending: Vec<_> = (0..3).map(|n| executor.submit(move || n).unwrap()).collect();
            go.set();
            for call in pending {
                let error = call.result().unwrap_err();
                assert!(error.is_broken() && error.to_string().contains("expected"), "{error}");
            }
            let refused = executor.submit(|| 7).unwrap_err();
            assert!(matches!(refused.why, Unsubmitted::Broken(_)), "{refused}");
            executor.shutdown();
        });
        assert!(somebody_logged("the initializer of a thread panicked: expected"));
    });
}

#[test]
fn a_call_that_panics_leaves_its_thread_fu_08() {
    let executor = ThreadPoolExecutor::new(1);
    let id = || executor.submit(|| thread::current().id()).unwrap().result().unwrap();
    let before = id();
    let error = executor.submit(|| panic!("expected")).unwrap().result().unwrap_err();
    assert_eq!(error.message(), Some("expected"));
    let bomb = executor.submit(|| OnDrop::new(|| panic!("expected"))).unwrap();
    drop(bomb);
    assert_eq!(id(), before);
}

#[test]
fn a_task_that_unwinds_does_not_wait_for_a_promise() {
    osier::run(|| {
        let (resolver, promise) = promise::<u32>();
        let task = spawn(move || {
            let _last = OnDrop::new(move || {
                let error = promise.result().unwrap_err();
                assert!(error.to_string().contains("not waited for"));
            });
            panic!("expected");
        });
        assert_eq!(task.join().unwrap_err().message(), Some("expected"));
        resolver.resolve(7); // nobody is there, and nothing happens
    });
}
