//! The pool: order, colours, sizes, limits, and what outlives it.

use crate::stack::pool::MIN_SIZE;
use crate::stack::{DEFAULT_SIZE, GUARD_SIZE, Pool, Stack};
use crate::sys::memory;

fn take(pool: &mut Pool, n: usize) -> Vec<Stack> {
    (0..n).map(|_| pool.take(DEFAULT_SIZE).expect("a stack")).collect()
}

#[test]
fn the_last_stack_back_is_the_first_out() {
    let mut pool = Pool::new();
    let stacks = take(&mut pool, 3);
    let limits: Vec<_> = stacks.iter().map(Stack::limit).collect();
    stacks.into_iter().for_each(|s| pool.give(s));
    let again = take(&mut pool, 3);
    assert!(again.iter().map(Stack::limit).eq(limits.into_iter().rev()));
    assert_eq!(pool.stats().stacks, 3);
}

#[test]
fn tops_come_in_sixteen_colours_and_aligned() {
    let mut pool = Pool::new();
    for (i, stack) in take(&mut pool, 40).iter().enumerate() {
        assert_eq!(stack.end() - stack.top(), i % 16 * 64);
        assert_eq!(stack.top() % 16, 0);
        assert_eq!(stack.end() % memory::page_size(), 0);
        assert_eq!(stack.limit() - stack.guard_start(), GUARD_SIZE);
    }
}

#[test]
fn a_stack_contains_what_is_usable_and_no_more() {
    let stack = Pool::new().take(DEFAULT_SIZE).expect("a stack");
    assert!(stack.contains(stack.limit()) && stack.contains(stack.end() - 1));
    assert!(!stack.contains(stack.limit() - 1) && !stack.contains(stack.end()));
}

#[test]
fn sizes_are_rounded_up_and_kept_apart() {
    let mut pool = Pool::new();
    let page = memory::page_size();
    let sizes = [(0, MIN_SIZE), (MIN_SIZE + 1, MIN_SIZE + page), (DEFAULT_SIZE - 1, DEFAULT_SIZE)];
    for (asked, given) in sizes {
        let stack = pool.take(asked).expect("a stack");
        assert_eq!(stack.size(), given.next_multiple_of(page));
        pool.give(stack);
    }
    let large = pool.take(64 << 20).expect("a stack");
    let limit = large.limit();
    pool.give(large);
    assert_ne!(pool.take(DEFAULT_SIZE).expect("a stack").limit(), limit);
    assert_eq!(pool.take(64 << 20).expect("a stack").limit(), limit);
    assert_eq!(pool.stats().regions, 4);
}

#[test]
fn regions_double_as_they_fill() {
    let mut pool = Pool::new();
    let _out = take(&mut pool, 64 + 128 + 1);
    let stats = pool.stats();
    assert_eq!(stats.regions, 3);
    assert_eq!(stats.reserved, (64 + 128 + 256) * (DEFAULT_SIZE + GUARD_SIZE));
}

#[test]
fn giving_back_never_allocates() {
    let mut pool = Pool::new();
    let stacks = take(&mut pool, 100);
    let room = pool.idle_room();
    assert!(room >= 100);
    stacks.into_iter().for_each(|s| pool.give(s));
    assert_eq!(pool.idle_room(), room);
}

#[test]
fn a_stack_no_process_could_have_is_an_error() {
    let mut pool = Pool::new();
    for size in [usize::MAX, 1 << 62, 1 << 47] {
        let error = pool.take(size).expect_err("no such stack").to_string();
        assert!(error.contains("address space of a process"), "{error}");
        assert!(error.contains(&size.to_string()), "{error}");
    }
    assert_eq!(pool.stats().stacks, 0);
    let _ = pool.take(DEFAULT_SIZE).expect("the pool goes on");
}

