//! Doing something while the system gives less.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::collections::BTreeSet;
use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// The numbers of this process' descriptors.
fn numbers() -> BTreeSet<u64> {
    let all = fs::read_dir("/proc/self/fd").unwrap().flatten();
    let mut all: Vec<u64> =
        all.map(|entry| entry.file_name().to_str().unwrap().parse().unwrap()).collect();
    // That of the folder was the lowest that was free.
    all.retain(|number| fs::read_link(format!("/proc/self/fd/{number}")).is_ok());
    all.into_iter().collect()
}

/// Calls `f` with room for so many descriptors more.
pub(crate) fn with_room<T>(room: usize, f: impl FnOnce() -> T) -> T {
    let used = numbers();
    let limit = (0..).filter(|number| !used.contains(number)).nth(room).unwrap();
    limited(Resource::Nofile, limit, f)
}

/// Calls `f` with a limit.
pub(crate) fn limited<T>(what: Resource, limit: u64, f: impl FnOnce() -> T) -> T {
    let before = getrlimit(what);
    setrlimit(what, Rlimit { current: Some(limit), ..before }).unwrap();
    let result = f();
    setrlimit(what, before).unwrap();
    result
}
