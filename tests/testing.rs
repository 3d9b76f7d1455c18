//! Runs under test: virtual time, and an order drawn by lot.

mod support;

use std::cell::{Cell, RefCell};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use osier::io::{Got, Source};
use osier::testing::{self, Config, Random, wait_all_parked};
use osier::{clock, sleep, spawn, timeout, yield_now};
use support::{FOREVER, in_child, payload_of, text_of};

const HOUR: Duration = Duration::from_secs(3600);

/// An order drawn by lot is not what these are about.
fn in_order<T>(f: impl FnOnce() -> T) -> T {
    Config::new().shuffled(false).run(f)
}

#[test]
fn sleeps_take_no_time_and_exactly_as_long_as_they_say() {
    testing::run(|| {
        let began = clock::now();
        for length in [1, 999, 1000, 1001, 65_536, 3_600_000_000, 86_400_000_000 * 365] {
            let before = clock::now();
            sleep(Duration::from_micros(length));
            assert_eq!(clock::now() - before, Duration::from_micros(length));
        }
        assert!(clock::now() - began > HOUR);
    });
    assert!(clock::now() < clock::now() + HOUR, "the system's clock again");
}

#[test]
fn time_never_ends_early_below_a_microsecond() {
    testing::run(|| {
        let before = clock::now();
        sleep(Duration::from_nanos(1));
        assert_eq!(clock::now() - before, Duration::from_micros(1));
    });
}

#[test]
fn time_goes_from_timer_to_timer_in_their_order() {
    testing::run(|| {
        let began = clock::now();
        let seen = Rc::new(RefCell::new(Vec::new()));
        let tasks = [5, 1, 4, 2, 3].map(|n| {
            let seen = seen.clone();
            spawn(move || {
                sleep(HOUR * n);
                seen.borrow_mut().push((n, clock::now() - began));
            })
        });
        osier::join_all(tasks);
        let expected: Vec<_> = (1..=5).map(|n| (n, HOUR * n)).collect();
        assert_eq!(*seen.borrow(), expected);
    });
}

#[test]
fn time_stands_still_while_a_task_can_run() {
    in_order(|| {
        let began = clock::now();
        let other = spawn(|| (0..1000).for_each(|_| yield_now()));
        assert!(timeout(Duration::from_micros(1), || other.join()).is_ok());
        assert_eq!(clock::now(), began);
    });
}

#[test]
fn a_task_that_gives_way_until_some_time_gets_there() {
    testing::run(|| {
        let until = clock::now() + Duration::from_micros(100);
        while clock::now() < until {
            yield_now();
        }
        let flag = Rc::new(Cell::new(false));
        let set = flag.clone();
        spawn(move || {
            sleep(Duration::from_micros(50));
            set.set(true);
        });
        while !flag.get() {
            yield_now();
        }
    });
}

#[test]
fn time_outs_and_deadlines_follow_the_clock() {
    testing::run(|| {
        let began = clock::now();
        assert!(timeout(HOUR, support::wait_for_nobody).is_err());
        assert_eq!(clock::now() - began, HOUR);
        let slow = spawn(|| sleep(3 * HOUR));
        assert!(slow.join_timeout(HOUR).is_none());
        assert_eq!(clock::now() - began, 2 * HOUR);
        osier::sleep_until(began + 5 * HOUR);
        assert_eq!(clock::now() - began, 5 * HOUR);
        assert!(slow.is_finished());
    });
}

#[test]
fn a_clock_can_be_moved_by_hand_and_only_a_virtual_one() {
    in_order(|| {
        let sleeper = spawn(|| sleep(HOUR));
        yield_now();
        testing::advance(2 * HOUR);
        let before = clock::now();
        sleeper.join().unwrap();
        assert_eq!(clock::now(), before, "it was due");
    });
    let text = osier::run(|| text_of(|| testing::advance(HOUR)));
    assert!(text.contains("testing::run"), "{text}");
}

#[test]
fn a_deadlock_is_found_at_once() {
    let payload = payload_of(|| testing::run(support::wait_for_nobody));
    assert!(payload.is::<osier::Deadlock>());
}

