//! The pool, with real threads.

use std::fs;
use std::io;
use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Barrier};
use std::thread::{self, ThreadId};
use std::time::Duration;

use super::{Job, Pool, SpawnError, Stats};
use crate::clock;

/// Long enough for anything; a test that waits this long has failed.
const LONG: Duration = Duration::from_secs(10);

/// A pool that lives as long as a static one. Its threads stay, unless the test says otherwise.
fn pool(name: &'static str, max: usize) -> &'static Pool {
    Box::leak(Box::new(Pool::new(name, max).idle_time(LONG * 100)))
}

#[expect(clippy::disallowed_methods, reason = "a test is an OS thread, and has no tasks to stop")]
fn receive<T>(from: &Receiver<T>) -> T {
    from.recv_timeout(LONG).expect("a job has sent")
}

fn submit(pool: &'static Pool, job: impl FnOnce() + Send + 'static) {
    pool.submit(Box::new(job)).expect("a thread");
}

/// Submits a job that tells which thread runs it.
fn submit_id(pool: &'static Pool, to: &Sender<ThreadId>) {
    let to = to.clone();
    submit(pool, move || to.send(thread::current().id()).expect("the test listens"));
}

fn wait_for(pool: &Pool, stats: Stats) {
    let start = clock::now();
    while pool.stats() != stats {
        assert!(start.elapsed() < LONG, "{:?} is not {stats:?}", pool.stats());
        thread::yield_now();
    }
}

/// Makes `count` threads, all at work at once, and waits until they are idle.
fn warm_up(pool: &'static Pool, count: usize) {
    let barrier = Arc::new(Barrier::new(count));
    for _ in 0..count {
        let barrier = barrier.clone();
        submit(pool, move || _ = barrier.wait());
    }
    wait_for(pool, Stats { threads: count, idle: count, queued: 0 });
}

/// Waits until this process has so many threads whose names begin so, as the kernel sees it.
fn wait_for_kernel(prefix: &str, count: usize) {
    let start = clock::now();
    while kernel_threads(prefix) != count {
        assert!(start.elapsed() < LONG, "{} threads named {prefix}", kernel_threads(prefix));
        thread::yield_now();
    }
}

fn kernel_threads(prefix: &str) -> usize {
    let tasks = fs::read_dir("/proc/self/task").expect("procfs");
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    names.filter(|name| name.starts_with(prefix)).count()
}

#[test]
fn runs_as_many_at_once_as_it_may_and_never_more() {
    let pool = pool("bound", 4);
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let barrier = Arc::new(Barrier::new(4)); // nobody passes unless four run at once
    let (to, from) = channel();
    for _ in 0..64 {
        let (running, most) = (running.clone(), most.clone());
        let (barrier, to) = (barrier.clone(), to.clone());
        submit(pool, move || {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            barrier.wait();
            running.fetch_sub(1, Ordering::SeqCst);
            to.send(()).expect("the test listens");
        });
    }
    for _ in 0..64 {
        receive(&from);
    }
    assert_eq!(most.load(Ordering::SeqCst), 4);
    wait_for(pool, Stats { threads: 4, idle: 4, queued: 0 });
}

#[test]
fn starts_nothing_before_there_is_work() {
    static POOL: Pool = Pool::new("static", 4);
    assert_eq!(POOL.stats(), Stats { threads: 0, idle: 0, queued: 0 });
    let (to, from) = channel();
    submit_id(&POOL, &to);
    assert_ne!(receive(&from), thread::current().id());
    assert_eq!(POOL.stats().threads, 1);
}

#[test]
fn uses_an_idle_thread_again() {
    let pool = pool("reuse", 8);
    let (to, from) = channel();
    submit_id(pool, &to);
    let first = receive(&from);
    for _ in 0..100 {
        wait_for(pool, Stats { threads: 1, idle: 1, queued: 0 });
        submit_id(pool, &to);
        assert_eq!(receive(&from), first);
    }
}

#[test]
fn runs_jobs_in_their_order() {
    let pool = pool("order", 1);
    let (to, from) = channel();
    for i in 0..100 {
        let to = to.clone();
        submit(pool, move || to.send(i).expect("the test listens"));
    }
    let got: Vec<i32> = (0..100).map(|_| receive(&from)).collect();
    assert_eq!(got, (0..100).collect::<Vec<_>>());
}

#[test]
fn names_its_threads() {
    let pool = pool("name", 2);
    let (to, from) = channel();
    submit(pool, move || to.send(thread::current().name().map(str::to_owned)).expect("listens"));
    assert_eq!(receive(&from).as_deref(), Some("osier-name-1"));
}

#[test]
fn survives_panics() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic::resume_unwind(Box::new("a payload that panics in its turn"));
        }
    }
    let pool = pool("panic", 1);
    let (to, from) = channel();
    submit_id(pool, &to);
    submit(pool, || panic::resume_unwind(Box::new("provoked")));
    submit(pool, || panic::resume_unwind(Box::new(Bomb)));
    submit_id(pool, &to);
    assert_eq!(receive(&from), receive(&from), "the thread is still the same");
    wait_for(pool, Stats { threads: 1, idle: 1, queued: 0 });
}

