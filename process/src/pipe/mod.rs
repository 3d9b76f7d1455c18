//! Connections: values and bytes from process to process.
//!
//! - `connection`: one end, and making pairs of them
//! - `listener`: connections by the path of a socket

mod connection;
mod listener;

pub use connection::{Connection, Nothing, Reader, Writer, dialogue, duplex, simplex};
pub use listener::{Credentials, Listener, connect};
