//! Looking at tasks: the tree, what is tracked, dumps on a signal, watches.

mod support;

use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use osier::inspect::{self, MemoryEvent, TaskState, Tracking, assert_switches, task_tree, tasks};
use osier::{Builder, clock, sleep, spawn, testing, yield_now};
use support::{FOREVER, in_child, spin, text_of};

/// Spawns one that waits for ever and is no reason to wait for.
fn sleeper(name: &str) {
    Builder::new().name(name).daemon(true).spawn(|| sleep(FOREVER)).unwrap();
}

fn depth_of(tree: &inspect::TaskTree, name: &str) -> usize {
    let named = |(_, task): &(usize, &inspect::TaskInfo)| task.name.as_deref() == Some(name);
    tree.iter().find(named).expect("it is there").0
}

#[test]
fn the_tree_has_each_task_below_the_one_that_spawned_it_ut_01() {
    testing::Config::new().shuffled(false).run(|| {
        inspect::track(Tracking::Tree);
        let boss = Builder::new().name("boss").daemon(true).spawn(|| {
            sleeper("left");
            sleeper("right");
            sleep(FOREVER);
        });
        let boss = boss.unwrap().id();
        sleeper("other");
        yield_now();
        let tree = task_tree();
        let depths = ["main", "boss", "left", "right", "other"].map(|name| depth_of(&tree, name));
        assert_eq!(depths, [0, 1, 2, 2, 1], "{tree}");
        let below = tree.below(boss).unwrap();
        let names: Vec<_> = below.iter().map(|(depth, task)| (depth, task.name.clone())).collect();
        let name = |name: &str| Some(name.to_owned());
        assert_eq!(names, [(0, name("boss")), (1, name("left")), (1, name("right"))]);
        let text = tree.to_string();
        let line = text.lines().find(|line| line.contains("'left'")).unwrap();
        assert!(
            line.starts_with("      task ") && line.contains(&format!(" by task {boss} ")),
            "{line}"
        );
        assert!(line.contains("spawned at tests/inspect.rs:") && line.contains(" ago"), "{line}");
    });
}

#[test]
fn what_an_ended_task_has_spawned_stands_at_the_margin_ut_01() {
    osier::run(|| {
        inspect::track(Tracking::Tree);
        spawn(|| sleeper("orphan")).join().unwrap();
        let tree = task_tree();
        assert_eq!(depth_of(&tree, "orphan"), 0);
        assert!(tree.iter().any(|(_, task)| task.parent.is_some()), "it is said all the same");
    });
}

#[test]
fn a_tree_may_be_deeper_than_a_stack_ut_01() {
    fn dig(depth: usize) {
        if depth > 0 {
            Builder::new()
                .daemon(true)
                .spawn(move || {
                    dig(depth - 1);
                    sleep(FOREVER);
                })
                .unwrap();
            yield_now();
        }
    }
    const DEPTH: usize = 5_000;
    osier::run(|| {
        inspect::track(Tracking::Tree);
        dig(DEPTH);
        osier::idle();
        let tree = task_tree();
        assert_eq!(tree.iter().map(|(depth, _)| depth).max(), Some(DEPTH));
        assert!(tree.to_string().lines().count() > DEPTH);
    });
}

#[test]
fn without_tracking_nothing_is_noted_ut_01() {
    osier::run(|| {
        sleeper("plain");
        yield_now();
        let plain = &tasks()[1];
        assert_eq!((plain.parent, plain.age, plain.waits_at()), (None, None, None));
        assert!(plain.waits_since.is_some() && plain.stack_used.unwrap() > 0);
        inspect::track(Tracking::Tree);
        sleeper("noted");
        inspect::track(Tracking::Off);
        sleeper("plain");
        let parents: Vec<bool> = tasks().iter().map(|task| task.parent.is_some()).collect();
        assert_eq!(parents, [false, false, true, false]);
    });
}

#[inline(never)]
fn the_function_that_waits() {
    sleep(FOREVER);
    std::hint::black_box(());
}

