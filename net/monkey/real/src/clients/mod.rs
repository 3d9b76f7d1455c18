//! For each crate what its user would write to ask a server once, and to wait for the answer.
//!
//! These files import `std` and the crate that they are named after, nothing else: `tests/imports.rs` checks it. All have one
//! shape: whom to ask, how long the server takes about it where one can tell it, and which of the many asks.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

pub mod attohttpc;
pub mod bmemcached;
pub mod curl;
pub mod diesel;
pub mod lettre;
pub mod minreq;
pub mod mysql;
pub mod native_tls;
pub mod redis;
pub mod rusqlite;
pub mod tungstenite;
pub mod ureq;

/// What has become of one that asked.
pub type Answer = Result<(), Box<dyn Error + Send + Sync>>;

/// Asks that server, which is to take that long, as the n-th.
pub type Ask = fn(SocketAddr, Duration, usize) -> Answer;
