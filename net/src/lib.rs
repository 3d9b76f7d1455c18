//! Private half of `osier`; use `osier::net`.
//!
//! Sockets, names, TLS and HTTP for green threads. Types have the names and the manners of
//! [`std::net`]; where they have to wait, they let the other tasks run. A program changes `use
//! std::net` to `use osier::net` and is done.
//!
//! - [`TcpStream`], [`TcpListener`]: TCP, with [`ToSocketAddrs`] to say where to
//! - [`UdpSocket`]: UDP, also to groups
//! - [`unix`]: Unix sockets for connections and messages, descriptors that go along
//! - [`dns`]: names into addresses, off this thread
//! - `tls` (feature `tls`): TLS over any stream, by rustls
//! - `http` (feature `http`): an HTTP client, which is ureq over these sockets
//! - `server` (feature `process`): listeners in front of several processes
//!
//! Everything works in tasks, where the hub's reactor waits, and outside of them and in
//! destructors while a task unwinds, where the kernel does. Closing never switches tasks.
//!
//! Inside, each of these modules only knows those before it: `socket`, `dns`, `tcp`, `udp`, `unix`, `tls`, `http`,
//! `server`. Of the
//! runtime they know [`io::Source`](osier_runtime::io::Source), a descriptor that can be waited
//! for, and `dns` knows [`thread::Pool`](osier_runtime::thread::Pool).
#![forbid(unsafe_code)]

pub mod dns;
#[cfg(feature = "http")]
pub mod http;
#[cfg(feature = "process")]
pub mod server;
mod socket;
mod tcp;
#[cfg(feature = "tls")]
pub mod tls;
mod udp;
pub mod unix;

#[doc(no_inline)]
pub use std::net::{
    AddrParseError, IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, SocketAddrV4, SocketAddrV6,
};

#[doc(inline)]
pub use dns::ToSocketAddrs;
pub use tcp::{Incoming, IntoIncoming, TcpListener, TcpStream};
pub use udp::UdpSocket;
