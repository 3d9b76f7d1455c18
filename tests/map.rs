//! Calls for each of many items: `map`, `imap`, and work lists.

mod support;

use osier::{
    Group, JoinError, Pool, join_rest, map_ordered, map_unordered, sleep, spawn, timeout, yield_now,
};
use std::cell::{Cell, RefCell};
use std::rc::Rc;
use support::{FOREVER, OnDrop, SHORT, logged, text_of, wait_for_nobody};

/// Takes so many rounds of all tasks.
fn take(rounds: u64) -> u64 {
    (0..rounds).for_each(|_| yield_now());
    rounds
}

fn even(n: i32) -> i32 {
    assert!(n % 2 == 0, "{n} is odd");
    n
}

fn texts(results: impl Iterator<Item = Result<i32, JoinError>>) -> Vec<String> {
    let text = |result: Result<i32, JoinError>| match result {
        Ok(n) => n.to_string(),
        Err(error) => error.message().map_or("killed".into(), String::from),
    };
    results.map(text).collect()
}

#[test]
fn a_map_keeps_the_order_and_gives_the_first_error_po_05() {
    osier::run(|| {
        let pool = Pool::new(2);
        assert_eq!(pool.map([30, 10, 20], take).unwrap(), [30, 10, 20]);
        assert!(pool.map([], take).unwrap().is_empty());
        let error = pool.map([2, 5, 7], even).unwrap_err();
        assert_eq!(error.message(), Some("5 is odd"));
        pool.join();
        assert_eq!(Group::new().map(0..100, |n| n).unwrap().len(), 100);
    });
}

#[test]
fn an_asynchronous_map_does_the_same_elsewhere_po_05() {
    osier::run(|| {
        let pool = Pool::new(2);
        let good = pool.map_async([30, 10, 20], take);
        let bad = pool.map_async([2, 5, 7], even);
        let killed = pool.map_async([1, 2], |n| {
            if n == 2 {
                osier::current().kill();
            }
        });
        assert_eq!(good.join().unwrap(), [30, 10, 20]);
        assert_eq!(bad.join().unwrap_err().message(), Some("5 is odd"));
        assert!(killed.join().unwrap_err().is_killed());
    });
}

#[test]
fn results_come_in_order_or_as_they_are_done_po_05() {
    osier::run(|| {
        let lengths = [60, 20, 40];
        let got = |results: osier::Imap<u64>| results.map(Result::unwrap).collect::<Vec<_>>();
        assert_eq!(got(Pool::new(3).imap(lengths, take)), [60, 20, 40]);
        assert_eq!(got(Pool::new(3).imap_unordered(lengths, take)), [20, 40, 60]);
        assert_eq!(got(Pool::new(1).imap_unordered(lengths, take)), [60, 20, 40]);
        assert_eq!(got(Group::new().imap_unordered(lengths, take)), [20, 40, 60]);
        assert_eq!(got(Group::new().imap(lengths, take)), [60, 20, 40]);
    });
}

#[test]
fn an_error_is_its_items_alone_po_06() {
    osier::run(|| {
        let pool = Pool::new(2);
        assert_eq!(texts(pool.imap([2, 3, 4], even)), ["2", "3 is odd", "4"]);
        let mut unordered = texts(pool.imap_unordered([2, 3, 4], even));
        unordered.sort();
        assert_eq!(unordered, ["2", "3 is odd", "4"]);
        let killed = pool.imap([1, 2], |n| {
            if n == 1 {
                osier::current().kill();
            }
            n
        });
        assert_eq!(texts(killed), ["killed", "2"]);
    });
}

#[test]
fn an_error_of_the_items_comes_after_their_results_and_no_items_are_no_results_po_06() {
    osier::run(|| {
        let pool = Pool::new(2);
        for ordered in [true, false] {
            let items = (0..).inspect(|n| assert!(*n < 2, "there are no more"));
            let imap =
                if ordered { pool.imap(items, even) } else { pool.imap_unordered(items, even) };
            let mut got = texts(imap);
            got[..2].sort();
            assert_eq!(got, ["0", "1 is odd", "there are no more"]);
            let none: [i32; 0] = [];
            let imap =
                if ordered { pool.imap(none, even) } else { pool.imap_unordered(none, even) };
            assert_eq!(texts(imap), [] as [&str; 0]);
        }
        let mut imap = pool.imap([2], even);
        assert!(imap.next().is_some() && imap.next().is_none() && imap.next().is_none());
    });
}

#[test]
fn it_runs_ahead_as_far_as_its_bound() {
    osier::run(|| {
        for ordered in [true, false] {
            let (pool, asked) = (Pool::new(10), Rc::new(Cell::new(0)));
            let counts = asked.clone();
            let items = (0..20).inspect(move |_| counts.set(counts.get() + 1));
            let imap =
                if ordered { pool.imap(items, |n| n) } else { pool.imap_unordered(items, |n| n) };
            let mut imap = imap.bound(3);
            sleep(SHORT);
            assert_eq!(asked.get(), 3);
            assert_eq!(imap.next().unwrap().unwrap(), 0);
            sleep(SHORT);
            assert_eq!(asked.get(), 4);
            assert!(format!("{imap:?}").contains("waiting: 3"), "{imap:?}");
            assert_eq!(imap.count(), 19);
        }
    });
}

