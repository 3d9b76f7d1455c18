//! What all sockets have alike: [`Socket`], which waits and is limited, and the names of it that users see.
//!
//! - `call`: the system calls, each made once and without waiting
//! - `limits`: how long the calls of one handle may wait, and whether they do
//! - `handle`: `Socket`, a socket of std's that tasks wait on
//! - `stream`: data in and out of a connection
//! - `datagram`: messages in and out, each whole
//! - `manners`: clones, limits, mode, addresses, shutting down, as methods of a public type
//! - `convert`: the ways between a public type, std's and plain descriptors
//! - `incoming`: connections as an iterator

pub(crate) mod call;
mod convert;
mod datagram;
mod handle;
mod incoming;
mod limits;
mod manners;
mod stream;

pub(crate) use convert::convertible;
pub(crate) use datagram::{Messages, datagrams};
pub(crate) use handle::Socket;
pub(crate) use incoming::incoming;
pub(crate) use limits::refuse_zero;
pub(crate) use manners::{addresses, manners, shut_down, time_limits};
pub(crate) use stream::byte_stream;