#[test]
fn daemons_and_stubborn_tasks_are_ended_in_no_time() {
    let began = clock::now();
    testing::run(|| {
        osier::Builder::new().daemon(true).spawn(|| sleep(FOREVER)).unwrap();
        let nap = || osier::shield(|| sleep(Duration::from_secs(5)));
        osier::Builder::new().daemon(true).spawn(nap).unwrap();
        yield_now();
    });
    assert!(began.elapsed() < Duration::from_secs(2), "the rounds of asking are virtual as well");
}

#[test]
fn a_sleep_outside_of_a_task_moves_the_clock() {
    testing::run(|| {
        let began = clock::now();
        let result = std::panic::catch_unwind(|| {
            let _late = support::OnDrop::new(|| sleep(HOUR));
            std::panic::resume_unwind(Box::new(()));
        });
        assert!(result.is_err());
        assert_eq!(clock::now() - began, HOUR);
    });
}

#[test]
fn what_is_offloaded_has_its_time_before_a_timer_goes_off() {
    // More than a busy machine needs to start a thread.
    Config::new().patience(Duration::from_secs(20)).run(|| {
        let began = clock::now();
        let result = timeout(HOUR, || osier::thread::offload(|| 7));
        assert_eq!(result, Ok(7));
        assert_eq!(clock::now(), began);
    });
}

