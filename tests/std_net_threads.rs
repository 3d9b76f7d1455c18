//! The suite of `std_net` with std's sockets and OS threads: what the others are held to.
#![expect(clippy::disallowed_methods, reason = "plain threads, and the real clock")]

/// std's own.
mod way {
    pub(crate) const OURS: bool = false;
    pub(crate) const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/std_net/suite");

    pub(crate) use std::os::unix::net as unix;
    pub(crate) use std::sync::mpsc::channel;
    pub(crate) use std::{net, thread};

    pub(crate) fn run(test: impl FnOnce()) {
        test();
    }
}

#[path = "std_net/suite/mod.rs"]
mod suite;
