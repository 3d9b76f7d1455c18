//! Pools of worker processes.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/pools.rs"]
mod pools;
#[path = "support/stubborn.rs"]
mod stubborn;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use alone::tests;
use osier::process::pool::{Pool, StillOpen, TaskError};
use osier::process::{active_children, functions, pipe};
use pools::{all_gone, finish, open_files, task_error};
use serde::{Deserialize, Serialize};
use stubborn::Stubborn;

/// Longer than any test.
const FOREVER: u64 = 3_600_000;

static BEGUN: AtomicU32 = AtomicU32::new(0);

/// Can be encoded, but not decoded.
#[derive(Debug, Serialize)]
struct Lost;

impl<'de> Deserialize<'de> for Lost {
    fn deserialize<D: serde::Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        Err(serde::de::Error::custom("it is lost"))
    }
}

functions! {
    fn square(n: u64) -> u64 { n * n }
    fn add(a: u64, b: u64) -> u64 { a + b }
    fn worker_pid() -> u32 { std::process::id() }
    fn nap(ms: u64) -> u64 { osier::sleep(Duration::from_millis(ms)); ms }
    fn panics(text: String) { panic!("{text}") }
    fn odd_panics(n: u64) -> u64 { assert_eq!(n % 2, 0, "{n} is odd"); n }
    fn long(bytes: u64) -> String { "x".repeat(bytes as usize) }
    fn length(text: String) -> u64 { text.len() as u64 }
    fn long_panic(bytes: u64) { panic!("{}", "x".repeat(bytes as usize)) }
    fn takes_stubborn(_it: Stubborn) -> u32 { 1 }
    fn takes_lost(_it: Lost) -> u32 { 1 }
    fn gives_stubborn() -> Stubborn { Stubborn }
    fn gives_lost() -> Lost { Lost }
    fn begin(by: u32) { BEGUN.fetch_add(by, Ordering::Relaxed); }
    fn begun() -> u32 { BEGUN.load(Ordering::Relaxed) }
    fn bad_begin() { panic!("there is no tea") }
    fn dying_begin() { std::process::exit(9) }
    fn refusing_begin() -> Result<(), String> { Err("the kettle is cold".into()) }
    fn wordy_begin() -> Result<(), String> { Err("é".repeat(1 << 20)) }
    fn numbered_begin() -> i32 { 3 }

    /// Tells that it has begun, waits for a word, and gives it back.
    fn meet(told: pipe::Writer<u64>, word: pipe::Reader<u64>, n: u64) -> u64 {
        told.send(&n).unwrap();
        word.recv().unwrap()
    }
}

