//! Hubs: one a thread, many at once, waited for, and ended by any of their tasks.

mod support;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use osier::{Builder, Hub, current, join_rest, sleep, spawn, timeout, yield_now};
use support::{FOREVER, OnDrop, SHORT, Turns, open_fds, os_threads, payload_of, rss_kib, text_of};

#[test]
fn a_payload_thrown_at_the_main_task_ends_the_run_at_once_hu_02() {
    struct Interrupt;
    let ended = Rc::new(Cell::new(false));
    let payload = payload_of(|| {
        osier::run(|| {
            let (main, note) = (current(), ended.clone());
            spawn(move || {
                let _note = OnDrop::new(|| note.set(true));
                sleep(FOREVER);
            });
            spawn(move || main.kill_with(Box::new(Interrupt)));
            sleep(FOREVER);
        })
    });
    assert!(payload.is::<Interrupt>());
    assert!(ended.get(), "the others are killed");
}

#[test]
fn a_panic_passed_on_by_a_task_reaches_the_main_task_hu_02() {
    let payload = payload_of(|| {
        osier::run(|| {
            let main = current();
            spawn(move || {
                let task = spawn(|| panic!("expected"));
                main.kill_with(task.join().unwrap_err().into_panic());
            });
            sleep(FOREVER);
        })
    });
    assert_eq!(payload.downcast_ref(), Some(&"expected"));
}

#[test]
fn any_other_error_of_a_task_or_a_message_leaves_the_hub_running_hu_02() {
    let lines = support::logged(|| {
        osier::run(|| {
            drop(spawn(|| panic!("expected")));
            let taken = OnDrop::new(|| panic!("expected"));
            let remote = osier::handle().spawn(move || drop(taken));
            assert!(remote.join().unwrap_err().is_panic());
            assert_eq!(spawn(|| 7).join().unwrap(), 7);
        });
    });
    assert_eq!(lines.len(), 1, "{lines:?}");
}

#[test]
fn the_rest_is_waited_for_to_the_end_or_for_a_while_hu_04() {
    osier::run(|| {
        assert!(join_rest(Duration::ZERO), "there is none");
        let ended = Rc::new(Cell::new(0));
        for wait in 1..=3 {
            let ended = ended.clone();
            spawn(move || {
                sleep(wait * SHORT);
                spawn(move || {
                    yield_now();
                    ended.set(ended.get() + 1);
                });
            });
        }
        assert!(!join_rest(Duration::ZERO));
        assert!(!join_rest(Duration::from_millis(1)));
        assert!(join_rest(None));
        assert_eq!(ended.get(), 3);
        // The hub is as good as before, and can be waited for again.
        let task = spawn(|| 7);
        assert!(join_rest(FOREVER));
        assert_eq!(task.value(), Some(&7));
    });
}

#[test]
fn a_daemon_is_not_waited_for_hu_04() {
    osier::run(|| {
        let daemon = Builder::new().daemon(true).spawn(|| sleep(FOREVER)).unwrap();
        spawn(yield_now);
        assert!(join_rest(None));
        assert!(!daemon.is_finished());
    });
}

#[test]
fn only_the_main_task_waits_for_the_rest_hu_04() {
    osier::run(|| {
        let text = spawn(|| text_of(|| join_rest(None))).join().unwrap();
        assert!(text.starts_with("join_rest is for the main task"), "{text}");
    });
    assert!(text_of(|| join_rest(None)).contains("outside of osier::run"));
}

#[test]
fn a_wait_for_the_rest_can_be_cut_short_and_is_no_hang_hu_04() {
    osier::run(|| {
        let task = spawn(|| sleep(FOREVER));
        assert!(timeout(SHORT, || join_rest(None)).is_err());
        let stuck = Builder::new().daemon(false).spawn(support::wait_for_nobody).unwrap();
        task.kill();
        let verdict = payload_of(|| join_rest(None));
        assert!(verdict.downcast::<osier::Deadlock>().unwrap().to_string().contains("all other"));
        stuck.kill();
        assert!(join_rest(None));
    });
}

