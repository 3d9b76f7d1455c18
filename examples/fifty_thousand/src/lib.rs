//! The classic sum: 5 processes x 20 OS threads x 500 green threads = 50,000 fetches at once.
//!
//! - [`args`]: the command line, and so the factors
//! - [`server`]: what answers after a while, by several processes that count what they have in flight
//! - [`client`]: what fetches
//! - [`machine`]: descriptors, memory and processor time, as the kernel has them
//! - [`report`]: what came of it
//!
//! HTTP is written out by hand: a request and an answer of one segment each, and no client library in the figures.
#![forbid(unsafe_code)]

pub mod args;
pub mod client;
pub mod machine;
pub mod report;
pub mod server;