#[test]
fn the_place_of_a_wait_is_the_users_code_ut_01() {
    osier::run(|| {
        sleeper("early");
        yield_now();
        inspect::track(Tracking::Waits);
        Builder::new().name("late").daemon(true).spawn(the_function_that_waits).unwrap();
        yield_now();
        let seen = tasks();
        assert!(seen[1].waits_at().is_none(), "it began to wait before");
        let trace = seen[2].waits_at().expect("it is noted");
        let first = &trace.frames()[0];
        assert!(first.function.contains("the_function_that_waits"), "{trace}");
        assert!(first.place.as_ref().is_none_or(|place| place.contains("inspect.rs")), "{trace}");
        assert!(
            trace.frames().iter().all(|frame| !frame.function.contains("scheduler")),
            "{trace}"
        );
        assert!(osier::dump().to_string().contains("in inspect::the_function_that_waits"));
    });
}

#[test]
fn a_place_is_that_of_the_present_wait_alone_ut_01() {
    osier::run(|| {
        inspect::track(Tracking::Waits);
        let task = spawn(|| {
            sleep(Duration::from_millis(1));
            inspect::track(Tracking::Off);
            sleep(Duration::from_millis(20));
        });
        yield_now();
        assert!(tasks()[1].waits_at().is_some());
        sleep(Duration::from_millis(8));
        assert_eq!(tasks()[1].state, TaskState::Parked);
        assert!(tasks()[1].waits_at().is_none(), "what was noted was another wait's");
        task.join().unwrap();
    });
}

#[test]
fn the_environment_can_ask_for_tracking_cf_01() {
    let program = std::env::current_exe().unwrap();
    let test = "the_environment_can_ask_for_tracking_cf_01";
    if std::env::var_os("OSIER_TRACK").is_some() {
        osier::run(|| {
            let task = spawn(|| ());
            let seen = tasks().into_iter().find(|seen| seen.id == task.id()).unwrap();
            assert_eq!(seen.parent, Some(osier::current().id()));
        });
        return;
    }
    let status = Command::new(program).args([test, "--exact"]).env("OSIER_TRACK", "tree").status();
    assert!(status.unwrap().success());
}

#[test]
fn a_signal_brings_the_tasks_of_all_hubs_and_says_who_is_busy() {
    let test = "a_signal_brings_the_tasks_of_all_hubs_and_says_who_is_busy";
    let child = in_child(test, || {
        let (say, said) = mpsc::channel();
        let dumps = inspect::dump_on_signal_with(inspect::SIGUSR1, move |hubs| {
            say.send(hubs).unwrap();
        });
        let (release, released) = mpsc::channel::<()>();
        let (is_busy, busy) = mpsc::channel();
        let stuck = std::thread::spawn(move || {
            osier::run(move || {
                is_busy.send(()).unwrap();
                let _ = released.iter().next(); // stops the thread: that is the point
            });
        });
        busy.iter().next().unwrap();
        osier::run(move || {
            sleeper("sleepy");
            sleep(Duration::from_millis(1)); // the hub sleeps in the kernel from now on
            let hubs = osier::thread::offload(move || {
                let me = rustix::process::getpid();
                rustix::process::kill_process(me, rustix::process::Signal::USR1).unwrap();
                said.iter().next().unwrap()
            });
            let texts: Vec<String> = hubs.iter().map(|hub| hub.to_string()).collect();
            let count = |part: &str| texts.iter().filter(|text| text.contains(part)).count();
            assert_eq!(
                (texts.len(), count("holds it up"), count("'sleepy' (daemon): parked")),
                (2, 1, 1)
            );
            drop(release);
        });
        stuck.join().unwrap();
        drop(dumps);
        // Now it is again what it was: the end.
        let me = rustix::process::getpid();
        rustix::process::kill_process(me, rustix::process::Signal::USR1).unwrap();
        support::spin(Duration::from_secs(5));
    });
    use std::os::unix::process::ExitStatusExt;
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert_eq!(child.status.signal(), Some(10), "{stderr}");
}

#[test]
fn a_dump_on_a_signal_goes_to_stderr_and_interrupts_nothing() {
    let test = "a_dump_on_a_signal_goes_to_stderr_and_interrupts_nothing";
    let child = in_child(test, || {
        let _dumps = inspect::dump_on_signal().unwrap();
        osier::run(|| {
            sleeper("sleepy");
            yield_now();
            let me = rustix::process::getpid();
            rustix::process::kill_process(me, rustix::process::Signal::USR1).unwrap();
            let began = clock::now();
            sleep(Duration::from_millis(30));
            assert!(clock::now() - began >= Duration::from_millis(30));
        });
    });
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert!(child.status.success(), "{stderr}");
    assert!(stderr.starts_with("osier: hub 1: 2 tasks\n  task 1 'main'"), "{stderr}");
    assert!(stderr.contains("'sleepy' (daemon): parked"), "{stderr}");
}

