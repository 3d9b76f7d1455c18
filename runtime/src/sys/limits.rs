//! The limits that a process runs into, for errors that name them.
//!
//! Read when something has failed, or once in a while; never on a hot path.

use std::fs;

use rustix::process::{Resource, getrlimit};

/// The number of mappings a process may have (`vm.max_map_count`), where there is such a limit.
pub(crate) fn max_map_count() -> Option<usize> {
    sysctl("/proc/sys/vm/max_map_count")
}

/// Whether the kernel counts each reserved byte as used (`vm.overcommit_memory` is 2).
pub(crate) fn overcommit_is_strict() -> bool {
    sysctl("/proc/sys/vm/overcommit_memory") == Some(2)
}

/// The bytes of address space this process may have (`RLIMIT_AS`), if limited.
pub(crate) fn address_space() -> Option<u64> {
    getrlimit(Resource::As).current
}

/// The bytes of private writable memory this process may have (`RLIMIT_DATA`), if limited.
pub(crate) fn data() -> Option<u64> {
    getrlimit(Resource::Data).current
}

fn sysctl(path: &str) -> Option<usize> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}