#[test]
fn lets_threads_leave_when_there_is_nothing_to_do() {
    let pool: &Pool =
        Box::leak(Box::new(Pool::new("leave", 3).idle_time(Duration::from_millis(5))));
    let (to, from) = channel();
    for _ in 0..3 {
        submit_id(pool, &to);
        receive(&from);
        wait_for(pool, Stats { threads: 0, idle: 0, queued: 0 });
    }
}

#[test]
fn grows_and_shrinks_as_told() {
    let pool = pool("resize", 1);
    warm_up(pool, 1);
    pool.set_max(3);
    warm_up(pool, 3);
    pool.set_max(2);
    wait_for(pool, Stats { threads: 2, idle: 2, queued: 0 });
    warm_up(pool, 2);
}

#[test]
fn runs_every_job_while_it_shrinks() {
    const JOBS: usize = 300;
    let pool = pool("squeeze", 4);
    let (to, from) = channel();
    for i in 0..JOBS {
        submit_id(pool, &to);
        pool.set_max(1 + i % 4);
    }
    for _ in 0..JOBS {
        receive(&from);
    }
}

#[test]
fn retires_idle_threads_to_the_last_one() {
    let pool = pool("retire", 3);
    for _ in 0..3 {
        warm_up(pool, 3);
        wait_for_kernel("osier-retire", 3);
        assert_eq!(pool.retire(Duration::ZERO), Stats { threads: 0, idle: 0, queued: 0 });
        wait_for_kernel("osier-retire", 0);
    }
}

#[test]
fn retires_around_a_thread_at_work() {
    let pool = pool("busy", 3);
    warm_up(pool, 3);
    let (go, wait) = channel::<()>();
    submit(pool, move || receive(&wait));
    wait_for(pool, Stats { threads: 3, idle: 2, queued: 0 });
    let left = pool.retire(Duration::from_millis(1));
    assert_eq!(left, Stats { threads: 1, idle: 0, queued: 0 });
    go.send(()).expect("the job listens");
    assert_eq!(pool.retire(LONG), Stats { threads: 0, idle: 0, queued: 0 });
    wait_for_kernel("osier-busy", 0);
}

#[test]
fn says_so_when_no_thread_is_to_be_had() {
    let pool = pool("refuse", 2);
    pool.refuse(true);
    let (to, from) = channel();
    let again = to.clone();
    let job: Job = Box::new(move || again.send(1).expect("listens"));
    let refused = pool.submit(job);
    let refused: SpawnError = refused.expect_err("no thread");
    assert_eq!(refused.error.kind(), io::ErrorKind::WouldBlock);
    assert_eq!(pool.stats(), Stats { threads: 0, idle: 0, queued: 0 });
    pool.refuse(false);
    pool.submit(refused.job).expect("the job has come back whole");
    assert_eq!(receive(&from), 1);
}

#[test]
fn makes_do_with_the_threads_that_it_has() {
    let pool = pool("few", 2);
    let (go, wait) = channel::<()>();
    let (to, from) = channel();
    submit(pool, move || receive(&wait));
    wait_for(pool, Stats { threads: 1, idle: 0, queued: 0 });
    pool.refuse(true);
    submit_id(pool, &to);
    assert_eq!(pool.stats(), Stats { threads: 1, idle: 0, queued: 1 });
    go.send(()).expect("the job listens");
    receive(&from);
}

#[test]
fn loses_no_job_between_threads_that_come_and_go() {
    let pool: &Pool =
        Box::leak(Box::new(Pool::new("churn", 3).idle_time(Duration::from_micros(50))));
    let (to, from) = channel();
    for i in 0..2000 {
        submit_id(pool, &to);
        if i % 3 == 0 {
            receive(&from);
        }
        if i % 100 == 0 {
            pool.retire(Duration::ZERO);
        }
    }
    for _ in 0..2000 - 2000_usize.div_ceil(3) {
        receive(&from);
    }
    wait_for(pool, Stats { threads: 0, idle: 0, queued: 0 });
}
