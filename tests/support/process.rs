//! What this process holds, by /proc.

use std::fs;

/// How many descriptors are open.
pub(crate) fn open_fds() -> usize {
    fs::read_dir("/proc/self/fd").expect("/proc").count()
}

/// How many OS threads there are.
pub(crate) fn os_threads() -> usize {
    fs::read_dir("/proc/self/task").expect("/proc").count()
}

/// How much memory is resident, in KiB.
pub(crate) fn rss_kib() -> usize {
    let status = fs::read_to_string("/proc/self/status").expect("/proc");
    let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("a line for it");
    line.split_whitespace().nth(1).and_then(|kib| kib.parse().ok()).expect("a number")
}
