//! Killing many tasks, tasks that begin later, timers.

mod support;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use osier::{
    Builder, Task, Timer, join_rest, kill_all, kill_all_timeout, sleep, spawn, spawn_later, stats,
    yield_now,
};
use support::{FOREVER, OnDrop, SHORT, spin, wait_for_nobody};

#[test]
fn all_are_killed_and_those_that_have_not_started_never_do_gl_17() {
    osier::run(|| {
        let ran = Rc::new(Cell::new(0));
        let started: Vec<_> = (0..10).map(|_| spawn(wait_for_nobody)).collect();
        yield_now();
        let fresh: Vec<_> = (0..10)
            .map(|_| {
                let ran = ran.clone();
                spawn(move || ran.set(ran.get() + 1))
            })
            .collect();
        let all = started.iter().chain(&fresh).map(Task::from);
        kill_all(all);
        assert!(started.iter().chain(&fresh).all(|task| task.error().unwrap().is_killed()));
        assert_eq!(ran.get(), 0);
        kill_all(&started); // they have ended
        kill_all([] as [Task; 0]);
        kill_all([spawn(wait_for_nobody)]); // handles by value
    });
}

#[test]
fn who_survives_a_kill_is_named_when_the_time_is_up_gl_17() {
    osier::run(|| {
        let stubborn = spawn(|| {
            let caught = catch_unwind(AssertUnwindSafe(wait_for_nobody));
            assert!(caught.is_err());
            sleep(2 * SHORT);
            "still here"
        });
        let meek = spawn(wait_for_nobody);
        yield_now();
        let survivors =
            kill_all_timeout([&stubborn, &stubborn].map(Task::from), SHORT).unwrap_err();
        assert_eq!(survivors, [stubborn.task(), stubborn.task()]);
        assert_eq!(kill_all_timeout([&meek], SHORT), Ok(()));
        assert_eq!(stubborn.join().unwrap(), "still here");
    });
}

#[test]
fn who_kills_itself_among_others_is_the_last_gl_17() {
    osier::run(|| {
        let other = Rc::new(spawn(wait_for_nobody));
        let inner = other.clone();
        let killer = spawn(move || {
            kill_all([osier::current(), inner.task()]);
            unreachable!("it was killed as well");
        });
        assert!(killer.join().unwrap_err().is_killed());
        other.wait();
        assert!(other.error().unwrap().is_killed());
    });
}

#[test]
fn a_kill_before_the_begin_takes_the_timer_along_gl_13() {
    osier::run(|| {
        let gone = Rc::new(Cell::new(0));
        let later = |delay| {
            let gone = gone.clone();
            let held = OnDrop::new(move || gone.set(gone.get() + 1));
            spawn_later(delay, move || {
                let _held = held;
                unreachable!("it was killed before");
            })
        };
        let (waiting, fresh) = (later(FOREVER), later(SHORT));
        fresh.kill();
        yield_now();
        assert_eq!((stats().timers, gone.get()), (1, 1));
        waiting.kill();
        waiting.kill();
        yield_now();
        assert_eq!((stats().timers, gone.get()), (0, 2));
        assert!(waiting.is_finished() && fresh.join().unwrap_err().is_killed());
        waiting.kill(); // it has ended
        assert!(waiting.join().unwrap_err().is_killed());
    });
}

#[test]
fn a_kill_in_the_turn_of_the_begin_comes_in_time_gl_13() {
    osier::run(|| {
        let task = Rc::new(RefCell::new(None::<osier::JoinHandle<()>>));
        let other = task.clone();
        // Both timers are due when the hub looks again; the killer's turn comes first.
        let killer = spawn_later(SHORT, move || other.borrow().as_ref().unwrap().kill());
        let late = spawn_later(SHORT, || unreachable!("it was killed before"));
        *task.borrow_mut() = Some(late);
        yield_now();
        spin(2 * SHORT);
        killer.join().unwrap();
        let late = task.take().unwrap();
        assert!(late.join().unwrap_err().is_killed());
    });
}

#[test]
fn a_later_task_begins_in_time_and_never_before() {
    osier::run(|| {
        let began = osier::clock::now();
        let tasks = [3, 1, 2].map(|n| spawn_later(n * SHORT, move || began.elapsed()));
        assert!(osier::dump().to_string().contains("not started"));
        yield_now();
        assert!(osier::dump().to_string().contains("waiting for the time to begin"));
        let times = tasks.map(|task| task.join().unwrap());
        assert!(times[0] >= 3 * SHORT && times[1] >= SHORT && times[2] >= 2 * SHORT);
        assert!(times[1] < times[2] && times[2] < times[0]);
        assert_eq!(spawn_later(Duration::ZERO, || 7).join().unwrap(), 7);
    });
}

#[test]
fn a_timer_of_a_daemon_holds_nothing_open_gl_25() {
    let held = Rc::new(Cell::new(false));
    let flag = held.clone();
    osier::run(|| {
        let tick = move || drop(Timer::after(FOREVER, move || flag.set(true)));
        Builder::new().daemon(true).spawn(tick).unwrap();
        yield_now();
        assert_eq!(osier::active_count(), 2, "the timer is there");
        assert!(join_rest(None), "and nobody waits for it");
    });
    assert!(!held.get());
}

