//! Descriptors, memory and processor time, as the kernel has them.

use std::fs;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Clock ticks a second in `/proc`, whatever the kernel's own are.
const TICKS: f64 = 100.0;

/// Raises the limit of open files as far as the system lets us; what it was, and what it is now.
///
/// Processes that are started from now on have it, too.
pub fn raise_limit() -> (u64, u64) {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    let (before, most) = (current.unwrap_or(u64::MAX), maximum.unwrap_or(u64::MAX));
    let raised = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    (before, if raised.is_ok() { most } else { before })
}

/// Bytes of this process that are in memory.
pub fn resident() -> u64 {
    let text = fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages: u64 = text.split(' ').nth(1).and_then(|n| n.parse().ok()).unwrap_or(0);
    pages * rustix::param::page_size() as u64
}

/// Seconds of processor time of this process and of all children that have ended.
pub fn cpu_seconds() -> f64 {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields = text.rsplit(") ").next().unwrap_or_default().split(' ');
    // utime, stime, cutime, cstime: fields 14 to 17 of proc(5).
    let ticks: f64 = fields.skip(11).take(4).filter_map(|n| n.parse::<f64>().ok()).sum();
    ticks / TICKS
}
