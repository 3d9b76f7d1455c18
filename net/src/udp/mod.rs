//! UDP, name by name as in [`std::net`]; and options that std lacks: the interface and the hops of multicast.
//!
//! The docs of the package list what differs from std.

mod multicast;
mod options;
mod socket;

pub use self::socket::UdpSocket;
