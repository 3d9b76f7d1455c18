//! Stacks: their size, how much of them was used, and what happens at their end.

mod support;

use std::hint::black_box;
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

use osier::{Builder, current, spawn, yield_now};
use support::in_child;

const SIGABRT: i32 = 6;

/// Uses that many KiB of stack, more or less.
#[inline(never)]
fn deep(kib: usize) -> usize {
    let page = black_box([1u8; 1024]);
    if kib == 0 { 0 } else { deep(kib - 1) + usize::from(page[kib % 1024]) }
}

#[test]
fn an_overflow_ends_the_process_and_names_the_task_and_the_remedy_c_30() {
    let name = "an_overflow_ends_the_process_and_names_the_task_and_the_remedy_c_30";
    let child = in_child(name, || {
        osier::run(|| {
            let others = [spawn(yield_now), spawn(yield_now)];
            yield_now();
            let task = Builder::new().name("bottomless").spawn(|| {
                yield_now();
                deep(1 << 20)
            });
            let _ = task.unwrap().join();
            drop(others);
        });
    });
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert_eq!(child.status.signal(), Some(SIGABRT), "{stderr}");
    assert!(stderr.contains("green thread 'bottomless' has overflowed its stack"), "{stderr}");
    assert!(stderr.contains("256 KiB") && stderr.contains("Builder::stack_size"), "{stderr}");
}

#[test]
fn an_overflow_of_the_main_task_and_of_an_os_thread_are_told_apart() {
    let name = "an_overflow_of_the_main_task_and_of_an_os_thread_are_told_apart";
    let child = in_child(name, || assert!(osier::run(|| deep(1 << 20)) > 0));
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert_eq!(child.status.signal(), Some(SIGABRT), "{stderr}");
    assert!(stderr.contains("green thread 'main' has overflowed its stack"), "{stderr}");
}

#[test]
fn an_os_threads_own_overflow_is_left_to_std() {
    let child = in_child("an_os_threads_own_overflow_is_left_to_std", || {
        osier::run(|| spawn(yield_now).join().unwrap());
        let thread = std::thread::Builder::new().name("heavy".into());
        let _ = thread.spawn(|| deep(1 << 20)).unwrap().join();
    });
    let stderr = String::from_utf8(child.stderr).unwrap();
    assert_eq!(child.status.signal(), Some(SIGABRT), "{stderr}");
    assert!(stderr.contains("thread 'heavy'"), "{stderr}");
    assert!(!stderr.contains("green thread"), "{stderr}");
}

#[test]
fn a_stack_holds_what_was_asked_for_c_30() {
    osier::run(|| {
        for mib in [1, 4, 64] {
            // A debug build takes up to three times what is counted.
            let task = Builder::new().stack_size(mib << 20).spawn(move || deep(mib << 8)).unwrap();
            assert_eq!(task.join().unwrap(), mib << 8);
        }
        assert_eq!(deep(2 << 10), 2 << 10, "the main task has room like a main thread's");
        assert!(spawn(|| deep(32)).join().is_ok());
    });
}

#[test]
fn a_small_stack_is_enough_for_a_small_task() {
    osier::run(|| {
        let task = Builder::new().stack_size(64 << 10).spawn(|| {
            yield_now();
            7
        });
        assert_eq!(task.unwrap().join().unwrap(), 7);
    });
}

#[test]
fn the_high_water_mark_follows_the_depth() {
    osier::run(|| {
        let mark = |kib: usize| {
            let builder = Builder::new().stack_size((2 << 20) + (kib << 10)); // a fresh one
            let task = builder.spawn(move || {
                let before = current().stack_high_water().unwrap();
                deep(kib);
                (before, current().stack_high_water().unwrap())
            });
            task.unwrap().join().unwrap()
        };
        let (before, shallow) = mark(16);
        assert!(before <= shallow && before < 64 << 10, "{before}");
        let (_, deep) = mark(400);
        assert!(deep >= 400 << 10, "{deep}");
        assert!(deep < (3 << 20), "{deep}");
        assert!(shallow < deep);
        let new = spawn(|| ());
        assert_eq!(new.task().stack_high_water(), None, "it has none yet");
    });
}

#[test]
fn a_stack_nobody_can_have_is_an_error_that_names_the_limit() {
    osier::run(|| {
        let error = Builder::new().stack_size(usize::MAX).spawn(|| ()).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::OutOfMemory);
        let text = error.to_string();
        assert!(text.contains(&usize::MAX.to_string()), "{text}");
        assert!(text.contains("address space"), "{text}");
        assert!(spawn(|| 7).join().is_ok());
    });
}

#[test]
fn more_stacks_than_there_is_room_for_are_errors_of_their_joins() {
    osier::run(|| {
        let task = || Builder::new().stack_size(1 << 40).spawn(yield_now);
        let tasks: Vec<_> = (0..300).filter_map(|_| task().ok()).collect();
        assert!(tasks.len() > 200, "each by itself can be had");
        let results = osier::join_all(tasks);
        let errors: Vec<_> = results.iter().filter_map(|result| result.as_ref().err()).collect();
        assert!(!errors.is_empty() && errors.len() < results.len());
        for error in errors {
            assert!(!error.is_panic() && !error.is_killed());
            let text = error.to_string();
            assert!(text.starts_with("the task got no stack: no stack of 1099511627776 bytes"));
            assert!(text.contains("vm.") || text.contains("RLIMIT"), "{text}");
        }
        assert_eq!(spawn(|| 7).join().unwrap(), 7, "others go on");
    });
}

#[test]
fn waves_of_tasks_woken_by_time_use_the_same_stacks_again() {
    let stacks = osier::run(|| {
        let wave = || {
            // Timers fire while others have not begun: ends meet beginnings in every order.
            let nap = |i: u64| move || osier::sleep(Duration::from_micros(i * 7919 % 20_000));
            osier::join_all((0..5000).map(|i| spawn(nap(i))));
            osier::stats()
        };
        [wave(), wave(), wave()]
    });
    for stats in stacks {
        assert!(stats.stacks <= 5001, "{stats:?}");
        assert_eq!(stats.idle_stacks + stats.tasks, stats.stacks, "{stats:?}");
    }
}
