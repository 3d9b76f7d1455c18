//! What waits and what computes: one after the other, in tasks, and in OS threads.
//!
//! In Python: the same two functions under a loop, threads and processes, timed. There threads help what waits and
//! processes help what computes; here tasks help what waits, for less than threads, and threads help what computes.

use std::hint::black_box;
use std::time::Duration;

use osier::thread::ThreadPoolExecutor;

const JOBS: usize = 40;
const WAIT: Duration = Duration::from_millis(10);

/// Bound by IO: nearly all of its time it waits.
fn wait() {
    osier::sleep(WAIT); // on a plain thread this is the sleep of std
}

/// Bound by the processor.
fn compute() {
    black_box((0..black_box(100_000_u64)).fold(0, |sum: u64, n| sum.wrapping_mul(31) ^ n));
}

fn timed(what: &str, how: &str, f: impl FnOnce()) -> Duration {
    let began = osier::clock::now();
    f();
    let took = began.elapsed();
    println!("{what} {how}: {took:.1?}");
    took
}

fn one_by_one(job: fn()) {
    (0..JOBS).for_each(|_| job());
}

fn in_tasks(job: fn()) {
    osier::run(|| osier::join_all((0..JOBS).map(|_| osier::spawn(job))));
}

fn in_threads(job: fn()) {
    let pool = ThreadPoolExecutor::new(JOBS);
    pool.map(0..JOBS, move |_| job()).for_each(|done| done.expect("nobody panics"));
}

fn main() {
    let all = timed("waiting", "one by one", || one_by_one(wait));
    let tasks = timed("waiting", "in tasks", || in_tasks(wait));
    let threads = timed("waiting", "in threads", || in_threads(wait));
    assert!(all >= WAIT * JOBS as u32);
    let helps = |took| if took < all * 3 / 4 { "help" } else { "do not help" };
    println!("what waits: tasks {}, threads {}", helps(tasks), helps(threads));

    timed("computing", "one by one", || one_by_one(compute));
    timed("computing", "in tasks", || in_tasks(compute));
    timed("computing", "in threads", || in_threads(compute));
    println!("what computes: tasks take turns on one core, threads have as many as there are");
}