#[test]
fn a_signal_has_one_reader_at_a_time_and_old_news_are_no_news() {
    let urgent = 23; // SIGURG: by default it is ignored
    let (say, said) = mpsc::channel();
    let raise = || {
        let me = rustix::process::getpid();
        rustix::process::kill_process(me, rustix::process::Signal::URG).unwrap();
    };
    let listen = || {
        let say = say.clone();
        inspect::dump_on_signal_with(urgent, move |_| say.send(()).unwrap())
    };
    let first = listen().unwrap();
    let second = listen().unwrap_err();
    assert_eq!(second.kind(), std::io::ErrorKind::ResourceBusy);
    raise();
    said.iter().next().unwrap();
    drop(first);
    raise(); // for nobody
    let third = listen().unwrap();
    raise();
    said.iter().next().unwrap();
    drop(third);
    drop(say);
    assert_eq!(said.iter().count(), 0);
}

#[test]
fn what_is_no_signal_is_refused() {
    for number in [-1, 0, 9, 19, 65, 1000] {
        let refused = inspect::dump_on_signal_with(number, |_| ());
        assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::InvalidInput, "{number}");
    }
}

#[test]
fn memory_over_its_limit_is_told_until_it_falls_mo_02() {
    let (say, said) = mpsc::channel();
    let limit = (support::rss_kib() + 40 * 1024) << 10;
    let watch = inspect::watch_memory(limit, Duration::from_millis(1), move |event| {
        say.send(event).unwrap();
    });
    let watch = watch.unwrap();
    let ballast = vec![1_u8; 100 << 20];
    assert!(
        matches!(said.iter().next().unwrap(), MemoryEvent::Over { resident, .. } if resident > limit)
    );
    drop(std::hint::black_box(ballast));
    let under = |event: &MemoryEvent| matches!(event, MemoryEvent::Under { .. });
    assert!(said.iter().any(|event| under(&event)), "it is told when it is over");
    drop(watch);
    assert_eq!(said.iter().next(), None, "the thread has ended");
}

#[test]
fn a_period_of_zero_is_refused_mo_02() {
    let refused = inspect::watch_memory(1, Duration::ZERO, |_| ());
    assert_eq!(refused.unwrap_err().kind(), std::io::ErrorKind::InvalidInput);
}

#[test]
fn code_that_lets_others_run_passes_and_gives_its_result_ut_02() {
    osier::run(|| {
        assert_eq!(assert_switches(None, yield_now), ());
        assert_eq!(assert_switches(FOREVER, || spawn(|| 7).join().unwrap()), 7);
    });
}

#[test]
fn code_that_does_not_is_found_ut_02() {
    osier::run(|| {
        let text = text_of(|| assert_switches(None, || 1 + 1));
        assert!(text.contains("no other task could run"), "{text}");
        // A wait that ends before it begins is none.
        let text = text_of(|| {
            assert_switches(None, || {
                let me = osier::Unparker::current();
                me.unpark();
                let _ = osier::park(osier::Reason::new("waiting"), None, || {});
            });
        });
        assert!(text.contains("no other task could run"), "{text}");
    });
}

#[test]
fn code_that_holds_the_hub_too_long_between_its_waits_is_found_ut_02() {
    osier::run(|| {
        let limit = Duration::from_millis(20);
        let text = text_of(|| {
            assert_switches(limit, || {
                yield_now();
                spin(2 * limit);
                yield_now();
            })
        });
        assert!(text.contains("the limit is 20.0ms"), "{text}");
        let other = spawn(move || spin(2 * limit));
        assert_switches(limit, yield_now); // that was the other's time
        other.join().unwrap();
    });
}

#[test]
fn an_assertion_inside_of_another_and_one_that_unwinds_ut_02() {
    osier::run(|| {
        assert_switches(None, || assert_switches(None, yield_now));
        let text = text_of(|| assert_switches(None, || panic!("its own")));
        assert_eq!(text, "its own");
        let task = spawn(|| assert_switches(None, || sleep(FOREVER)));
        yield_now();
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        assert_switches(None, yield_now);
    });
    let text = text_of(|| assert_switches(None, || ()));
    assert!(text.contains("osier::run"), "{text}");
}
