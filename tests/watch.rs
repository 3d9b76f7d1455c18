//! The watch on a blocked loop.

mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use osier::{Blocked, Builder, sleep, spawn, watch_with, yield_now};
use support::{in_child, spin};

const LIMIT: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_millis(60);

type Reports = Arc<Mutex<Vec<Blocked>>>;

fn watch_into(reports: &Reports) -> osier::Watch {
    watch_longer_into(reports, LIMIT)
}

fn watch_longer_into(reports: &Reports, limit: Duration) -> osier::Watch {
    let reports = reports.clone();
    watch_with(limit, move |blocked| reports.lock().unwrap().push(blocked)).unwrap()
}

fn names(reports: &Reports) -> Vec<String> {
    reports.lock().unwrap().iter().map(|blocked| blocked.task.clone()).collect()
}

/// Holds the hub until so many reports are there, and then for longer than one more would take.
fn hold_until(reports: &Reports, count: usize) {
    let began = osier::clock::now();
    while reports.lock().unwrap().len() < count && began.elapsed() < support::FOREVER / 60 {
        std::hint::spin_loop();
    }
    spin(LONG);
}

#[test]
fn a_task_that_holds_the_hub_is_named_once_an_episode_mo_01() {
    let reports = Reports::default();
    osier::run(|| {
        let _watch = watch_into(&reports);
        let told = reports.clone();
        let hog = Builder::new().name("hog").spawn(move || {
            hold_until(&told, 1);
            sleep(Duration::from_millis(1));
            hold_until(&told, 2);
        });
        hog.unwrap().join().unwrap();
    });
    let names = names(&reports);
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().all(|name| name.contains("'hog', spawned at tests/watch.rs:")));
    assert!(reports.lock().unwrap().iter().all(|blocked| blocked.held > LIMIT));
}

#[test]
fn the_task_that_sets_the_watch_is_watched_as_well() {
    let reports = Reports::default();
    osier::run(|| {
        let _watch = watch_into(&reports);
        hold_until(&reports, 1);
    });
    let names = names(&reports);
    assert!(names.len() == 1 && names[0].contains("'main'"), "{names:?}");
}

#[test]
fn nobody_is_named_who_waits_or_gives_way_mo_01() {
    // A machine that is busy may stop a thread for longer than the others' limit.
    const LIMIT: Duration = Duration::from_millis(250);
    let reports = Reports::default();
    osier::run(|| {
        let _watch = watch_longer_into(&reports, LIMIT);
        let tasks = (0..10).map(|_| spawn(|| (0..1000).for_each(|_| yield_now())));
        osier::join_all(tasks);
        sleep(LIMIT + LONG);
        osier::thread::offload(|| spin(LIMIT + LONG));
    });
    let names = names(&reports);
    assert!(names.is_empty(), "{names:?}");
}

#[test]
fn a_watch_that_was_dropped_is_quiet_and_one_that_was_not_goes_on() {
    let reports = [Reports::default(), Reports::default()];
    osier::run(|| {
        let first = watch_into(&reports[0]);
        let second = watch_into(&reports[1]);
        drop(first);
        yield_now();
        hold_until(&reports[1], 1);
        yield_now();
        drop(second);
        spin(LONG);
    });
    let [first, second] = reports.each_ref().map(names);
    assert!(first.is_empty(), "{first:?}");
    assert!(second.len() == 1 && second[0].contains("'main'"), "{second:?}");
}

#[test]
fn two_watches_both_speak() {
    let reports = [Reports::default(), Reports::default()];
    osier::run(|| {
        let _first = watch_into(&reports[0]);
        let _second = watch_into(&reports[1]);
        yield_now();
        hold_until(&reports[0], 1);
        hold_until(&reports[1], 1);
    });
    let [first, second] = reports.each_ref().map(names);
    assert_eq!((first.len(), second.len()), (1, 1));
}

