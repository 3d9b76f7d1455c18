//! Executors of worker processes.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/log.rs"]
mod log;
#[path = "support/stubborn.rs"]
mod stubborn;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use alone::tests;
use osier::process::pool::{ProcessPoolExecutor, TaskError, Unsubmitted};
use osier::process::{ExitStatus, Process, active_children, functions, pipe};
use osier::thread::{CallError, ThreadPoolExecutor, Until, as_completed, wait};
use stubborn::Stubborn;

/// Longer than any test.
const FOREVER: u64 = 3_600_000;

functions! {
    fn square(n: u64) -> u64 { n * n }
    fn worker_pid() -> u32 { std::process::id() }
    fn nap(ms: u64) -> u64 { osier::sleep(Duration::from_millis(ms)); ms }
    fn refuses() -> Result<(), String> { Err("the door is shut".into()) }
    fn leaves(code: i32) { std::process::exit(code) }
    fn exits(code: i32) { osier::process::exit(code) }
    fn panics(text: String) { panic!("{text}") }
    fn takes_stubborn(_it: Stubborn) {}
    fn odd_panics(n: u64) -> u64 { assert_eq!(n % 2, 0, "{n} is odd"); n }

    fn meet(told: pipe::Writer<u64>, word: pipe::Reader<u64>, n: u64) -> u64 {
        told.send(&n).unwrap();
        word.recv().unwrap()
    }
}

fn task_error(error: &CallError) -> &TaskError {
    error.downcast_ref().unwrap_or_else(|| panic!("{error}"))
}

