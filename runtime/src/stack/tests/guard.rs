//! Guards of both kinds: that they stand, what they cost, and where they end.

use std::fs;

use super::{GUARDS, in_child, poke};
use crate::stack::region::Guard;
use crate::stack::{DEFAULT_SIZE, Pool, Stack};
use crate::sys::memory;

/// How many mappings of this process lie in the range from `low` to `high`.
fn mappings(low: usize, high: usize) -> usize {
    let maps = fs::read_to_string("/proc/self/maps").expect("a process knows its mappings");
    let hex = |text: &str| usize::from_str_radix(text, 16).expect("an address");
    maps.lines()
        .filter_map(|line| line.split(' ').next()?.split_once('-'))
        .filter(|(start, end)| hex(end) > low && hex(start) < high)
        .count()
}

fn guarded(stack: &Stack) -> bool {
    let last = stack.limit() - 1;
    // SAFETY: the guard of a stack contains nothing.
    unsafe { memory::is_forbidden(stack.guard_start()) && memory::is_forbidden(last) }
}

#[test]
fn each_stack_is_guarded_and_writable_to_its_last_byte() {
    for kind in [Guard::Marker, Guard::Protection] {
        let mut pool = Pool::with_guard(kind);
        for size in [DEFAULT_SIZE, 16 * 1024, 1 << 20] {
            let stacks: Vec<_> = (0..70).map(|_| pool.take(size).expect("a stack")).collect();
            for stack in &stacks {
                assert!(guarded(stack), "{kind:?}");
                poke(stack.limit());
                poke(stack.end() - 1);
            }
            stacks.into_iter().for_each(|s| pool.give(s));
        }
    }
}

#[test]
fn a_guard_survives_trimming_and_reuse() {
    for kind in [Guard::Marker, Guard::Protection] {
        let mut pool = Pool::with_guard(kind);
        let stack = pool.take(DEFAULT_SIZE).expect("a stack");
        // SAFETY: this stack is ours and empty.
        unsafe { stack.discard_below(stack.end()) };
        assert!(guarded(&stack), "{kind:?}");
        pool.give(stack);
        assert!(guarded(&pool.take(DEFAULT_SIZE).expect("a stack")), "{kind:?}");
    }
}

#[test]
fn locked_memory_gets_guards_of_the_other_kind() {
    let output = in_child("guard::locked_memory_gets_guards_of_the_other_kind", &[], || {
        let mut pool = Pool::with_guard(Guard::Marker);
        let first = pool.take(DEFAULT_SIZE).expect("a stack");
        let second = first.end();
        // SAFETY: locks pages as they are touched, and changes nothing else.
        let locked = unsafe { libc::mlock2(second as *const _, DEFAULT_SIZE, 1) };
        assert_eq!(locked, 0, "{}", std::io::Error::last_os_error());
        let stack = pool.take(DEFAULT_SIZE).expect("a stack");
        assert_eq!(stack.guard_start(), second);
        assert!(guarded(&stack) && guarded(&first));
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_hundred_thousand_stacks_take_few_mappings() {
    let mut pool = Pool::with_guard(Guard::Marker);
    let probe = pool.take(DEFAULT_SIZE).expect("a stack");
    // SAFETY: the stack is ours and empty.
    let able = unsafe {
        memory::install_guard(probe.limit(), memory::page_size()).is_ok()
            && memory::is_forbidden(probe.limit())
    };
    pool.leak(probe);
    if !able {
        eprintln!("skipped: this kernel has no MADV_GUARD_INSTALL");
        return;
    }
    let stacks: Vec<_> = (1..100_000).map(|_| pool.take(DEFAULT_SIZE).expect("a stack")).collect();
    assert!(guarded(&stacks[99_998]));
    let mut counted = 0;
    for range in pool.ranges() {
        counted += mappings(range.start, range.end);
    }
    // One each, or two where a region has grown into a neighbour of another kind.
    assert!(counted <= 2 * pool.stats().regions, "{counted} mappings");
    assert!(pool.stats().regions <= 11);
    stacks.into_iter().for_each(|s| pool.give(s));
}

#[test]
#[ignore = "slow: a million guards are 640 MB of page tables"]
fn a_million_stacks_need_no_sysctl() {
    let mut pool = Pool::with_guard(Guard::Marker);
    let stacks: Vec<_> =
        (0..1_000_000).map(|_| pool.take(DEFAULT_SIZE).expect("a stack")).collect();
    assert!(stacks.iter().all(guarded));
    stacks.into_iter().for_each(|s| pool.give(s));
}

#[test]
fn running_out_of_mappings_is_an_error_that_names_the_limit() {
    let test = "guard::running_out_of_mappings_is_an_error_that_names_the_limit";
    let output = in_child(test, &GUARDS[1..], || {
        let mut pool = Pool::new();
        let mut stacks = Vec::new();
        let error = loop {
            match pool.take(DEFAULT_SIZE) {
                Ok(stack) => stacks.push(stack),
                Err(error) if stacks.is_empty() => panic!("{error}"),
                Err(error) => break error,
            }
            assert!(stacks.len() < 40_000, "vm.max_map_count is larger than this test expects");
        };
        // The rest of the process still works: threads, allocations, and the pool itself.
        std::thread::spawn(|| drop(vec![1_u8; 1 << 24])).join().expect("a thread");
        pool.give(stacks.pop().expect("some stacks"));
        let _ = pool.take(DEFAULT_SIZE).expect("the one that came back");
        eprintln!("{} stacks: {error}", stacks.len());
        stacks.into_iter().for_each(|s| pool.give(s));
        drop(pool);
        let _ = Pool::new().take(DEFAULT_SIZE).expect("the mappings are free again");
    });
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("vm.max_map_count is ") && text.contains("raise it"), "{text}");
}

#[test]
fn an_unknown_kind_of_guard_is_refused() {
    let test = "guard::an_unknown_kind_of_guard_is_refused";
    let output = in_child(test, &[("OSIER_GUARD", "none")], || drop(Pool::new()));
    assert!(!output.status.success());
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(text.contains("OSIER_GUARD=none: say mprotect or nothing"), "{text}");
}
