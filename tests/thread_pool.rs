//! The bounded pool of OS threads, by the model of gevent's `threadpool`.

mod support;

use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use osier::thread::{Event, Pool, Promise, Stats, ThreadPoolExecutor, Until, as_completed, wait};
use osier::{spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, logged, somebody_logged};

/// A pool that lives as long as a static one.
fn pool(name: &'static str, max: usize) -> &'static Pool {
    Box::leak(Box::new(Pool::new(name, max).backlog(max + 1)))
}

fn wait_for(pool: &Pool, stats: Stats) {
    let began = osier::clock::now();
    while pool.stats() != stats {
        assert!(began.elapsed() < FOREVER / 100, "{:?} is not {stats:?}", pool.stats());
        thread::yield_now();
    }
}

/// Keeps a thread of the pool busy until the event is set.
fn occupy(pool: &'static Pool) -> (Arc<Event>, Promise<bool>) {
    let (go, started) = (Arc::new(Event::new()), Arc::new(Event::new()));
    let (gone, starts) = (go.clone(), started.clone());
    let call = pool.spawn(move || {
        starts.set();
        gone.wait()
    });
    assert!(started.wait_timeout(FOREVER));
    (go, call)
}

#[test]
fn calls_give_promises_and_results_in_order_tp_01() {
    osier::run(|| {
        let pool = pool("order", 2);
        let calls: Vec<_> = (0..10).map(|n| pool.spawn(move || n * n)).collect();
        let results: Vec<u32> = calls.into_iter().map(|call| call.result().unwrap()).collect();
        assert_eq!(results, [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]);
        let panics = support::text_of(|| pool.offload(|| panic!("expected")));
        assert_eq!(panics, "expected");
        let (go, call) = occupy(pool);
        wait_for(pool, Stats { threads: 2, idle: 1, queued: 0 });
        go.set();
        assert!(call.result().unwrap());
    });
}

#[test]
fn a_call_can_wait_for_another_call_tp_01() {
    let pool = pool("recursive", 2);
    let outer = pool.spawn(move || {
        let inner = pool.spawn(|| 6);
        osier::run(|| pool.offload(|| 1)) + inner.result().unwrap()
    });
    assert_eq!(outer.result().unwrap(), 7);
}

#[test]
fn who_spawns_waits_while_the_backlog_is_full_tp_02() {
    osier::run(|| {
        let pool = pool("backlog", 1);
        let (go, busy) = occupy(pool);
        let waiting = [pool.spawn(|| 1), pool.spawn(|| 2)]; // one more than it has threads
        let third = spawn(move || pool.spawn(|| 3).result().unwrap());
        yield_now();
        assert_eq!(pool.stats().queued, 2);
        assert!(timeout(SHORT, || drop(pool.spawn(|| 4))).is_err());
        go.set();
        assert_eq!(third.join().unwrap(), 3);
        assert!(busy.result().unwrap() && waiting.into_iter().all(|call| call.result().is_ok()));
    });
}

#[test]
fn a_pool_pauses_without_threads_and_goes_on_with_some_tp_02() {
    osier::run(|| {
        let pool = Box::leak(Box::new(Pool::new("pause", 2)));
        pool.spawn(|| ()).result().unwrap();
        pool.set_max(0);
        wait_for(pool, Stats { threads: 0, idle: 0, queued: 0 });
        let calls: Vec<_> = (0..5).map(|n| pool.spawn(move || n)).collect();
        assert_eq!(pool.stats(), Stats { threads: 0, idle: 0, queued: 5 });
        assert!(!pool.join_timeout(SHORT));
        pool.set_max(2);
        assert_eq!(calls.into_iter().map(|call| call.result().unwrap()).sum::<u32>(), 10);
        assert!(pool.stats().threads <= 2);
    });
}

#[test]
fn any_thread_and_any_hub_may_use_a_pool_tp_03() {
    let pool = pool("shared", 2);
    let threads: Vec<_> = (0..4)
        .map(|n| {
            thread::spawn(move || {
                let call = move || pool.spawn(move || n).result().unwrap();
                if n % 2 == 0 { call() } else { osier::run(call) }
            })
        })
        .collect();
    let sum: u32 = threads.into_iter().map(|thread| thread.join().unwrap()).sum();
    assert_eq!(sum, 6);
}

#[test]
fn a_join_waits_for_all_and_what_they_took_is_gone_tp_04() {
    osier::run(|| {
        let pool = pool("join", 2);
        let (go, busy) = occupy(pool);
        assert!(!pool.join_timeout(SHORT));
        let held = Arc::new(());
        let calls: Vec<_> = (0..3)
            .map(|_| {
                let held = held.clone();
                pool.spawn(move || drop(held))
            })
            .collect();
        let joins = Rc::new(spawn(move || pool.join()));
        yield_now();
        assert!(!joins.is_finished());
        go.set();
        joins.wait();
        assert!(busy.is_finished() && calls.iter().all(Promise::is_finished));
        assert_eq!(Arc::strong_count(&held), 1);
        pool.join(); // at once
    });
}

#[test]
fn a_pool_that_is_ended_breaks_what_waits_and_leaves_no_thread_tp_04() {
    let pool = pool("end", 1);
    let (go, busy) = occupy(pool);
    let dropped = Arc::new(AtomicUsize::new(0));
    let count = dropped.clone();
    let waits = pool.spawn(move || {
        OnDrop::new(move || _ = count.fetch_add(1, Ordering::Relaxed));
    });
    pool.clear();
    assert!(waits.result().unwrap_err().is_broken());
    go.set();
    assert_eq!(pool.retire(FOREVER), Stats { threads: 0, idle: 0, queued: 0 });
    assert!(busy.result().unwrap());
    // A pool is never used up.
    assert_eq!(pool.spawn(|| 7).result().unwrap(), 7);
}

#[test]
fn before_a_fork_all_threads_can_be_sent_home_tp_05() {
    let pool = pool("fork", 3);
    let barrier = Arc::new(std::sync::Barrier::new(3));
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let barrier = barrier.clone();
            pool.spawn(move || _ = barrier.wait())
        })
        .collect();
    calls.into_iter().for_each(|call| call.result().unwrap());
    assert_eq!(pool.retire(FOREVER).threads, 0);
    assert_eq!(
        pool.spawn(|| thread::current().name().map(String::from)).result().unwrap().as_deref(),
        Some("osier-fork-4")
    );
}