tests! {
    #[test]
    fn promises_are_as_those_of_threads_fu_09() {
        osier::run(|| {
            let executor = ProcessPoolExecutor::new(1);
            assert!(executor.pids().is_empty());
            let (near, told) = pipe::simplex().unwrap();
            let (word, say) = pipe::simplex().unwrap();
            let first = executor.submit(meet, (told, word, 1)).unwrap();
            near.recv().unwrap();
            let second = executor.submit(square, (2,)).unwrap();
            let third = executor.submit(square, (3,)).unwrap();
            assert!(first.is_running() && !first.cancel());
            assert!(!second.is_running() && second.cancel() && second.is_cancelled());
            say.send(&7).unwrap();
            assert_eq!(first.result().unwrap(), 7);
            assert_eq!(third.result().unwrap(), 9);
            assert!(second.result().unwrap_err().is_cancelled());
            let (into, out) = std::sync::mpsc::channel();
            let call = executor.submit(square, (4,)).unwrap();
            call.add_done_callback(move |result| into.send((std::process::id(), *result.as_ref().unwrap())).unwrap());
            call.wait();
            assert_eq!(out.try_recv().unwrap(), (std::process::id(), 16));
            let calls = [3, 2, 1].map(|n| executor.submit(square, (n,)).unwrap());
            let waited = wait(calls, Until::AllCompleted, Duration::from_secs(30));
            assert_eq!((waited.done.len(), waited.pending.len()), (3, 0));
            let calls = [3, 2, 1].map(|n| executor.submit(square, (n,)).unwrap());
            let results: BTreeSet<u64> = as_completed(calls).map(|call| call.result().unwrap()).collect();
            assert_eq!(results, BTreeSet::from([1, 4, 9]));
            let why = executor.submit(panics, ("no tea".into(),)).unwrap().result().unwrap_err();
            assert_eq!(why.message(), Some("no tea"));
            executor.shutdown();
            executor.shutdown();
            assert!(active_children().is_empty());
            let refused = executor.submit(square, (7,)).unwrap_err();
            assert!(matches!(refused.why, Unsubmitted::ShutDown) && refused.args == (7,));
        });
    }

    #[test]
    fn a_map_is_in_order_and_may_be_endless_fu_09() {
        osier::run(|| {
            let executor = ProcessPoolExecutor::new(2);
            let squares: Vec<u64> = executor.map(square, 0..50).map(Result::unwrap).collect();
            assert_eq!(squares, (0..50).map(|n| n * n).collect::<Vec<_>>());
            let squares: Vec<u64> = executor.map_chunks(square, 0..50, 7).map(Result::unwrap).collect();
            assert_eq!(squares.len(), 50);
            let even: Vec<u64> = executor.map_bounded(odd_panics, 0.., 3).take(10).flatten().collect();
            assert_eq!(even, [0, 2, 4, 6, 8]);
            assert_eq!(executor.pids().len(), 2);
            executor.shutdown();
        });
    }

    #[test]
    fn an_initializer_that_fails_breaks_it_with_its_reason_fu_08() {
        osier::run(|| {
            log::logged(|| {
                let executor = ProcessPoolExecutor::builder().workers(2).initializer(refuses, ()).build();
                let calls: Vec<_> = (0..3).map(|n| executor.submit(square, (n,)).unwrap()).collect();
                for call in calls {
                    let error = call.result().unwrap_err();
                    let TaskError::Broken(why) = task_error(&error) else { panic!("{error}") };
                    assert!(error.is_broken() && why.contains("has failed: the door is shut"), "{why}");
                }
                let refused = executor.submit(square, (1,)).unwrap_err();
                assert!(refused.to_string().contains("the door is shut"), "{refused}");
                executor.shutdown();
            });
            assert!(log::somebody_logged("the initializer of a worker has failed: the door is shut"));
        });
    }

    #[test]
    fn a_worker_that_dies_breaks_it_for_all_fu_09() {
        osier::run(|| {
            let executor = ProcessPoolExecutor::new(2);
            let busy = executor.submit(nap, (FOREVER,)).unwrap();
            let dies = executor.submit(leaves, (7,)).unwrap();
            let calls: Vec<_> = (0..100).map(|_| executor.submit(nap, (FOREVER,)).unwrap()).collect();
            for error in [dies.result().unwrap_err(), busy.result().unwrap_err()] {
                assert!(error.is_broken());
                assert!(matches!(task_error(&error), TaskError::WorkerDied { status: ExitStatus::Code(7), .. }), "{error}");
            }
            for call in calls {
                let error = call.result().unwrap_err();
                assert!(matches!(task_error(&error), TaskError::WorkerDied { .. }));
            }
            let refused = executor.submit(square, (1,)).unwrap_err();
            assert!(matches!(refused.why, Unsubmitted::Broken(TaskError::WorkerDied { .. })), "{refused}");
            executor.shutdown();
            assert!(active_children().is_empty());
        });
    }

    #[test]
    fn it_goes_on_if_it_was_told_to_fu_09() {
        osier::run(|| {
            let executor = ProcessPoolExecutor::builder().workers(1).replaces_workers().build();
            let dies = executor.submit(leaves, (7,)).unwrap();
            let calls: Vec<_> = (0..20).map(|n| executor.submit(square, (n,)).unwrap()).collect();
            assert!(dies.result().unwrap_err().is_broken());
            assert!(calls.into_iter().all(|call| call.result().is_ok()));
            executor.shutdown();
        });
    }

    #[test]
    fn what_cannot_be_sent_fails_alone_and_an_exit_is_told_fu_10() {
        osier::run(|| {
            let executor = ProcessPoolExecutor::builder().workers(1).replaces_workers().build();
            let call = executor.submit(takes_stubborn, (Stubborn,)).unwrap();
            let good = executor.submit(square, (3,)).unwrap();
            assert!(matches!(task_error(&call.result().unwrap_err()), TaskError::Argument(_)));
            assert_eq!(good.result().unwrap(), 9);
            for code in [0, 3] {
                let error = executor.submit(exits, (code,)).unwrap().result().unwrap_err();
                assert!(matches!(task_error(&error), TaskError::WorkerDied { status, .. } if *status == ExitStatus::Code(code)), "{error}");
            }
            assert_eq!(executor.submit(square, (4,)).unwrap().result().unwrap(), 16);
            executor.shutdown();
        });
    }

    #[test]
    fn workers_are_replaced_and_no_backlog_is_stranded_fu_11() {
        osier::run(|| {
            for forks in [false, true] {
                let plan = ProcessPoolExecutor::builder().workers(2).max_tasks_per_child(3);
                let executor = if forks { plan.fork().build() } else { plan.build() };
                let calls: Vec<_> = (0..30).map(|_| executor.submit(worker_pid, ()).unwrap()).collect();
                executor.close();
                let pids: Vec<u32> = calls.into_iter().map(|call| call.result().unwrap()).collect();
                let all: BTreeSet<u32> = pids.iter().copied().collect();
                assert!(all.len() >= 10, "{all:?}");
                for one in &all {
                    assert!(pids.iter().filter(|pid| *pid == one).count() <= 3);
                }
                executor.shutdown();
                assert!(active_children().is_empty());
            }
        });
    }

    #[test]
    fn workers_can_be_ended_with_what_they_do_fu_13() {
        osier::run(|| {
            for end in [ProcessPoolExecutor::terminate_workers, ProcessPoolExecutor::kill_workers] {
                let executor = ProcessPoolExecutor::new(2);
                let calls: Vec<_> = (0..10).map(|_| executor.submit(nap, (FOREVER,)).unwrap()).collect();
                osier::sleep(Duration::from_millis(20));
                end(&executor);
                for call in calls {
                    assert!(call.result().unwrap_err().is_broken());
                }
                assert!(matches!(executor.submit(square, (1,)).unwrap_err().why, Unsubmitted::ShutDown));
                end(&executor);
                executor.shutdown();
                assert!(active_children().is_empty());
                let idle = ProcessPoolExecutor::new(2);
                end(&idle);
                idle.shutdown();
            }
        });
    }

    #[test]
    fn a_fork_next_to_executors_has_executors_that_work_fu_14() {
        osier::run(|| {
            let threads = ThreadPoolExecutor::new(2);
            assert_eq!(threads.submit(|| 7).unwrap().result().unwrap(), 7);
            let executor = ProcessPoolExecutor::new(1);
            let busy = executor.submit(nap, (50,)).unwrap();
            let child = Process::fork(|| {
                let threads = ThreadPoolExecutor::new(2);
                assert_eq!(threads.submit(|| 7).unwrap().result().unwrap(), 7);
                let executor = ProcessPoolExecutor::new(1);
                assert_eq!(executor.submit(square, (3,)).unwrap().result().unwrap(), 9);
            });
            assert!(child.unwrap().join().is_success());
            assert_eq!(busy.result().unwrap(), 50);
            drop((executor, threads));
            while !active_children().is_empty() {
                osier::sleep(Duration::from_millis(1));
            }
        });
    }

    #[test]
    fn what_is_called_is_a_name_with_arguments_next_to_other_threads_c_17() {
        let stop = Arc::new(osier::thread::Event::new());
        let stopped = stop.clone();
        let other = std::thread::spawn(move || stopped.wait());
        osier::run(|| {
            let executor = ProcessPoolExecutor::new(1);
            assert_eq!(executor.submit(square, (5,)).unwrap().result().unwrap(), 25);
            let forks = ProcessPoolExecutor::builder().fork().build();
            let refused = forks.submit(square, (5,)).unwrap_err();
            assert!(matches!(refused.why, Unsubmitted::NoWorker(_)), "{refused}");
            assert_eq!(refused.args, (5,));
            executor.shutdown();
        });
        stop.set();
        other.join().unwrap();
    }

    #[test]
    fn dropped_it_makes_what_it_has_fu_14() {
        osier::run(|| {
            let executor = ProcessPoolExecutor::new(1);
            let calls: Vec<_> = (0..10).map(|n| executor.submit(square, (n,)).unwrap()).collect();
            drop(executor);
            assert!(calls.into_iter().all(|call| call.result().is_ok()));
            while !active_children().is_empty() {
                osier::sleep(Duration::from_millis(1));
            }
        });
    }
}
