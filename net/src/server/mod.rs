//! Servers: a task for each connection, on one hub or on every core.
//!
//! - `stream`: [`StreamServer`], connections of TCP and Unix sockets
//! - `datagram`: [`DatagramServer`], messages of UDP
//! - `listener`: what connections come from, and what an error of that means
//!
//! And in front of several processes (feature `process`), a server that uses every core:
//!
//! - `front`: the plan, and its start
//! - `reserve`: addresses that several processes listen at
//! - `serve`: taking connections, one task each, until the worker is to end
//! - `idle`: waiting for the next request of a connection that is kept
//!
//! What the workers are, how they are replaced and told to end stands in `osier::process`: `Workers`.

mod datagram;
#[cfg(feature = "process")]
mod front;
#[cfg(feature = "process")]
mod idle;
mod listener;
#[cfg(feature = "process")]
mod reserve;
#[cfg(feature = "process")]
mod serve;
mod stream;

pub use datagram::{DatagramServer, Replies};
#[cfg(feature = "process")]
pub use front::Front;
#[cfg(feature = "process")]
pub use idle::next_request;
pub use listener::Listener;
pub use stream::{Outcome, StreamServer};
