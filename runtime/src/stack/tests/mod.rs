//! Tests of the stacks: pure parts in this process, what ends a process in a child.

mod guard;
mod ledger;
mod model;
mod overflow;
mod pool;
mod registry;
mod trim;

use std::env;
use std::process::{Command, Output};

use crate::stack::Stack;

/// Set in a child process: the test that it is to play the victim of.
const CHILD: &str = "OSIER_STACK_TEST_CHILD";

/// Runs this test once more in a process of its own, and `victim` there.
///
/// `test` is the test's path below `stack::tests`. In the child this does not return.
fn in_child(test: &str, env: &[(&str, &str)], victim: impl FnOnce()) -> Output {
    if env::var_os(CHILD).is_some_and(|child| child == test) {
        victim();
        std::process::exit(0);
    }
    Command::new(env::current_exe().expect("a test binary has a path"))
        .args([&format!("stack::tests::{test}"), "--exact", "--nocapture", "--test-threads=1"])
        .env(CHILD, test)
        .envs(env.iter().copied())
        .output()
        .expect("the test binary runs")
}

/// Both kinds of guard, as the environment chooses them.
const GUARDS: [(&str, &str); 2] = [("OSIER_GUARD", ""), ("OSIER_GUARD", "mprotect")];

/// Writes a byte at `address`, as a stray pointer would.
fn poke(address: usize) {
    let byte = std::ptr::with_exposed_provenance_mut::<u8>(address);
    // SAFETY: in a stack that the caller owns, or meant to fault.
    unsafe { byte.write_volatile(0xa5) };
}

/// Reads the byte at `address` of a stack.
fn peek(address: usize) -> u8 {
    // SAFETY: in a stack that the caller owns.
    unsafe { std::ptr::with_exposed_provenance::<u8>(address).read_volatile() }
}

/// Makes the lowest `bytes` below a stack's end resident, page by page.
fn touch(stack: &Stack, bytes: usize) {
    let page = crate::sys::memory::page_size();
    (1..=bytes / page).for_each(|i| poke(stack.end() - i * page));
}
