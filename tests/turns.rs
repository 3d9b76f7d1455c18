//! Turns: nobody who gives way starves timers, descriptors, threads or other tasks.

mod support;

use std::cell::{Cell, RefCell};
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use osier::io::{Got, Source};
use osier::{Builder, idle, sleep, sleep_until, spawn, timeout, yield_now};
use support::{FOREVER, SHORT};

/// A task that gives way for ever, as a daemon; it counts its turns.
fn busy(f: impl Fn() + 'static) -> Rc<Cell<u64>> {
    let turns = Rc::new(Cell::new(0));
    let counts = turns.clone();
    let work = move || loop {
        counts.set(counts.get() + 1);
        f();
    };
    drop(Builder::new().daemon(true).spawn(work));
    turns
}

fn beside_busy_tasks(f: impl Fn()) {
    for tasks in [1, 100] {
        for give_way in [yield_now as fn(), || sleep(Duration::ZERO)] {
            osier::run(|| {
                let turns: Vec<_> = (0..tasks).map(|_| busy(give_way)).collect();
                yield_now();
                f();
                assert!(turns.iter().all(|turns| turns.get() > 0));
            });
        }
    }
}

#[test]
fn tasks_that_give_way_for_ever_starve_no_timer_hu_05() {
    beside_busy_tasks(|| {
        sleep(SHORT);
        sleep_until(osier::clock::now() + SHORT);
    });
}

#[test]
fn tasks_that_give_way_for_ever_starve_no_time_out_hu_05() {
    beside_busy_tasks(|| {
        assert!(timeout(SHORT, || sleep(FOREVER)).is_err());
        let forever = || loop {
            yield_now();
        };
        assert!(timeout::<()>(SHORT, forever).is_err());
    });
}

#[test]
fn tasks_that_give_way_for_ever_starve_no_descriptor_hu_05() {
    beside_busy_tasks(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let reader = spawn(move || {
            let mut byte = [0];
            let read = |mut near: &UnixStream| {
                near.read(&mut byte).map(|value| Got { value, drained: false })
            };
            Source::new(near).read(None, read).unwrap()
        });
        yield_now();
        far.write_all(&[7]).unwrap();
        assert_eq!(reader.join().unwrap(), 1);
    });
}

#[test]
fn tasks_that_give_way_for_ever_starve_no_other_thread_hu_05() {
    beside_busy_tasks(|| {
        let handle = osier::handle();
        let thread = std::thread::spawn(move || handle.spawn(|| 7).join().unwrap());
        assert_eq!(osier::thread::offload(|| 8), 8);
        while !thread.is_finished() {
            sleep(Duration::from_millis(1));
        }
        assert_eq!(thread.join().unwrap(), 7);
    });
}

#[test]
fn tasks_that_wake_each_other_for_ever_starve_no_timer_hu_05() {
    osier::run(|| {
        let spawner = || drop(spawn(|| drop(spawn(|| ()))));
        let turns = busy(move || {
            spawner();
            let task = spawn(|| ());
            drop(task.join());
        });
        assert!(timeout(SHORT, || sleep(FOREVER)).is_err());
        assert!(turns.get() > 1);
    });
}

#[test]
fn a_sleep_of_nothing_lets_all_others_run_once_gl_26() {
    osier::run(|| {
        let turns = Rc::new(Cell::new(0));
        for _ in 0..100 {
            let turns = turns.clone();
            spawn(move || {
                for _ in 0..10 {
                    turns.set(turns.get() + 1);
                    yield_now();
                }
            });
        }
        for round in 1..=5 {
            sleep(Duration::ZERO);
            assert_eq!(turns.get(), 100 * round);
        }
        sleep_until(osier::clock::now() - SHORT);
        assert_eq!(turns.get(), 600, "a moment that is past is like nothing");
    });
}

#[test]
fn sleeps_of_nothing_let_descriptors_come_through_gl_26() {
    osier::run(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let reader = spawn(move || Source::new(near).wait_readable(None).unwrap());
        yield_now();
        far.write_all(&[7]).unwrap();
        while !reader.is_finished() {
            sleep(Duration::ZERO);
        }
    });
}

#[test]
fn a_sleep_that_only_a_daemon_sleeps_holds_up_nothing_gl_26() {
    let began = osier::clock::now();
    let verdict = support::payload_of(|| {
        osier::run(|| {
            Builder::new().daemon(true).spawn(|| sleep(FOREVER)).unwrap();
            support::wait_for_nobody();
        })
    });
    assert!(verdict.is::<osier::Deadlock>());
    assert!(began.elapsed() < FOREVER / 100);
}

#[test]
fn who_is_idle_comes_after_all_that_is_ready_gl_26() {
    osier::run(|| {
        let steps = Rc::new(RefCell::new(Vec::new()));
        for name in ["first", "second"] {
            let steps = steps.clone();
            spawn(move || {
                idle();
                steps.borrow_mut().push(name);
            });
        }
        let (near, mut far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let (reads, yields) = (steps.clone(), steps.clone());
        let reader = spawn(move || {
            Source::new(near).wait_readable(None).unwrap();
            reads.borrow_mut().push("descriptor");
        });
        spawn(move || {
            far.write_all(&[7]).unwrap();
            for _ in 0..1000 {
                yield_now();
            }
            yields.borrow_mut().push("busy");
        });
        idle(); // the first to wait for a lull
        assert_eq!(steps.borrow().len(), 2);
        idle(); // and now the last
        reader.join().unwrap();
        let mut steps = steps.take();
        steps[..2].sort_unstable();
        assert_eq!(steps, ["busy", "descriptor", "first", "second"]);
    });
}

#[test]
fn who_is_idle_can_be_killed_and_is_no_deadlock_gl_26() {
    osier::run(|| {
        for _ in 0..3 {
            idle();
        }
        let killed = spawn(idle);
        spawn(idle).join().unwrap();
        drop(killed);
        let busy = busy(yield_now);
        assert!(timeout(SHORT, idle).is_err(), "there is always something to do");
        assert!(busy.get() > 0);
    });
    idle();
}

#[test]
fn a_timer_waits_for_a_task_or_two_however_long_they_run_hu_20() {
    const STEP: Duration = Duration::from_millis(1);
    support::virtually(|| {
        for _ in 0..100 {
            drop(busy(|| {
                osier::testing::advance(STEP); // it computes
                yield_now();
            }));
        }
        sleep(STEP); // the first turn finds out
        for _ in 0..10 {
            let due = osier::clock::now() + 20 * STEP;
            sleep_until(due);
            let late = osier::clock::now() - due;
            assert!(late <= 3 * STEP, "{late:?} late: a turn of 64 would be 64 ms");
        }
    });
}