#[test]
fn a_timer_fires_once_after_its_time_th_03() {
    osier::run(|| {
        let count = Rc::new(Cell::new(0));
        let counts = count.clone();
        let began = osier::clock::now();
        let timer = Timer::after(SHORT, move || {
            assert!(began.elapsed() >= SHORT);
            counts.set(counts.get() + 1);
        });
        assert!(!timer.is_finished());
        timer.join();
        assert!(timer.is_finished() && !timer.cancel());
        sleep(2 * SHORT);
        assert_eq!(count.get(), 1);
    });
}

#[test]
fn a_timer_that_is_cancelled_never_fires_th_03() {
    osier::run(|| {
        let timer = Timer::after(SHORT, || unreachable!("it was cancelled"));
        let fresh = Timer::after(Duration::ZERO, || unreachable!("it was cancelled"));
        assert!(fresh.cancel());
        yield_now();
        assert!(timer.cancel() && !timer.cancel());
        timer.join();
        fresh.join();
        assert!(timer.is_finished());
        assert_eq!(stats().timers, 0);
        sleep(2 * SHORT);
        // What has begun goes on.
        let timer = Timer::after(Duration::ZERO, || sleep(SHORT));
        yield_now();
        yield_now();
        assert!(!timer.cancel() && !timer.is_finished());
        timer.join();
    });
}

#[test]
fn the_roll_has_the_main_task_and_all_that_live_th_03() {
    osier::run(|| {
        assert_eq!(osier::enumerate(), [osier::current()]);
        let parked = spawn(wait_for_nobody);
        yield_now();
        let fresh = spawn(|| ());
        assert_eq!(osier::enumerate(), [osier::current(), parked.task(), fresh.task()]);
        assert_eq!(osier::active_count(), 3);
        fresh.wait();
        parked.kill();
        parked.wait();
        assert_eq!(osier::active_count(), 1);
    });
}

#[test]
fn a_task_says_its_name_its_number_and_whether_it_lives_th_01() {
    osier::run(|| {
        let task = Builder::new().name("brewer").spawn(|| sleep(SHORT)).unwrap();
        let as_such = task.task();
        assert_eq!(
            (task.name().as_deref(), as_such.name().as_deref()),
            (Some("brewer"), Some("brewer"))
        );
        as_such.set_name("baker");
        assert_eq!(task.name().as_deref(), Some("baker"));
        assert!(!as_such.is_finished() && !as_such.is_daemon());
        assert_ne!(task.id(), osier::current().id());
        // A length of zero is the least there is.
        assert!(task.join_timeout(Duration::ZERO).is_none());
        task.wait();
        assert!(as_such.is_finished() && task.join_timeout(Duration::ZERO).is_some());
        assert_eq!(as_such.name().as_deref(), Some("baker"), "the name stays");
    });
}

#[test]
fn a_task_that_joins_itself_is_told_th_01() {
    osier::run(|| {
        let own = Rc::new(RefCell::new(None::<Rc<osier::JoinHandle<()>>>));
        let inside = own.clone();
        let task = Rc::new(spawn(move || inside.take().unwrap().wait()));
        own.replace(Some(task.clone()));
        task.wait();
        assert!(task.error().unwrap().message().unwrap().contains("joins itself"));
    });
}

#[test]
fn a_slot_is_small_unique_and_used_again_gl_19() {
    osier::run(|| {
        let slots = |tasks: &[osier::JoinHandle<()>]| {
            let mut slots: Vec<_> = tasks.iter().map(|task| task.task().slot().unwrap()).collect();
            slots.sort_unstable();
            slots.dedup();
            slots
        };
        let tasks: Vec<_> = (0..100).map(|_| spawn(wait_for_nobody)).collect();
        let first = slots(&tasks);
        assert_eq!(first.len(), 100);
        assert!(first.iter().all(|slot| *slot <= 100), "{first:?}");
        assert!(!first.contains(&osier::current().slot().unwrap()));
        kill_all(&tasks);
        assert!(tasks[0].task().slot().is_none());
        let again: Vec<_> = (0..100).map(|_| spawn(wait_for_nobody)).collect();
        assert_eq!(slots(&again), first);
        kill_all(&again);
    });
}

#[test]
fn a_task_that_runs_for_the_first_time_has_not_ended_gl_19() {
    osier::run(|| {
        let task = spawn(|| osier::current().is_finished());
        assert!(!task.join().unwrap());
    });
}

#[test]
fn the_run_waits_for_tasks_and_not_for_daemons_th_04() {
    let notes = Rc::new(RefCell::new(Vec::new()));
    let note = |what| {
        let notes = notes.clone();
        move || notes.borrow_mut().push(what)
    };
    osier::run(|| {
        let (ends, dies, starts) = (note("ended"), note("killed"), note("went on after the end"));
        spawn_later(SHORT, ends);
        let daemon = move || {
            let _last = OnDrop::new(move || {
                dies();
                // Whatever starts at the end is a daemon, and killed in turn.
                spawn(move || {
                    wait_for_nobody();
                    starts();
                });
            });
            wait_for_nobody();
        };
        Builder::new().daemon(true).spawn(daemon).unwrap();
    });
    assert_eq!(*notes.borrow(), ["ended", "killed"]);
}