#[test]
fn each_os_thread_has_a_hub_of_its_own_hu_15() {
    const THREADS: usize = 16;
    let barrier = Barrier::new(THREADS);
    thread::scope(|s| {
        let threads: Vec<_> = (0..THREADS)
            .map(|i| {
                let barrier = &barrier;
                s.spawn(move || {
                    osier::run(|| {
                        barrier.wait(); // all runs are going on now
                        let tasks = (0..100).map(|n| {
                            spawn(move || {
                                sleep(Duration::from_micros(n * 10));
                                (thread::current().id(), current().id())
                            })
                        });
                        let here = thread::current().id();
                        let ids: Vec<_> = osier::join_all(tasks)
                            .into_iter()
                            .map(|result| result.unwrap())
                            .map(|(thread, id)| {
                                assert_eq!(thread, here, "tasks stay on their thread");
                                id
                            })
                            .collect();
                        (i, ids)
                    })
                })
            })
            .collect();
        let results: Vec<_> = threads.into_iter().map(|thread| thread.join().unwrap()).collect();
        let mut ids: Vec<_> = results.into_iter().flat_map(|(_, ids)| ids).collect();
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), 100 * THREADS, "no id twice in a process");
    });
}

#[test]
fn a_hub_can_be_made_and_run_later_hu_15() {
    let (one, two) = (Hub::new().unwrap(), Hub::new().unwrap());
    assert!(format!("{one:?}").contains("Hub"));
    assert_eq!(two.run(|| spawn(|| 2).join().unwrap()), 2);
    assert_eq!(one.run(|| spawn(|| 1).join().unwrap()), 1);
    assert_eq!(two.run(|| spawn(|| 3).join().unwrap()), 3);
    assert!(text_of(current).contains("outside of osier::run"), "none is left behind");
}

