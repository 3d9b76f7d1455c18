//! Waiting for what workers do, and telling them.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

const SHORT: Duration = Duration::from_millis(1);

/// Whether that is so before long.
pub(crate) fn soon(mut is_so: impl FnMut() -> bool) -> bool {
    (0..5000).any(|_| {
        is_so() || {
            osier::sleep(SHORT);
            false
        }
    })
}

/// Sends a signal.
pub(crate) fn signal(pid: u32, signal: Signal) {
    kill_process(Pid::from_raw(pid as i32).unwrap(), signal).unwrap();
}