#[test]
fn dropped_it_asks_for_no_more_items_and_what_runs_goes_on() {
    osier::run(|| {
        let (pool, gone) = (Pool::new(2), Rc::new(Cell::new(false)));
        let (flag, ended) = (gone.clone(), Rc::new(Cell::new(0)));
        let held = OnDrop::new(move || flag.set(true));
        let counts = ended.clone();
        let items = (0..).inspect(move |_| {
            let _held = &held;
        });
        let mut imap = pool.imap(items, move |n| {
            sleep(SHORT);
            counts.set(n);
        });
        imap.next().unwrap().unwrap();
        drop(imap);
        join_rest(None);
        assert!(gone.get() && (1..=4).contains(&ended.get()), "{}", ended.get());
        drop(pool.imap(0.., |n: i32| n)); // before it began
    });
}

#[test]
fn a_consumer_that_is_cut_short_loses_no_result() {
    osier::run(|| {
        let go = osier::AsyncResult::<()>::new();
        let waits = go.clone();
        let mut imap = Pool::new(1).imap([3, 4], move |n| {
            waits.get().unwrap();
            n
        });
        assert!(timeout(SHORT, || imap.next()).is_err());
        go.set(());
        sleep(SHORT);
        assert_eq!(imap.next().unwrap().unwrap(), 3);
        assert_eq!(imap.next().unwrap().unwrap(), 4);
    });
}

#[test]
fn a_work_list_gives_its_results_in_order() {
    osier::run(|| {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let work = |ms: &u64| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            take(*ms);
            running.set(running.get() - 1);
            *ms
        };
        let items = vec![60, 10, 30, 11];
        let values = |workers: Option<usize>| -> Vec<u64> {
            map_ordered(&items, workers, work).into_iter().map(Result::unwrap).collect()
        };
        assert_eq!(values(Some(2)), items);
        assert_eq!(most.replace(0), 2);
        assert_eq!(values(None), items);
        assert_eq!(most.replace(0), 4, "as many as items");
        assert_eq!(values(Some(0)), items);
        assert_eq!(most.replace(0), 1, "none cannot be");
        assert!(map_ordered([] as [u64; 0], 3, take).is_empty());
        let order = map_unordered(&items, None, work);
        let order: Vec<_> = order.into_iter().map(|(at, ms)| (at, ms.unwrap())).collect();
        assert_eq!(order, [(1, 10), (3, 11), (2, 30), (0, 60)]);
    });
}

#[test]
fn a_failing_item_of_a_work_list_is_logged_and_the_others_go_on() {
    let lines = logged(|| {
        osier::run(|| {
            let results = map_ordered(0..6, 2, even);
            assert_eq!(
                texts(results.into_iter()),
                ["0", "1 is odd", "2", "3 is odd", "4", "5 is odd"]
            );
        });
    });
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert!(lines[0].contains("item 1") && lines[0].contains("1 is odd"), "{lines:?}");
}

#[test]
fn an_item_that_kills_its_worker_is_killed_alone() {
    osier::run(|| {
        for workers in [1, 2] {
            let results = map_ordered(0..5, workers, |n| {
                if n % 2 == 0 {
                    osier::current().kill();
                }
                n
            });
            assert_eq!(texts(results.into_iter()), ["killed", "1", "killed", "3", "killed"]);
        }
    });
}

#[test]
fn a_work_list_that_is_cut_short_takes_its_workers_along() {
    osier::run(|| {
        let ended = RefCell::new(0);
        let work = |_| {
            let _end = OnDrop::new(|| *ended.borrow_mut() += 1);
            wait_for_nobody();
        };
        assert!(timeout(SHORT, || map_ordered(0..5, 3, work)).is_err());
        assert_eq!(*ended.borrow(), 3, "the other items were not begun");
        let killed = spawn(|| map_ordered(0..5, 3, |_| sleep(FOREVER)).len());
        yield_now();
        killed.kill();
        assert!(killed.join().unwrap_err().is_killed());
        assert_eq!(osier::active_count(), 1);
    });
}

#[test]
fn the_iterator_of_a_map_that_panics_is_the_callers_panic() {
    osier::run(|| {
        let items = || (0..9).inspect(|n: &i32| assert!(*n < 2, "there are no more"));
        let text = text_of(|| Pool::new(1).map(items(), |n| n));
        assert_eq!(text, "there are no more");
        assert!(Pool::new(1).map_async(items(), |n| n).join().unwrap_err().is_panic());
    });
}
