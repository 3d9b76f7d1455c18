//! Pools of worker processes: what dies, what is shared, and where they work.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/pools.rs"]
mod pools;

use std::time::Duration;

use alone::tests;
use osier::process::pool::{Pool, TaskError};
use osier::process::{ExitStatus, Process, active_children, current, functions, pipe};
use pools::{all_gone, finish, open_files, task_error};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Longer than any test.
const FOREVER: u64 = 3_600_000;

functions! {
    fn square(n: u64) -> u64 { n * n }
    fn worker_pid() -> u32 { std::process::id() }
    fn nap(ms: u64) -> u64 { osier::sleep(Duration::from_millis(ms)); ms }
    fn panics(text: String) { panic!("{text}") }
    fn leaves(code: i32) { std::process::exit(code) }
    fn burn(rounds: u64) -> u64 { (0..rounds).fold(1, |x: u64, i| std::hint::black_box(x.wrapping_mul(31) ^ i)) }
    fn name() -> String { current().name().to_string() }
    fn tell(line: pipe::Writer<u32>, n: u32) { line.send(&n).unwrap(); }

    /// Tells that it has begun, waits for a word, and gives it back.
    fn meet(told: pipe::Writer<u64>, word: pipe::Reader<u64>, n: u64) -> u64 {
        told.send(&n).unwrap();
        word.recv().unwrap()
    }
}

