//! What tests of pools of processes ask again and again.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::time::Duration;

use osier::process::active_children;
use osier::process::pool::{Pool, TaskError};
use osier::thread::CallError;

/// What a pool says of a call that failed.
pub(crate) fn task_error<T>(result: Result<T, CallError>) -> TaskError {
    let error = result.err().expect("it fails");
    error.downcast_ref::<TaskError>().unwrap_or_else(|| panic!("{error}")).clone()
}

/// Waits for calls and workers, and sees that nobody is left.
pub(crate) fn finish(pool: &Pool) {
    pool.close();
    pool.join().unwrap();
    assert_eq!(pool.pending(), 0);
    assert!(active_children().is_empty());
}

/// Waits until all workers of pools that were dropped are gone.
pub(crate) fn all_gone() {
    while !active_children().is_empty() {
        osier::sleep(Duration::from_millis(1));
    }
}

/// How many descriptors this process has.
pub(crate) fn open_files() -> usize {
    std::fs::read_dir("/proc/self/fd").unwrap().count()
}