#[test]
fn a_thousand_runs_leave_nothing_behind_hu_14() {
    let name = "a_thousand_runs_leave_nothing_behind_hu_14";
    let child = support::in_child(name, || {
        let run = || {
            osier::run(|| {
                let tasks = (0..10).map(|_| spawn(|| sleep(Duration::from_micros(10))));
                osier::join_all(tasks);
                osier::thread::offload(|| ());
            });
        };
        (0..200).for_each(|_| run());
        let (fds, threads, rss) = (open_fds(), os_threads(), rss_kib());
        (0..1000).for_each(|_| run());
        assert_eq!(open_fds(), fds);
        // A call may find the thread of the last one still on its way back, and start another.
        assert!(os_threads() <= threads + 4, "{threads} threads before, {} after", os_threads());
        assert!(rss_kib() < rss + 1024, "{rss} KiB before, {} after", rss_kib());
    });
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

#[test]
fn tasks_in_their_thousands_leave_nothing_behind_c_09() {
    let name = "tasks_in_their_thousands_leave_nothing_behind_c_09";
    let child = support::in_child(name, || {
        osier::run(|| {
            let round = || {
                let parked = (0..10_000).map(|_| spawn(yield_now));
                assert!(osier::join_all(parked).iter().all(|result| result.is_ok()));
                for _ in 0..10 {
                    let quick = (0..10_000).map(|i| spawn(move || i));
                    assert!(osier::join_all(quick).iter().all(|result| result.is_ok()));
                }
            };
            round();
            round();
            let rss = rss_kib();
            (0..3).for_each(|_| round());
            assert!(rss_kib() < rss + 4096, "{rss} KiB before, {} after", rss_kib());
            assert_eq!(osier::stats().tasks, 1);
        });
    });
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

#[test]
fn a_run_ends_on_the_thread_that_began_it_with_all_it_borrowed() {
    let words = RefCell::new(vec!["green"]);
    osier::run(|| {
        words.borrow_mut().push("threads");
        osier::scope(|s| {
            s.spawn(|| words.borrow_mut().push("borrow"));
        });
    });
    assert_eq!(words.into_inner(), ["green", "threads", "borrow"]);
}

#[test]
fn what_goes_wrong_on_the_hubs_own_stack_leaves_it_serving_hu_03() {
    let lines = support::logged(|| {
        osier::run(|| {
            let bomb = || OnDrop::new(|| panic!("expected"));
            // Each of these destructors runs where no task does.
            let unborn = bomb();
            let task = spawn(move || drop(unborn));
            task.kill();
            drop(task);
            drop(spawn(bomb));
            // All that the loop sees to goes on: timers, tasks, other threads.
            sleep(Duration::from_millis(1));
            assert_eq!(spawn(|| 7).join().unwrap(), 7);
            assert_eq!(osier::thread::offload(|| 8), 8);
        });
    });
    assert!(
        lines.len() == 2 && lines.iter().all(|l| l.contains("a destructor panicked")),
        "{lines:?}"
    );
}

#[test]
fn what_the_hub_runs_itself_cannot_wait_and_is_told_so_hu_06() {
    let seen = Rc::new(RefCell::new(Vec::new()));
    let notes = seen.clone();
    let lines = support::logged(|| {
        osier::run(move || {
            let on_the_hub = OnDrop::new(move || {
                let wake = osier::park(osier::Reason::new("waiting"), None, || {});
                notes.borrow_mut().push(format!("{wake:?}"));
                let text = text_of(osier::Unparker::current);
                notes.borrow_mut().push(text);
                yield_now(); // does nothing
                sleep(Duration::from_millis(1)); // stops the thread
            });
            let task = spawn(move || drop(on_the_hub));
            task.kill();
            drop(task);
            yield_now();
        });
    });
    let seen = seen.take();
    assert_eq!(seen[0], "Refused");
    assert!(
        seen[1].contains("only a task can wait, not a destructor that the hub runs"),
        "{seen:?}"
    );
    assert!(lines.is_empty(), "{lines:?}");
}

#[test]
fn a_wake_that_comes_first_is_kept_for_its_wait_and_for_no_other_hu_08() {
    osier::run(|| {
        let wait =
            || osier::park(osier::Reason::new("waiting"), osier::clock::deadline(SHORT), || {});
        let me = osier::Unparker::current();
        me.unpark();
        me.unpark();
        assert_eq!(wait(), osier::Wake::Woken, "before the wait");
        assert_eq!(wait(), osier::Wake::TimedOut, "two of one wait are one");
        me.unpark();
        assert_eq!(wait(), osier::Wake::TimedOut, "it was for the first wait");
    });
}

#[test]
fn each_wait_has_one_waiter_and_wakes_no_other_hu_08() {
    osier::run(|| {
        let mine = osier::Unparker::current();
        let other = spawn(move || {
            mine.unpark(); // ends the main task's wait, and none of its own
            let reason = osier::Reason::new("waiting");
            osier::park(reason, osier::clock::deadline(SHORT), || {})
        });
        assert_eq!(osier::park(osier::Reason::new("waiting"), None, || {}), osier::Wake::Woken);
        assert_eq!(other.join().unwrap(), osier::Wake::TimedOut);
    });
}

#[test]
fn hubs_of_threads_that_end_leave_nothing_behind_hu_14() {
    let name = "hubs_of_threads_that_end_leave_nothing_behind_hu_14";
    let child = support::in_child(name, || {
        let round = || {
            let work = || osier::run(|| osier::join_all((0..10).map(|_| spawn(yield_now))).len());
            assert_eq!(std::thread::spawn(work).join().unwrap(), 10);
            let unused = std::thread::spawn(|| drop(Hub::new().unwrap()));
            unused.join().unwrap();
        };
        (0..50).for_each(|_| round());
        let (fds, threads, rss) = (open_fds(), os_threads(), rss_kib());
        (0..300).for_each(|_| round());
        assert_eq!(open_fds(), fds);
        // A call may find the thread of the last one still on its way back, and start another.
        assert!(os_threads() <= threads + 4, "{threads} threads before, {} after", os_threads());
        assert!(rss_kib() < rss + 1024, "{rss} KiB before, {} after", rss_kib());
        assert_eq!(osier::run(|| spawn(|| 7).join().unwrap()), 7);
    });
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}

#[test]
fn what_is_made_at_its_first_use_may_wait_there_hu_21() {
    use std::sync::LazyLock;

    static LATE: LazyLock<u32> = LazyLock::new(|| {
        sleep(Duration::from_millis(1));
        osier::thread::offload(|| 7)
    });
    osier::run(|| {
        let turns = Turns::new();
        assert_eq!(spawn(|| *LATE).join().unwrap(), 7);
        assert!(turns.count() > 1, "others run meanwhile");
    });
}