#[test]
fn an_executor_works_with_tasks_tp_06() {
    osier::run(|| {
        let executor = ThreadPoolExecutor::new(2);
        let go = Arc::new(Event::new());
        let gone = go.clone();
        let mut slow = executor.submit(move || gone.wait()).unwrap();
        let others = spawn(|| (0..10).for_each(|_| yield_now()));
        assert!(slow.result_timeout(SHORT).is_none(), "that is a time-out");
        assert!(others.is_finished(), "others ran meanwhile");
        logged(|| {
            slow.add_done_callback(|_| panic!("expected of a callback"));
            go.set();
            assert!(slow.result().unwrap());
        });
        assert!(somebody_logged("a callback of a call panicked: expected of a callback"));
        let calls = (0..4).map(|n| executor.submit(move || n).unwrap());
        let sum: u32 = as_completed(calls).map(|call| call.result().unwrap()).sum();
        assert_eq!(sum, 6);
        let calls = (0..4).map(|n| executor.submit(move || n).unwrap());
        assert_eq!(wait(calls, Until::AllCompleted, FOREVER).done.len(), 4);
        executor.shutdown();
    });
}

#[test]
fn a_call_that_panics_leaves_its_thread_and_its_result_says_so_tp_07() {
    let pool = pool("panic", 1);
    let id = || pool.spawn(|| thread::current().id()).result().unwrap();
    let before = id();
    let error = pool.spawn(|| std::panic::panic_any(7)).result().unwrap_err();
    assert_eq!(error.try_into_panic().unwrap().downcast_ref(), Some(&7));
    assert_eq!(id(), before);
}