#[test]
fn the_world_outside_has_its_time_again_after_each_task_that_ran() {
    let config = Config::new().shuffled(false).patience(Duration::from_secs(1));
    config.run(|| {
        let (near, far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let near = Source::new(near);
        let listener = osier::Builder::new().daemon(true).spawn(move || near.wait_readable(None));
        let began = clock::now();
        sleep(HOUR); // the silence of its peer was waited for
        assert_eq!(
            timeout(HOUR, || osier::thread::offload(|| support::spin(support::SHORT))),
            Ok(())
        );
        assert_eq!(clock::now() - began, HOUR);
        listener.unwrap().kill();
        drop(far);
    });
}

#[test]
fn a_descriptor_is_heard_while_others_give_way_and_time_stands_still() {
    in_order(|| {
        let busy = spawn(|| {
            loop {
                yield_now();
            }
        });
        let (near, mut far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let near = Source::new(near);
        let began = clock::now();
        let peer = spawn(move || far.write_all(b"x"));
        near.wait_readable(None).unwrap();
        assert_eq!(clock::now(), began);
        peer.join().unwrap().unwrap();
        busy.kill();
    });
}

#[test]
fn what_takes_longer_than_the_patience_is_overtaken() {
    let (say, wait) = std::sync::mpsc::channel();
    Config::new().patience(Duration::from_millis(1)).run(move || {
        let result = timeout(HOUR, || osier::thread::offload(move || wait.iter().next()));
        assert!(result.is_err());
        say.send(()).unwrap();
    });
}

#[test]
fn descriptors_are_heard_before_time_jumps_and_a_silent_one_times_out() {
    Config::new().patience(Duration::ZERO).run(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        let near = Source::new(near);
        let peer = spawn(move || {
            sleep(HOUR);
            far.write_all(b"x").unwrap();
            far
        });
        let read = || {
            let once = |mut near: &UnixStream| {
                near.read(&mut [0; 8]).map(|value| Got { value, drained: false })
            };
            near.read(clock::deadline(2 * HOUR), once)
        };
        let began = clock::now();
        assert_eq!(read().unwrap(), 1);
        assert_eq!(clock::now() - began, HOUR);
        assert_eq!(read().unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(clock::now() - began, 3 * HOUR);
        peer.join().unwrap();
    });
}

/// Who runs when, of five tasks that give way five times each.
fn order_by(config: &Config) -> Vec<usize> {
    config.run(|| {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let tasks: Vec<_> = (0..5)
            .map(|n| {
                let seen = seen.clone();
                spawn(move || {
                    for _ in 0..5 {
                        seen.borrow_mut().push(n);
                        yield_now();
                    }
                })
            })
            .collect();
        osier::join_all(tasks);
        seen.take()
    })
}

#[test]
fn a_seed_repeats_an_order_and_another_gives_another() {
    let order = |seed| order_by(&Config::new().seed(seed));
    assert_eq!(order(1), order(1));
    assert!((2..10).any(|seed| order(seed) != order(1)));
    let real = |seed| order_by(&Config::new().virtual_clock(false).seed(seed));
    assert_eq!(real(1), order(1), "the order does not hang on the clock");
    let plain = order_by(&Config::new().shuffled(false));
    assert_eq!(plain, [0, 1, 2, 3, 4].repeat(5));
}

#[test]
fn every_order_of_few_tasks_is_met() {
    let mut met = std::collections::BTreeSet::new();
    testing::check(200, |_| {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let note = |n: u8| {
            let seen = seen.clone();
            spawn(move || seen.borrow_mut().push(n))
        };
        osier::join_all([note(0), note(1), note(2)]);
        met.insert(seen.take());
    });
    assert_eq!(met.len(), 6, "{met:?}");
}

#[test]
fn a_check_finds_the_order_that_loses_an_addition() {
    let found = support::swallow(|| {
        testing::check(100, |_| {
            let sum = Rc::new(Cell::new(0));
            let tasks: Vec<_> = (0..2)
                .map(|_| {
                    let sum = sum.clone();
                    spawn(move || {
                        let before = sum.get();
                        yield_now();
                        sum.set(before + 1);
                    })
                })
                .collect();
            osier::join_all(tasks);
            assert_eq!(sum.get(), 2);
        });
    });
    assert!(found);
}

#[test]
fn the_seed_is_printed_when_a_run_panics_and_can_be_set() {
    let test = "the_seed_is_printed_when_a_run_panics_and_can_be_set";
    let child = in_child(test, || {
        testing::check(10, |random| assert!(random.below(4) > 0, "drawn"));
    });
    let stderr = String::from_utf8(child.stderr).unwrap();
    let line = stderr.lines().find(|line| line.contains("OSIER_SEED=")).expect(&stderr);
    let (_, seed) = line.split_once('=').unwrap();
    let seed: u64 = seed.parse().expect("a number, that can be copied");
    assert_eq!(Random::new(!seed).below(4), 0, "it is the one that failed");
}

#[test]
fn a_bad_seed_is_an_error_that_names_it_cf_01() {
    let program = std::env::current_exe().unwrap();
    let run = |name: &str, value: &str| {
        let mut command = std::process::Command::new(&program);
        let test = "sleeps_take_no_time_and_exactly_as_long_as_they_say";
        let child = command.args([test, "--exact", "--nocapture"]).env(name, value).output();
        let child = child.unwrap();
        (child.status.success(), String::from_utf8(child.stderr).unwrap())
    };
    for name in ["OSIER_SEED", "OSIER_TRACK", "OSIER_OFFLOAD", "OSIER_GUARD"] {
        let (passed, stderr) = run(name, "nonsense");
        assert!(!passed && stderr.contains(&format!("{name}=nonsense: say ")), "{stderr}");
    }
    let (passed, stderr) = run("OSIER_SEED", "5");
    assert!(passed, "{stderr}");
}

#[test]
fn waiting_until_all_are_parked_waits_for_what_is_ready_and_for_no_timer() {
    testing::run(|| {
        let began = clock::now();
        let steps = Rc::new(Cell::new(0));
        let tasks: Vec<_> = (0..3)
            .map(|n| {
                let steps = steps.clone();
                spawn(move || {
                    (0..10 * n).for_each(|_| yield_now());
                    steps.set(steps.get() + 1);
                    sleep(HOUR);
                    steps.set(steps.get() + 1);
                })
            })
            .collect();
        wait_all_parked();
        assert_eq!((steps.get(), clock::now()), (3, began));
        osier::join_all(tasks);
        assert_eq!(steps.get(), 6);
    });
    assert!(text_of(wait_all_parked).contains("testing::run"));
}
