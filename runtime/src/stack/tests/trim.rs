//! What trimming gives back, seen in what is resident.

use std::time::{Duration, Instant};

use super::{peek, poke, touch};
use crate::stack::region::Guard;
use crate::stack::trim::WARM;
use crate::stack::{DEFAULT_SIZE, Pool, Stack, trim_below};
use crate::sys::memory;

const TICK: Duration = Duration::from_secs(1);

/// Trims until nothing is left to do at `now`; in how many calls.
fn trim_all(pool: &mut Pool, now: Instant) -> usize {
    (1..).find(|_| pool.trim(now) != Some(now)).expect("an end")
}

fn take(pool: &mut Pool, n: usize, bytes: usize) -> Vec<Stack> {
    let stacks: Vec<_> = (0..n).map(|_| pool.take(DEFAULT_SIZE).expect("a stack")).collect();
    stacks.iter().for_each(|s| touch(s, bytes));
    stacks
}

fn resident(pool: &mut Pool) -> usize {
    let stacks: Vec<_> =
        (0..pool.stats().idle).map(|_| pool.take(DEFAULT_SIZE).expect("a stack")).collect();
    let sum = stacks.iter().map(Stack::touched).sum();
    stacks.into_iter().rev().for_each(|s| pool.give(s));
    sum
}

#[test]
fn the_high_water_mark_is_the_lowest_page_touched() {
    let page = memory::page_size();
    let mut pool = Pool::new();
    for size in [DEFAULT_SIZE, 3 << 20] {
        let stack = pool.take(size).expect("a stack");
        assert_eq!(stack.touched(), 0);
        poke(stack.top() - 1);
        assert_eq!(stack.touched(), page);
        poke(stack.end() - 10 * page);
        assert_eq!(stack.touched(), 10 * page);
        poke(stack.limit());
        assert_eq!(stack.touched(), size);
    }
}

#[test]
fn what_lies_below_a_parked_task_is_given_back() {
    let stack = Pool::new().take(DEFAULT_SIZE).expect("a stack");
    touch(&stack, DEFAULT_SIZE);
    let page = memory::page_size();
    // The red zone reaches one byte into the page below.
    let sp = stack.end() - 5 * page + 127;
    // SAFETY: the stack is ours, and nothing below the red zone matters.
    unsafe { trim_below(&stack, sp) };
    assert_eq!(stack.touched(), 6 * page);
    assert_eq!(peek(stack.end() - 6 * page), 0xa5);
}

#[test]
fn a_stack_pointer_elsewhere_trims_nothing() {
    let stack = Pool::new().take(DEFAULT_SIZE).expect("a stack");
    touch(&stack, DEFAULT_SIZE);
    for sp in [0, stack.limit(), stack.limit() - 1, stack.end(), stack.end() + 1, usize::MAX] {
        // SAFETY: the stack is ours.
        unsafe { trim_below(&stack, sp) };
        assert_eq!(stack.touched(), DEFAULT_SIZE, "{sp:#x}");
    }
}

#[test]
fn idle_stacks_keep_their_warm_part_alone() {
    for kind in [Guard::Marker, Guard::Protection] {
        let mut pool = Pool::with_guard(kind);
        let start = crate::clock::now();
        let stacks = take(&mut pool, 10, DEFAULT_SIZE);
        assert_eq!(pool.trim(start), None);
        stacks.into_iter().for_each(|s| pool.give(s));
        assert_eq!(pool.trim(start), Some(start + TICK));
        assert_eq!(resident(&mut pool), 10 * DEFAULT_SIZE, "too early");
        trim_all(&mut pool, start + TICK);
        assert_eq!(resident(&mut pool), 10 * WARM, "{kind:?}");
    }
}

#[test]
fn a_wave_cools_within_seconds_but_not_at_once() {
    let mut pool = Pool::new();
    let start = crate::clock::now();
    pool.trim(start);
    take(&mut pool, 1000, 8192).into_iter().for_each(|s| pool.give(s));
    trim_all(&mut pool, start + TICK);
    assert_eq!(resident(&mut pool), 1000 * 8192, "a second wave would find all warm");
    trim_all(&mut pool, start + 2 * TICK);
    pool.trim(start + 2 * TICK);
    let mut seconds = 2;
    while let Some(next) = pool.trim(start + seconds * TICK) {
        assert!(next > start + seconds * TICK || pool.stats().cold < 1000);
        seconds += 1;
        trim_all(&mut pool, start + seconds * TICK);
    }
    assert!(seconds < 12, "{seconds} s");
    assert_eq!(pool.stats().cold, 1000 - 64);
    assert_eq!(resident(&mut pool), 64 * 8192);
}

#[test]
fn one_call_does_a_bounded_amount_of_work() {
    let mut pool = Pool::new();
    let start = crate::clock::now();
    pool.trim(start);
    take(&mut pool, 300, 4096).into_iter().for_each(|s| pool.give(s));
    assert_eq!(trim_all(&mut pool, start + TICK), 5, "four times 64 stacks, and 44");
    pool.trim(start + 20 * TICK);
    assert_eq!(pool.stats().cold, 64);
}

#[test]
fn stacks_that_are_out_are_never_trimmed() {
    let mut pool = Pool::new();
    let start = crate::clock::now();
    let out = take(&mut pool, 100, DEFAULT_SIZE);
    take(&mut pool, 100, DEFAULT_SIZE).into_iter().for_each(|s| pool.give(s));
    pool.trim(start);
    for seconds in 1..20 {
        trim_all(&mut pool, start + seconds * TICK);
    }
    assert!(out.iter().all(|s| s.touched() == DEFAULT_SIZE));
    assert_eq!(pool.stats().cold, 36);
}

#[test]
fn a_cold_stack_that_runs_again_is_warm_again() {
    let mut pool = Pool::new();
    let start = crate::clock::now();
    pool.trim(start);
    take(&mut pool, 100, 4096).into_iter().for_each(|s| pool.give(s));
    trim_all(&mut pool, start + TICK);
    trim_all(&mut pool, start + 20 * TICK);
    assert_eq!(pool.stats().cold, 36);
    take(&mut pool, 90, DEFAULT_SIZE).into_iter().for_each(|s| pool.give(s));
    assert_eq!(pool.stats().cold, 10);
    trim_all(&mut pool, start + 21 * TICK);
    assert_eq!(resident(&mut pool), 90 * WARM);
}

#[test]
#[ignore = "a measurement: cargo test --release -p osier-runtime trimming_costs -- --ignored --nocapture"]
fn trimming_costs() {
    for bytes in [4096, 65536, DEFAULT_SIZE] {
        let mut pool = Pool::new();
        let now = crate::clock::now();
        pool.trim(now);
        take(&mut pool, 5000, bytes).into_iter().for_each(|s| pool.give(s));
        for (what, seconds) in [("deep", 1), ("half of them whole", 2), ("the rest", 60)] {
            let start = crate::clock::now();
            let calls = trim_all(&mut pool, now + seconds * TICK);
            let each = start.elapsed() / u32::try_from(calls).expect("few");
            eprintln!("{bytes} bytes touched, {what}: {calls} calls of {each:?}");
        }
    }
}
