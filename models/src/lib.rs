//! Every interleaving of what crosses threads, tried out by loom.
//!
//! The sources are those of `runtime`, `process` and `net/monkey`, included file by file with loom's locks and atomics in the place of
//! std's. So nothing there knows of loom, and it is built for these tests alone: `cargo test -p osier-models`.
#![forbid(unsafe_code)]

#[cfg(test)]
mod bell;
#[cfg(test)]
mod channel;
#[cfg(test)]
mod futex;
#[cfg(test)]
mod hub;
#[cfg(test)]
mod process;
#[cfg(test)]
mod stamp;
#[cfg(test)]
mod thread;
#[cfg(test)]
mod wait;
#[cfg(test)]
mod word;
