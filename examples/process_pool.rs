//! A pool of processes, and callbacks in the parent. Workers begin anew (spawn): they call functions by name.
//!
//! In Python: `multiprocessing.Pool`, `apply_async(callback=)`, `map`, `imap`, `close`, `join`.

use osier::process::functions;
use osier::process::pool::{Pool, TaskError};
use osier::thread::CallError;

functions! {
    fn cube(n: u64) -> u64 {
        n * n * n
    }

    fn worker() -> u32 {
        std::process::id()
    }

    fn divide(a: i64, b: i64) -> i64 {
        assert!(b != 0, "there is no {a} / 0");
        a / b
    }

    fn leave(code: i32) {
        std::process::exit(code)
    }
}

fn main() -> Result<(), osier::process::StartError> {
    osier::run(|| {
        let pool = Pool::new(2)?;
        println!("cubes: {:?}", pool.map(cube, 1..=5).unwrap());

        let me = std::process::id();
        assert_ne!(pool.apply(worker, ()).unwrap(), me);
        let hears = move |result: &u64| {
            assert_eq!(std::process::id(), me); // callbacks run here
            println!("callback: {result}");
        };
        let warns = |error: &CallError| println!("error callback: {error}");
        pool.apply_async_with(cube, (10,), hears, warns).wait();
        let fails = pool.apply_async_with(divide, (1, 0), |_| println!("it went well"), warns);
        fails.wait();

        for quotient in pool.chunks(1).starmap_async(divide, [(9, 3), (8, 4)]).result().unwrap() {
            println!("quotient: {quotient}");
        }
        let lost = pool.apply(leave, (3,)).unwrap_err();
        if let Some(TaskError::WorkerDied { pid, status }) = lost.downcast_ref() {
            println!("a worker is lost, by {status}, and replaced: {}", !pool.pids().contains(pid));
        }
        let first: Vec<u64> = pool.imap(cube, 1..).take(3).map(Result::unwrap).collect();
        println!("of endless items: {first:?}");

        println!("join: {}", pool.join().unwrap_err());
        pool.close();
        println!("join: {:?}", pool.join());
        Ok(())
    })
}
