//! Workers of pools that are killed at any moment.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/kills.rs"]
mod kills;
#[path = "support/pools.rs"]
mod pools;

use std::collections::BTreeSet;
use std::time::Duration;

use alone::tests;
use kills::{Lot, kills};
use osier::process::pool::{Pool, ProcessPoolExecutor, TaskError};
use osier::process::{active_children, functions};
use osier::thread::CallError;
use pools::open_files;

functions! {
    fn square(n: u64) -> u64 { n * n }
    fn long(bytes: u64) -> String { "x".repeat(bytes as usize) }
    fn nap(ms: u64) -> u64 { osier::sleep(Duration::from_millis(ms)); ms }
}

/// Rounds, and what is drawn.
fn rounds() -> (u64, Lot) {
    (kills(), Lot::new())
}

/// Kills a worker by lot, if there is one.
fn kill_one(pids: &[u32], lot: &mut Lot) {
    if pids.is_empty() {
        return;
    }
    let pid = pids[lot.below(pids.len() as u64) as usize];
    if let Some(child) = active_children().into_iter().find(|child| child.pid() == pid) {
        child.kill().unwrap();
    }
}

fn is_loss<T>(result: &Result<T, CallError>) -> bool {
    let error = result.as_ref().err().and_then(|error| error.downcast_ref());
    matches!(error, Some(TaskError::WorkerDied { .. }))
}

tests! {
    #[test]
    fn a_pool_survives_workers_that_are_killed_at_any_moment_pl_09_c_16() {
        let (rounds, mut lot) = rounds();
        osier::run(|| {
            let pool = Pool::new(2).unwrap();
            pool.apply(square, (1,)).unwrap();
            let files = open_files();
            let (mut lost, mut made) = (0, 0);
            for round in 0..rounds {
                let calls: Vec<_> = (0..60).map(|n| pool.apply_async(square, (n,))).collect();
                let big = pool.apply_async(long, (lot.below(3) * 300_000,));
                let naps: Vec<_> = (0..2).map(|_| pool.apply_async(nap, (lot.below(3),))).collect();
                osier::sleep(Duration::from_micros(lot.below(4000)));
                kill_one(&pool.pids(), &mut lot);
                let results: Vec<_> = calls.into_iter().map(|call| call.result()).collect();
                let dead = results.iter().filter(|result| is_loss(result)).count();
                for (n, result) in results.into_iter().enumerate() {
                    match result {
                        Ok(value) => assert_eq!(value, (n * n) as u64),
                        Err(error) => assert!(is_loss::<()>(&Err(error)), "round {round}"),
                    }
                }
                let naps = naps.into_iter().map(|call| call.result()).filter(is_loss).count();
                let dead = dead + naps + usize::from(is_loss(&big.result()));
                assert!(dead <= 1, "a worker that makes one call at once loses one: {dead} in round {round}");
                lost += dead;
                made += 63 - dead;
            }
            println!("{lost} lost, {made} made");
            while pool.pids().len() < 2 || pool.pending() > 0 {
                osier::sleep(Duration::from_millis(1));
            }
            assert_eq!(pool.apply(square, (9,)).unwrap(), 81);
            osier::sleep(Duration::from_millis(20));
            assert_eq!(open_files(), files);
            pool.close();
            pool.join().unwrap();
            assert!(active_children().is_empty());
        });
    }

    #[test]
    fn replacements_are_others_each_time_pl_09() {
        let (rounds, mut lot) = rounds();
        osier::run(|| {
            let pool = Pool::builder().workers(2).tasks_per_worker(10).build().unwrap();
            let mut seen = BTreeSet::new();
            for _ in 0..rounds.div_ceil(5) {
                seen.extend(pool.pids());
                let calls: Vec<_> = (0..40).map(|n| pool.apply_async(nap, (n % 5,))).collect();
                osier::sleep(Duration::from_micros(lot.below(8000)));
                kill_one(&pool.pids(), &mut lot);
                let lost = calls.into_iter().filter(|_| true).map(|call| call.result()).filter(is_loss).count();
                assert!(lost <= 10, "{lost}");
                assert_eq!(pool.apply(square, (9,)).unwrap(), 81);
            }
            assert!(seen.len() > 2);
            pool.close();
            pool.join().unwrap();
        });
    }

    #[test]
    fn an_executor_breaks_whenever_a_worker_is_killed_fu_09() {
        let (rounds, mut lot) = rounds();
        osier::run(|| {
            for _ in 0..rounds.div_ceil(5) {
                let executor = ProcessPoolExecutor::new(2);
                let calls: Vec<_> = (0..30).map(|n| executor.submit(nap, (n % 3,)).unwrap()).collect();
                osier::sleep(Duration::from_micros(lot.below(20_000)));
                kill_one(&executor.pids(), &mut lot);
                for call in calls {
                    let result = call.result();
                    assert!(result.is_ok() || is_loss(&result));
                }
                executor.shutdown();
                assert!(active_children().is_empty());
            }
        });
    }
}
