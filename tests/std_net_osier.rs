//! The suite of `std_net` with our sockets, in tasks of one thread.
#![cfg(feature = "net")]
#![expect(clippy::disallowed_methods, reason = "a test measures with the real clock")]

/// Our own.
mod way {
    pub(crate) const OURS: bool = true;
    pub(crate) const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/std_net/suite");

    pub(crate) use osier::channel::unbounded as channel;
    pub(crate) use osier::net::unix;
    pub(crate) use osier::{net, run};

    pub(crate) mod thread {
        pub(crate) use osier::{spawn, yield_now};
    }
}

#[path = "std_net/suite/mod.rs"]
mod suite;
