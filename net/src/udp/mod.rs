//! UDP, name by name as in [`std::net`].
//!
//! What differs from std, besides what [`tcp`](crate::TcpStream) says of waiting, limits and mode:
//!
//! - Names are looked up by [`dns`](crate::dns).
//! - [`UdpSocket::send_to`] tries one address after the other, where std tries the first alone: a
//!   name that stands for `::1` and `127.0.0.1` is reached from sockets of both families.
//! - One task may receive and one may send at a time, as on a stream. (That one sends has to wait is rare.)
//! - There are options that std lacks: the interface and the hops of multicast.

mod multicast;
mod options;
mod socket;

pub use self::socket::UdpSocket;
