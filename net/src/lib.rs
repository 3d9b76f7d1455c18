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
//! - `server`: a task for each connection; and listeners in front of several processes (feature `process`)
//!
//! Everything works in tasks, where the hub's reactor waits, and outside of them and in
//! destructors while a task unwinds, where the kernel does. Closing never switches tasks.
//!
//! # Where sockets differ from std's
//!
//! A suite that holds std's sockets and these to the same results shows each of the first six in one place.
//!
//! - **One reader, one writer a handle.** A second task that would have to wait to read gets
//!   [`ResourceBusy`](std::io::ErrorKind::ResourceBusy), and the first keeps waiting: who got which piece would be
//!   chance, which is mostly a mistake. Two clones are two handles.
//! - **A limit that is reached is [`TimedOut`](std::io::ErrorKind::TimedOut)**, where std on Linux says `WouldBlock`: so it can
//!   be told from the mode that does not wait. The limit of `write_all` is for the whole, not for each piece.
//! - **Limits belong to the handle**, not to the socket. A clone starts with copies: who changes them changes nobody's
//!   wait elsewhere.
//! - **The non-blocking mode belongs to the handle**, for the same reason.
//! - **A read into an empty buffer returns at once**, where the kernel waits for data that it cannot give.
//! - **[`UdpSocket::send_to`] tries each address** of a name until it can be sent to one, where std tries the first alone: a name
//!   that stands for `::1` and `127.0.0.1` is reached from sockets of both families.
//! - **A listener's backlog is as long as the system allows**, where std asks for 128 for TCP: a thousand tasks that connect
//!   at once would overrun it.
//! - **Names are looked up by [`dns`]**, on threads of their own, as the system's call would stop every task.
//! - **`connect` to a Unix listener whose backlog is full** asks again after pauses of 1 to 16 ms, as the kernel does not tell when
//!   there is room: who waits longest is not always first.
//! - **A Unix path of 108 bytes**, which only a foreign program can bind, is reported as no name: std's address, which these use, cannot
//!   be made of it here.
//!
//! # Inside
//!
//! Each of these modules only knows those before it: `socket`, `dns`, `tcp`, `udp`, `unix`, `tls`, `http`,
//! `server`. Of the
//! runtime they know [`io::Source`](osier_runtime::io::Source), a descriptor that can be waited
//! for, and `dns` knows [`thread::Pool`](osier_runtime::thread::Pool).
#![forbid(unsafe_code)]

pub mod dns;
#[cfg(feature = "http")]
pub mod http;
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
