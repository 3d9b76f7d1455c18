//! The suite of `std_net` with std's sockets, in tasks of one thread, under the patch.
#![cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#![expect(clippy::disallowed_methods, reason = "a test measures with the real clock")]

use osier_monkey as _;

/// std's own, which wait in the hub.
mod way {
    pub(crate) const OURS: bool = false;
    pub(crate) const SUITE: &str =
        concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/std_net/suite");

    /// Whether the patch takes over what sockets wait in. Without it the first wait would stop all tasks for ever.
    const IS_PATCHED: bool = true;

    // Those of std park the thread and not the task: they are named in the docs as not supported.
    pub(crate) use osier::channel::unbounded as channel;
    pub(crate) use std::net;
    pub(crate) use std::os::unix::net as unix;

    pub(crate) mod thread {
        pub(crate) use osier::{spawn, yield_now};
    }

    pub(crate) fn run(test: impl FnOnce()) {
        match IS_PATCHED {
            true => osier::run(test),
            false => eprintln!("skipped: osier-monkey does not take over the calls of sockets yet"),
        }
    }
}

#[path = "../../../tests/std_net/suite/mod.rs"]
mod suite;