#[test]
fn by_default_the_report_goes_to_stderr() {
    let child = in_child("by_default_the_report_goes_to_stderr", || {
        osier::run(|| {
            let _watch = osier::watch(LIMIT).unwrap();
            spin(10 * LONG); // nobody tells when it was said
        });
    });
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert_eq!(stderr.lines().filter(|line| line.starts_with("osier: ")).count(), 1, "{stderr}");
    assert!(stderr.starts_with("osier: green thread "), "{stderr}");
    assert!(stderr.contains("'main'") && stderr.contains("without a wait"), "{stderr}");
}

#[test]
fn a_watch_may_outlive_its_run_mo_01() {
    let reports = Reports::default();
    let watch = osier::run(|| watch_into(&reports));
    osier::run(|| spin(LONG));
    drop(watch);
    assert!(names(&reports).is_empty(), "it was of another run");
    osier::run(|| sleep(Duration::from_millis(1)));
}

#[inline(never)]
fn the_function_that_holds_the_hub(reports: &Reports) {
    hold_until(reports, 1);
    std::hint::black_box(());
}

#[test]
fn the_report_says_where_the_task_is_c_08() {
    let reports = Reports::default();
    osier::run(|| {
        let _watch = watch_into(&reports);
        let told = reports.clone();
        let hog = Builder::new().name("hog").spawn(move || {
            the_function_that_holds_the_hub(&told);
            std::hint::black_box(());
        });
        hog.unwrap().join().unwrap();
    });
    let reports = reports.lock().unwrap();
    assert_eq!(reports.len(), 1);
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return;
    }
    let trace = reports[0].trace().expect("it held still");
    if cfg!(feature = "symbols") {
        let sure = |name: &str| {
            let mut frames = trace.frames().iter();
            frames.any(|frame| frame.function.contains(name) && !frame.function.starts_with('?'))
        };
        assert!(sure("watch::the_function_that_holds_the_hub"), "{trace}");
        assert!(sure("the_report_says_where_the_task_is_c_08::{{closure}}"), "{trace}");
    } else {
        assert!(trace.frames().iter().any(|f| f.function.contains("/watch-")), "{trace}");
    }
}

#[test]
fn what_the_held_up_thread_sleeps_in_goes_on_c_08() {
    let reports = Reports::default();
    let began = osier::clock::now();
    osier::run(|| {
        let _watch = watch_into(&reports);
        #[expect(clippy::disallowed_methods, reason = "it is to hold the hub up")]
        std::thread::sleep(LONG);
        let (say, said) = std::sync::mpsc::channel();
        let other = std::thread::spawn(move || {
            #[expect(clippy::disallowed_methods, reason = "an OS thread")]
            std::thread::sleep(LONG);
            say.send(7).unwrap();
        });
        assert_eq!(said.iter().next(), Some(7));
        other.join().unwrap();
    });
    assert!(began.elapsed() >= 2 * LONG);
    assert!(!names(&reports).is_empty());
}

#[test]
fn how_long_tasks_run_is_counted_while_there_is_a_watch_c_08() {
    osier::run(|| {
        let watch = watch_with(support::FOREVER, drop).unwrap();
        assert_eq!(watch.slices().count(), 0);
        let hog = spawn(|| {
            spin(support::SHORT);
            yield_now();
        });
        let quick = spawn(|| (0..100).for_each(|_| yield_now()));
        hog.join().unwrap();
        quick.join().unwrap();
        let slices = watch.slices();
        // The main task ran twice, and each of the others once more than it gave way.
        assert_eq!(slices.count(), 2 + 2 + 101, "{slices}");
        let long = Duration::from_micros(4096); // the power below
        assert!(slices.longer(long) >= 1, "{slices}");
        assert!(slices.longer(long) < 50, "{slices}");
        drop(watch);
        let anew = watch_with(support::FOREVER, drop).unwrap();
        assert_eq!(anew.slices().count(), 0, "and without one there is no count");
    });
}