tests! {
    #[test]
    fn a_worker_that_dies_fails_what_it_held_and_is_replaced_pl_09_c_16() {
        osier::run(|| {
            let pool = Pool::new(2).unwrap();
            let pids = pool.pids();
            let calls: Vec<_> = (0..200).map(|n| pool.apply_async(square, (n,))).collect();
            let dies = pool.apply_async(leaves, (7,));
            let more: Vec<_> = (0..200).map(|n| pool.apply_async(square, (n,))).collect();
            let TaskError::WorkerDied { pid, status } = task_error(dies.result()) else { panic!("it has died") };
            assert!(pids.contains(&pid) && status == ExitStatus::Code(7));
            for (n, call) in calls.into_iter().chain(more).enumerate() {
                let n = n as u64 % 200;
                assert_eq!(call.result().unwrap(), n * n);
            }
            assert_eq!(pool.pids().len(), 2);
            assert!(!pool.pids().contains(&pid));
            finish(&pool);
        });
    }

    #[test]
    fn of_a_worker_that_is_killed_only_what_had_begun_is_lost_pl_09_c_16() {
        osier::run(|| {
            let pool = Pool::new(1).unwrap();
            // It has shown that it is quick, so that it is given several.
            pool.chunks(1).map(square, 0..2000).unwrap();
            let (near, told) = pipe::simplex().unwrap();
            let (word, _say) = pipe::simplex().unwrap();
            let held = pool.apply_async(meet, (told, word, 1));
            let waiting: Vec<_> = (0..50).map(|n| pool.apply_async(square, (n,))).collect();
            near.recv().unwrap();
            let pid = pool.pids()[0];
            let killed = active_children().into_iter().find(|child| child.pid() == pid).unwrap();
            killed.kill().unwrap();
            let status = ExitStatus::Signal(9);
            assert_eq!(task_error(held.result()), TaskError::WorkerDied { pid, status });
            for (n, call) in waiting.into_iter().enumerate() {
                assert_eq!(call.result().unwrap(), (n * n) as u64);
            }
            finish(&pool);
        });
    }

    #[test]
    fn no_call_waits_behind_a_long_one_and_each_is_made_once_pl_09() {
        osier::run(|| {
            let pool = Pool::new(2).unwrap();
            pool.chunks(1).map(square, 0..4000).unwrap();
            let (near, told) = pipe::simplex().unwrap();
            let (word, say) = pipe::simplex().unwrap();
            let slow = pool.apply_async(meet, (told, word, 1));
            let (calls, made) = pipe::simplex().unwrap();
            let tells = |n| pool.apply_async(tell, (made.try_clone().unwrap(), n));
            let short: Vec<_> = (0..100).map(tells).collect();
            for call in short {
                call.result().unwrap();
            }
            assert_eq!(near.recv().unwrap(), 1);
            assert!(slow.is_running());
            say.send(&2).unwrap();
            assert_eq!(slow.result().unwrap(), 2);
            finish(&pool);
            drop(made);
            let mut all: Vec<u32> = calls.iter().collect();
            all.sort_unstable();
            assert!(all.into_iter().eq(0..100), "each was made once");
        });
    }

    #[test]
    fn a_worker_makes_many_calls_at_once_pl_10() {
        osier::run(|| {
            let pool = Pool::builder().workers(1).tasks_per_worker(2000).build().unwrap();
            pool.apply(worker_pid, ()).unwrap();
            let began = osier::clock::now();
            let calls: Vec<_> = (0..2000).map(|_| pool.apply_async(nap, (300,))).collect();
            assert!(calls.into_iter().all(|call| call.result().unwrap() == 300));
            let took: Duration = osier::clock::now() - began;
            assert!(took < Duration::from_secs(20), "{took:?}: one after the other takes ten minutes");
            let why = pool.apply(panics, ("one of many".into(),)).unwrap_err();
            assert_eq!(why.message(), Some("one of many"));
            finish(&pool);
        });
    }

    #[test]
    fn a_pool_works_on_any_thread_and_in_a_child_pl_10() {
        let thread = std::thread::spawn(|| {
            osier::run(|| {
                let pool = Pool::new(1).unwrap();
                assert_eq!(pool.apply(square, (4,)).unwrap(), 16);
                finish(&pool);
            });
        });
        thread.join().unwrap();
        osier::run(|| {
            let child = Process::fork(|| {
                let pool = Pool::new(1).unwrap();
                assert_eq!(pool.apply(square, (4,)).unwrap(), 16);
            });
            assert!(child.unwrap().join().is_success());
            let pool = Pool::builder().workers(1).name("digger").build().unwrap();
            assert_eq!(pool.apply(name, ()).unwrap(), "digger-1");
            drop(pool);
            all_gone();
        });
    }

    #[test]
    fn a_pool_that_cannot_be_started_leaves_nothing_behind_pl_05() {
        osier::run(|| {
            let all = getrlimit(Resource::Nofile);
            finish(&Pool::new(1).unwrap()); // the lifeline is there now
            osier::sleep(Duration::from_millis(20));
            let files = open_files() as u64;
            for more in 0..20 {
                setrlimit(Resource::Nofile, Rlimit { current: Some(files + more), ..all }).unwrap();
                let pool = Pool::new(2);
                setrlimit(Resource::Nofile, all).unwrap();
                drop(pool.map(|pool| drop(pool.apply(square, (1,)))));
                all_gone();
                osier::sleep(Duration::from_millis(20));
                assert_eq!(open_files() as u64, files, "{more}");
            }
        });
    }

    #[test]
    fn workers_end_when_their_parent_is_killed_pl_10() {
        osier::run(|| {
            let (near, far) = pipe::simplex().unwrap();
            let child = Process::fork(move || {
                let pool = Pool::builder().workers(2).tasks_per_worker(10).build().unwrap();
                let _naps: Vec<_> = (0..10).map(|_| pool.apply_async(nap, (FOREVER,))).collect();
                pool.apply(square, (1,)).unwrap();
                far.send(&pool.pids()).unwrap();
                osier::sleep(Duration::from_millis(FOREVER));
            });
            let child = child.unwrap();
            let pids: Vec<u32> = near.recv().unwrap();
            child.kill().unwrap();
            child.join();
            let began = osier::clock::now();
            // Nobody of ours reaps them: they are init's, or zombies if there is none.
            let runs = |pid: &u32| {
                let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
                stat.rsplit(") ").next().is_some_and(|rest| !rest.is_empty() && !rest.starts_with('Z'))
            };
            while pids.iter().any(runs) {
                assert!(began.elapsed() < Duration::from_secs(1));
                osier::sleep(Duration::from_millis(1));
            }
        });
    }

    #[test]
    fn two_workers_do_nearly_twice_as_much_pl_10() {
        osier::run(|| {
            if osier::process::cpu_count() < 2 {
                return println!("not tried: there is one processor");
            }
            let by_pool = |workers: usize| {
                let pool = Pool::new(workers).unwrap();
                pool.chunks(1).map(burn, vec![1; 2 * workers]).unwrap();
                let began = osier::clock::now();
                pool.chunks(1).map(burn, [200_000; 40]).unwrap();
                let took = began.elapsed();
                finish(&pool);
                took.as_secs_f64()
            };
            let by_hand = |workers: usize| {
                let began = osier::clock::now();
                let share = 40 / workers as u64;
                let start = |_| Process::fork(move || _ = burn(share * 200_000)).unwrap();
                let all: Vec<Process> = (0..workers).map(start).collect();
                assert!(all.iter().all(|one| one.join().is_success()));
                began.elapsed().as_secs_f64()
            };
            // Others may use the processors: so next to what processes without a pool gain then.
            let mut tries = Vec::new();
            for _ in 0..8 {
                let bare = by_hand(1) / by_hand(2);
                let ours = by_pool(1) / by_pool(2);
                if ours >= 1.8 || ours >= 0.9 * bare {
                    return;
                }
                tries.push((bare, ours));
            }
            panic!("2 workers are so many times as fast as one, bare and in a pool: {tries:.2?}");
        });
    }

    #[test]
    fn a_pool_may_outlive_its_hub_pl_05() {
        let began = osier::clock::now();
        let pool = osier::run(|| {
            let pool = Pool::new(2).unwrap();
            let _call = pool.apply_async(nap, (FOREVER,));
            osier::sleep(Duration::from_millis(20));
            pool
        });
        drop(pool);
        assert!(began.elapsed() < Duration::from_secs(10));
        osier::run(all_gone);
    }
}
