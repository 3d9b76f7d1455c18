//! Private half of `osier`; use `osier::net`.
#![forbid(unsafe_code)]

mod deadline;
pub mod dns;
mod tcp;
#[cfg(feature = "tls")]
pub mod tls;

#[doc(inline)]
pub use dns::ToSocketAddrs;
pub use tcp::{Incoming, IntoIncoming, TcpListener, TcpStream};