#[test]
fn a_limit_on_address_space_is_named() {
    let output = super::in_child("pool::a_limit_on_address_space_is_named", &[], || {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = Rlimit { current: Some(1 << 30), maximum: Some(1 << 30) };
        setrlimit(Resource::As, limit).expect("a limit may be lowered");
        let mut pool = Pool::new();
        let error = pool.take(2 << 30).expect_err("more than the limit");
        assert!(std::error::Error::source(&error).is_some());
        eprintln!("{error}");
        // Regions shrink to what still fits, so that nearly all of the limit can be used.
        let stacks = std::iter::from_fn(|| pool.take(DEFAULT_SIZE).ok()).count();
        assert!(stacks > 2000, "{stacks} stacks in 1 GiB");
        pool.take(DEFAULT_SIZE).expect_err("an error again, not an abort");
    });
    let text = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{text}");
    assert!(text.contains("RLIMIT_AS leaves this process 1073741824 bytes"), "{text}");
}

#[test]
fn a_leaked_stack_outlives_the_pool() {
    let mut pool = Pool::new();
    let (first, second) =
        (pool.take(DEFAULT_SIZE).expect("a stack"), pool.take(DEFAULT_SIZE).expect("a stack"));
    let address = first.top() - 1;
    super::poke(address);
    pool.leak(first);
    pool.give(second);
    assert_eq!((pool.stats().leaked, pool.stats().idle), (1, 1));
    drop(pool);
    assert_eq!(super::peek(address), 0xa5);
}

#[test]
fn an_unmapped_region_is_no_longer_known_to_the_fault_handler() {
    use crate::stack::registry::stack_guarded_at;
    // In a process of its own, where no other test maps the place again.
    let test = "pool::an_unmapped_region_is_no_longer_known_to_the_fault_handler";
    let output = super::in_child(test, &[], || {
        let mut pool = Pool::new();
        let stack = pool.take(DEFAULT_SIZE).expect("a stack");
        let guard = stack.guard_start();
        assert_eq!(stack_guarded_at(guard).map(|found| found.0), Some(DEFAULT_SIZE));
        pool.give(stack);
        drop(pool);
        assert_eq!(stack_guarded_at(guard), None);
    });
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn the_pool_unmaps_what_has_come_back_and_keeps_what_is_out() {
    let mut pool = Pool::new();
    let mut stacks = take(&mut pool, 65); // one in the second region
    let out = stacks.pop().expect("65");
    let freed = stacks[0].limit();
    super::poke(out.limit());
    stacks.into_iter().for_each(|s| pool.give(s));
    drop(pool);
    assert_eq!(super::peek(out.limit()), 0xa5);
    // Another test may have mapped the place again, but then it is a fresh one.
    let mut page = [0];
    let gone = memory::residency(freed, &mut page).is_err();
    assert!(gone || page[0] & 1 == 0);
}

#[test]
#[ignore = "a measurement: cargo test --release -p osier-runtime warm_take -- --ignored --nocapture"]
fn warm_take_and_give() {
    const ROUNDS: u32 = 20_000_000;
    let mut pool = Pool::new();
    let warm = pool.take(DEFAULT_SIZE).expect("a stack");
    pool.give(warm);
    let start = crate::clock::now();
    for _ in 0..ROUNDS {
        let stack = pool.take(std::hint::black_box(DEFAULT_SIZE)).expect("a stack");
        pool.give(std::hint::black_box(stack));
    }
    eprintln!("warm take + give: {:?}", start.elapsed() / ROUNDS);
    let mut bare = vec![[1_usize; 3]];
    let start = crate::clock::now();
    for _ in 0..ROUNDS {
        let three = std::hint::black_box(&mut bare).pop().expect("one");
        bare.push(std::hint::black_box(three));
    }
    eprintln!("pop + push of a bare Vec: {:?}", start.elapsed() / ROUNDS);
    let start = crate::clock::now();
    let stacks = take(&mut pool, 100_000);
    eprintln!("first take: {:?}", start.elapsed() / 100_000);
    stacks.iter().for_each(|s| super::touch(s, 4096));
    let start = crate::clock::now();
    stacks.into_iter().for_each(|s| pool.give(s));
    eprintln!("give, 100,000 in a row: {:?}", start.elapsed() / 100_000);
}
