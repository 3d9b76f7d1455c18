//! Tasks, OS threads and processes, by what they are for: waiting, computing, and what it takes to begin. Processes by fork.
//!
//! In Python: gevent, `threading` and `multiprocessing`, timed side by side. There threads help only what waits, as they share one
//! interpreter; here they help what computes as well, and tasks help what waits for far less.

use std::hint::black_box;
use std::time::Duration;

use osier::process::Process;
use osier::thread::ThreadPoolExecutor;

const JOBS: usize = 20;
const WAIT: Duration = Duration::from_millis(20);

/// Bound by IO: nearly all of its time it waits.
fn wait() {
    osier::sleep(WAIT); // on a plain thread this is the sleep of std
}

/// Bound by the processor.
fn compute() {
    black_box((0..black_box(200_000_u64)).fold(0, |sum: u64, n| sum.wrapping_mul(31) ^ n));
}

fn nothing() {}

/// Does a job so many times.
type How = fn(usize, fn());

fn one_by_one(jobs: usize, job: fn()) {
    (0..jobs).for_each(|_| job());
}

fn by_tasks(jobs: usize, job: fn()) {
    osier::join_all((0..jobs).map(|_| osier::spawn(job)));
}

fn by_threads(jobs: usize, job: fn()) {
    let pool = ThreadPoolExecutor::new(jobs);
    pool.map(0..jobs, move |_| job()).for_each(|done| done.expect("nobody panics"));
    pool.shutdown(); // waits for their ends: a fork is refused next to other OS threads
}

fn by_processes(jobs: usize, job: fn()) {
    let start = |_| Process::fork(job).expect("there is room for them");
    let all: Vec<Process> = (0..jobs).map(start).collect();
    assert!(all.iter().all(|one| one.join().is_success()));
}

fn timed(f: impl FnOnce()) -> Duration {
    let began = osier::clock::now();
    f();
    began.elapsed()
}

fn main() {
    let hows: [(&str, How); 4] = [
        ("one by one", one_by_one),
        ("tasks", by_tasks),
        ("OS threads", by_threads),
        ("processes", by_processes),
    ];
    println!("{JOBS} jobs    |   waiting | computing | start-up of one");
    let rows = osier::run(|| {
        hows.map(|(name, how)| {
            let waiting = timed(|| how(JOBS, wait));
            let computing = timed(|| how(JOBS, compute));
            let begins = (0..5).map(|_| timed(|| how(1, nothing))).min().expect("five");
            println!("{name:<10} | {waiting:>9.1?} | {computing:>9.1?} | {begins:>9.1?}");
            (waiting, begins)
        })
    });
    let [all, others @ ..] = rows.map(|row| row.0);
    println!("what waits: all three help: {}", others.iter().all(|took| *took < all * 3 / 4));
    println!("what computes: tasks take turns on one core, the others have as many as there are");
    let [_, task, thread, process] = rows.map(|row| row.1);
    println!("to start: a task costs less than either: {}", task < thread.min(process));
}