tests! {
    #[test]
    fn every_way_to_call_gives_results_in_order_pl_01() {
        osier::run(|| {
            let pool = Pool::new(2).unwrap();
            assert_eq!(pool.apply(add, (3, 4)).unwrap(), 7);
            assert_ne!(pool.apply(worker_pid, ()).unwrap(), std::process::id());
            let squares: Vec<u64> = (0..100).map(|n| n * n).collect();
            assert_eq!(pool.map(square, 0..100).unwrap(), squares);
            assert_eq!(pool.map_async(square, 0..100).result().unwrap(), squares);
            for size in [1, 3, 7, 100, 1000] {
                assert_eq!(pool.chunks(size).map(square, 0..100).unwrap(), squares);
                let all: Result<Vec<_>, _> = pool.chunks(size).imap(square, 0..100).collect();
                assert_eq!(all.unwrap(), squares);
                let all: Result<Vec<_>, _> = pool.chunks(size).imap_unordered(square, 0..100).collect();
                let mut all = all.unwrap();
                all.sort_unstable();
                assert_eq!(all, squares);
            }
            assert_eq!(pool.starmap(add, (0..9).map(|n| (n, n))).unwrap(), (0..9).map(|n| 2 * n).collect::<Vec<_>>());
            assert_eq!(pool.starmap_async(add, [(1, 2)]).result().unwrap(), [3]);
            finish(&pool);
        });
    }

    #[test]
    fn callbacks_run_here_before_the_result_is_had_pl_01() {
        osier::run(|| {
            let pool = Pool::new(2).unwrap();
            let heard = Rc::new(RefCell::new(Vec::new()));
            let (good, bad) = (heard.clone(), heard.clone());
            let told = move |there: &u32| {
                osier::yield_now(); // it may wait
                good.borrow_mut().push((std::process::id(), *there));
            };
            let there = pool.apply_async_with(worker_pid, (), told, |_| panic!("it went well")).result().unwrap();
            assert_eq!(*heard.borrow(), [(std::process::id(), there)]);
            let call = pool.apply_async_with(panics, ("no tea".into(),), |()| panic!("it failed"), move |error| {
                assert_eq!(error.message(), Some("no tea"));
                bad.borrow_mut().push((std::process::id(), 0));
            });
            assert!(call.result().unwrap_err().is_panic());
            assert_eq!(heard.borrow()[1], (std::process::id(), 0));
            // One that panics is nobody else's business, and `join` waits for those that are on their way.
            assert_eq!(pool.apply_async_with(square, (3,), |_| panic!("a callback"), |_| ()).result().unwrap(), 9);
            let late = Rc::new(Cell::new(false));
            let says = late.clone();
            let _call = pool.apply_async_with(square, (3,), move |_| {
                osier::sleep(Duration::from_millis(20));
                says.set(true);
            }, |_| ());
            finish(&pool);
            assert!(late.get());
        });
    }

    #[test]
    fn a_result_is_asked_for_and_waited_for_pl_01() {
        osier::run(|| {
            let pool = Pool::new(1).unwrap();
            let (near, told) = pipe::simplex().unwrap();
            let (word, say) = pipe::simplex().unwrap();
            let mut call = pool.apply_async(meet, (told, word, 1));
            assert_eq!(near.recv().unwrap(), 1);
            assert!(call.is_running() && !call.is_finished());
            assert!(call.result_timeout(Duration::from_millis(1)).is_none());
            assert!(call.inspect(|result| result.is_none()));
            say.send(&5).unwrap();
            call.wait();
            assert!(call.is_finished() && call.inspect(|result| result.is_some_and(Result::is_ok)));
            assert_eq!(call.result().unwrap(), 5);
            finish(&pool);
        });
    }

    #[test]
    fn numbers_that_make_no_sense_are_refused_pl_02() {
        osier::run(|| {
            let refused = |f: fn()| std::panic::catch_unwind(f).unwrap_err();
            refused(|| drop(Pool::new(0)));
            refused(|| drop(Pool::builder().max_tasks_per_child(0)));
            refused(|| drop(Pool::builder().tasks_per_worker(0)));
            refused(|| _ = Pool::new(1).unwrap().chunks(0));
            all_gone();
        });
    }

    #[test]
    fn each_worker_is_initialized_replacements_too_pl_02() {
        osier::run(|| {
            let pool = Pool::builder().workers(2).max_tasks_per_child(2).initializer(begin, (3,));
            let pool = pool.build().unwrap();
            for _ in 0..10 {
                assert_eq!(pool.apply(begun, ()).unwrap(), 3);
            }
            finish(&pool);
            let (begin_here, seen) = (Rc::new(Cell::new(40)), Rc::new(Cell::new(0)));
            let copy = begin_here.clone();
            let pool = Pool::builder().workers(1).max_tasks_per_child(1).fork_with(move || {
                BEGUN.store(copy.get() + 2, Ordering::Relaxed);
            });
            let pool = pool.build().unwrap();
            seen.set(pool.apply(begun, ()).unwrap() + pool.apply(begun, ()).unwrap());
            assert_eq!(seen.get(), 84);
            finish(&pool);
        });
    }

    #[test]
    fn an_initializer_that_fails_breaks_the_pool_with_its_reason_pl_02() {
        osier::run(|| {
            let pool = Pool::builder().workers(2).initializer(bad_begin, ()).build().unwrap();
            let why = pool.apply(square, (2,)).unwrap_err();
            assert!(why.is_broken() && why.to_string().contains("there is no tea"), "{why}");
            let why = pool.apply(square, (2,)).unwrap_err();
            assert!(why.to_string().contains("there is no tea"), "{why}");
            finish(&pool);
            let pool = Pool::builder().workers(2).initializer(refusing_begin, ()).build().unwrap();
            let why = pool.map(square, 0..10).unwrap_err();
            assert!(why.is_broken() && why.to_string().contains("has failed: the kettle is cold"), "{why}");
            finish(&pool);
            let pool = Pool::builder().workers(1).initializer(numbered_begin, ()).build().unwrap();
            let why = pool.apply(square, (2,)).unwrap_err();
            assert!(why.to_string().contains("it ended with code 3"), "{why}");
            finish(&pool);
            let pool = Pool::builder().workers(1).initializer(wordy_begin, ()).build().unwrap();
            let why = pool.apply(square, (2,)).unwrap_err().to_string();
            assert!(why.ends_with("éé ...") && why.len() < 5000, "{}", why.len());
            finish(&pool);
            let cold = || Err::<(), _>("the pot leaks");
            let pool = Pool::builder().workers(1).fork_with(cold).build().unwrap();
            let why = pool.apply(square, (2,)).unwrap_err();
            assert!(why.to_string().contains("has failed: the pot leaks"), "{why}");
            finish(&pool);
            let pool = Pool::builder().workers(2).initializer(dying_begin, ()).build().unwrap();
            let why = pool.apply(square, (2,)).unwrap_err();
            assert!(why.to_string().contains("code 9"), "{why}");
            finish(&pool);
            let pool = Pool::builder().workers(1).fork_with(|| -> () { panic!("no cups") }).build().unwrap();
            let why = pool.apply(square, (2,)).unwrap_err();
            assert!(why.to_string().contains("no cups"), "{why}");
            finish(&pool);
        });
    }

    #[test]
    fn a_map_gives_its_first_error_after_all_have_ended_pl_03() {
        osier::run(|| {
            let pool = Pool::new(2).unwrap();
            assert_eq!(pool.map(square, []).unwrap(), [] as [u64; 0]);
            assert_eq!(pool.chunks(100).map(square, [2, 3]).unwrap(), [4, 9]);
            for size in [1, 2, 5] {
                let why = pool.chunks(size).map(odd_panics, [2, 4, 5, 6, 7, 8]).unwrap_err();
                assert!(why.message().unwrap().contains("5 is odd"), "{why}");
                assert_eq!(pool.pending(), 0, "all have ended");
            }
            let whole = pool.chunks(1).map_async(odd_panics, [1, 2]);
            whole.wait();
            assert_eq!(pool.pending(), 0);
            for _ in 0..3 {
                let why = pool.map(long_panic, [1 << 20; 4]).unwrap_err();
                assert_eq!(why.message().unwrap().len(), 1 << 20);
            }
            let items = (0..).map(|n| if n < 5 { n } else { panic!("no more") });
            let all = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| pool.map(square, items)));
            assert!(all.is_err());
            let items = (0..).map(|n: u64| if n < 5 { n } else { panic!("no more") });
            let mut squares = pool.imap(square, items).bound(1);
            for n in 0..4 {
                assert_eq!(squares.next().unwrap().unwrap(), n * n);
            }
            let last = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| squares.next()));
            assert!(last.is_err());
            drop(squares);
            assert_eq!(pool.apply(square, (5,)).unwrap(), 25);
            finish(&pool);
        });
    }

    #[test]
    fn imap_is_lazy_and_in_order_with_errors_in_their_places_pl_04() {
        osier::run(|| {
            let pool = Pool::new(2).unwrap();
            let asked = Cell::new(0);
            let items = (0..).inspect(|n| asked.set(*n));
            let mut results = pool.imap(odd_panics, items).bound(3);
            for n in 0..100 {
                let result = results.next().unwrap();
                assert!(asked.get() <= n + 5, "{n} {}", asked.get());
                match result {
                    Ok(even) => assert_eq!(even, n),
                    Err(why) => assert!(why.message().unwrap().contains(&format!("{n} is odd")), "{why}"),
                }
            }
            drop(results);
            let mut unordered = pool.imap_unordered(odd_panics, 0..10).bound(2);
            let good = unordered.by_ref().filter(Result::is_ok).count();
            assert_eq!(good, 5);
            assert!(unordered.next().is_none() && unordered.next().is_none());
            finish(&pool);
        });
    }

    #[test]
    fn a_result_of_imap_that_is_late_can_be_asked_for_again_pl_04() {
        osier::run(|| {
            let pool = Pool::new(1).unwrap();
            let mut naps = pool.imap(nap, [30, 0]);
            assert!(naps.next_timeout(Duration::from_millis(1)).unwrap().unwrap_err().is_timed_out());
            assert_eq!(naps.next().unwrap().unwrap(), 30);
            assert_eq!(naps.next_timeout(Duration::from_secs(30)).unwrap().unwrap(), 0);
            assert!(naps.next_timeout(Duration::from_millis(1)).is_none());
            let mut naps = pool.imap_unordered(nap, [30]);
            assert!(naps.next_timeout(Duration::from_millis(1)).unwrap().unwrap_err().is_timed_out());
            assert_eq!(naps.next().unwrap().unwrap(), 30);
            let mut naps = pool.imap(nap, [0, FOREVER, 0]).timeout(Duration::from_millis(200));
            assert_eq!(naps.next().unwrap().unwrap(), 0);
            assert!(naps.next().unwrap().unwrap_err().is_timed_out());
            assert!(naps.next().is_none());
            pool.terminate();
            pool.join().unwrap();
        });
    }

    #[test]
    fn join_waits_for_all_that_was_submitted_before_the_close_pl_05() {
        osier::run(|| {
            let pool = Pool::new(2).unwrap();
            assert_eq!(pool.join(), Err(StillOpen));
            assert!(StillOpen.to_string().contains("`close` or `terminate`"));
            let calls: Vec<_> = (0..500).map(|n| pool.apply_async(square, (n,))).collect();
            pool.close();
            assert_eq!(task_error(pool.apply(square, (1,))), TaskError::Closed);
            assert_eq!(task_error(pool.map(square, [1])), TaskError::Closed);
            assert_eq!(task_error(pool.imap(square, [1]).next().unwrap()), TaskError::Closed);
            assert_eq!(task_error(pool.imap_unordered(square, [1]).next().unwrap()), TaskError::Closed);
            pool.join().unwrap();
            pool.join().unwrap();
            for (n, call) in calls.into_iter().enumerate() {
                assert!(call.is_finished());
                assert_eq!(call.result().unwrap(), (n * n) as u64);
            }
            assert!(active_children().is_empty());
        });
    }

    #[test]
    fn terminate_and_drop_end_at_once_whatever_is_pending_pl_05() {
        osier::run(|| {
            let files = open_files();
            for dropped in [false, true] {
                let pool = Pool::new(2).unwrap();
                let calls: Vec<_> = (0..10_000).map(|_| pool.apply_async(nap, (FOREVER,))).collect();
                osier::sleep(Duration::from_millis(10));
                let began = osier::clock::now();
                if dropped {
                    drop(pool);
                } else {
                    pool.terminate();
                    assert_eq!(task_error(pool.apply(square, (1,))), TaskError::Terminated);
                    pool.join().unwrap();
                }
                for call in calls {
                    assert_eq!(task_error(call.result()), TaskError::Terminated);
                }
                assert!(began.elapsed() < Duration::from_secs(2), "{:?}", began.elapsed());
                all_gone();
            }
            osier::sleep(Duration::from_millis(20));
            assert_eq!(open_files(), files + 2, "but for the lifeline");
        });
    }

    #[test]
    fn a_worker_is_replaced_after_so_many_calls_pl_06() {
        osier::run(|| {
            let pool = Pool::builder().workers(1).max_tasks_per_child(3).build().unwrap();
            let calls: Vec<_> = (0..9).map(|_| pool.apply_async(worker_pid, ())).collect();
            let pids: Vec<u32> = calls.into_iter().map(|call| call.result().unwrap()).collect();
            for three in pids.chunks(3) {
                assert!(three.iter().all(|pid| *pid == three[0]), "{pids:?}");
            }
            assert!(pids[0] != pids[3] && pids[3] != pids[6], "{pids:?}");
            finish(&pool);
            drop(pool);
            osier::sleep(Duration::from_millis(20));
            let files = open_files();
            let pool = Pool::builder().workers(2).max_tasks_per_child(1).build().unwrap();
            let calls: Vec<_> = (0..30).map(|_| pool.apply_async(worker_pid, ())).collect();
            pool.close();
            pool.join().unwrap();
            let mut pids: Vec<u32> = calls.into_iter().map(|call| call.result().unwrap()).collect();
            pids.sort_unstable();
            pids.dedup();
            assert_eq!(pids.len(), 30);
            drop(pool);
            osier::sleep(Duration::from_millis(20));
            assert_eq!(open_files(), files);
        });
    }

    #[test]
    fn what_cannot_be_sent_is_an_error_of_that_call_pl_07() {
        osier::run(|| {
            let pool = Pool::new(1).unwrap();
            let worker = pool.apply(worker_pid, ()).unwrap();
            for _ in 0..20 {
                let call = pool.apply_async(takes_stubborn, (Stubborn,));
                assert!(call.is_finished(), "at once");
                assert!(matches!(task_error(call.result()), TaskError::Argument(_)));
                assert!(matches!(task_error(pool.apply(gives_stubborn, ())), TaskError::Result(_)));
                assert!(matches!(task_error(pool.apply(takes_lost, (Lost,))), TaskError::Argument(_)));
                assert!(matches!(task_error(pool.apply(gives_lost, ())), TaskError::Result(_)));
            }
            let why = pool.apply(panics, ("no tea".into(),)).unwrap_err();
            assert!(why.is_panic() && why.message() == Some("no tea"));
            assert_eq!(pool.apply(worker_pid, ()).unwrap(), worker);
            finish(&pool);
        });
    }

    #[test]
    fn values_of_any_size_come_whole_pl_07() {
        osier::run(|| {
            let pool = Pool::new(2).unwrap();
            for bytes in [0, 1, 100_000, 200_000, 10 << 20] {
                assert_eq!(pool.apply(long, (bytes,)).unwrap().len() as u64, bytes);
                assert_eq!(pool.apply(length, ("x".repeat(bytes as usize),)).unwrap(), bytes);
            }
            let all = pool.chunks(4).map(long, [1 << 20; 8]).unwrap();
            assert!(all.iter().all(|text| text.len() == 1 << 20));
            finish(&pool);
        });
    }
}
