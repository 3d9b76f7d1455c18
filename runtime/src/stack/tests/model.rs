//! The pool against a model: what it says of itself, and that stacks keep their contents.

use std::time::Duration;

use proptest::prelude::*;

use super::{peek, poke};
use crate::stack::{DEFAULT_SIZE, Pool, Stack};

#[derive(Debug, Clone)]
enum Step {
    Take(usize),
    /// Of those that are out, by index.
    Give(prop::sample::Index),
    Leak(prop::sample::Index),
    /// Seconds that pass before the trim.
    Trim(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let size = prop_oneof![4 => Just(DEFAULT_SIZE), 1 => Just(16 << 10), 1 => Just(1 << 20)];
    let step = prop_oneof![
        8 => size.prop_map(Step::Take),
        6 => any::<prop::sample::Index>().prop_map(Step::Give),
        1 => any::<prop::sample::Index>().prop_map(Step::Leak),
        2 => (0..4_u64).prop_map(Step::Trim),
    ];
    prop::collection::vec(step, 0..200)
}

/// What a stack's two ends must contain: something of its own.
fn mark(stack: &Stack) -> u8 {
    (stack.limit() >> 16) as u8 | 1
}

fn write(stack: &Stack) {
    for address in [stack.limit(), stack.top() - 1] {
        poke(address);
        // SAFETY: the stack is ours.
        unsafe { std::ptr::with_exposed_provenance_mut::<u8>(address).write(mark(stack)) };
    }
}

fn is_intact(stack: &Stack) -> bool {
    [stack.limit(), stack.top() - 1].into_iter().all(|address| peek(address) == mark(stack))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() })]

    #[test]
    fn the_pool_keeps_its_books_and_everybodys_contents(steps in steps()) {
        let mut now = crate::clock::now();
        let mut pool = Pool::new();
        let mut out: Vec<Stack> = Vec::new();
        let mut idle: Vec<(usize, usize)> = Vec::new(); // size and limit, the last one back last
        let (mut made, mut leaked) = (0, 0);
        for step in steps {
            match step {
                Step::Take(size) => {
                    let stack = pool.take(size).expect("a stack");
                    match idle.iter().rposition(|&(s, _)| s == size) {
                        Some(i) => prop_assert_eq!(idle.remove(i), (size, stack.limit())),
                        None => made += 1,
                    }
                    for other in &out {
                        prop_assert!(stack.end() <= other.guard_start()
                            || other.end() <= stack.guard_start());
                    }
                    write(&stack);
                    out.push(stack);
                }
                Step::Give(i) if !out.is_empty() => {
                    let stack = out.swap_remove(i.index(out.len()));
                    idle.push((stack.size(), stack.limit()));
                    pool.give(stack);
                }
                Step::Leak(i) if !out.is_empty() => {
                    pool.leak(out.swap_remove(i.index(out.len())));
                    leaked += 1;
                }
                Step::Give(_) | Step::Leak(_) => {}
                Step::Trim(seconds) => {
                    now += Duration::from_secs(seconds);
                    while pool.trim(now) == Some(now) {}
                }
            }
            prop_assert!(out.iter().all(is_intact));
            let stats = pool.stats();
            prop_assert_eq!((stats.stacks, stats.idle, stats.leaked), (made, idle.len(), leaked));
            prop_assert!(stats.cold <= stats.idle);
        }
        drop(pool);
        prop_assert!(out.iter().all(is_intact), "what is out outlives the pool");
    }
}
