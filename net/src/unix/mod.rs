//! Unix sockets, name by name as in [`std::os::unix::net`].
//!
//! Connections and messages between the processes of one machine; the addresses are paths, or names of
//! Linux' abstract namespace.
//!
//! ```
//! use std::io::{Read, Write};
//! use std::os::linux::net::SocketAddrExt;
//! use osier::net::unix::{SocketAddr, UnixListener, UnixStream};
//!
//! osier::run(|| {
//!     let name = SocketAddr::from_abstract_name(format!("osier example {}", std::process::id()))?;
//!     let listener = UnixListener::bind_addr(&name)?;
//!     let server = osier::spawn(move || listener.accept()?.0.write_all(b"hello"));
//!     let mut text = String::new();
//!     UnixStream::connect_addr(&name)?.read_to_string(&mut text)?;
//!     assert_eq!(text, "hello");
//!     server.join().unwrap()
//! })?;
//! # std::io::Result::Ok(())
//! ```
//!
//! What differs from std stands in the docs of [`net`](crate). [`peek`](UnixStream::peek),
//! [`peer_cred`](UnixStream::peer_cred) and descriptors that go along ([`send_with_fds`](UnixStream::send_with_fds)) are
//! here; std has them behind unstable features.

mod address;
mod connect;
mod credentials;
mod crowd;
mod datagram;
mod listener;
mod options;
mod passing;
mod stream;

pub use self::credentials::UCred;
pub use self::listener::{Incoming, UnixListener};
pub use self::passing::Received;
pub use self::{datagram::UnixDatagram, stream::UnixStream};
#[doc(no_inline)]
pub use std::os::unix::net::SocketAddr;
