//! Connections within this machine.

use std::net::SocketAddr;
use std::os::fd::OwnedFd;

use osier::net::{TcpListener, TcpStream};
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, socket_with};

/// Two ends of one connection.
pub(crate) fn pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let (far, peer) = listener.accept().unwrap();
    assert_eq!(peer, near.local_addr().unwrap());
    (near, far)
}

/// An address at which nobody listens, nor will while the socket is held.
pub(crate) fn refusing() -> (OwnedFd, SocketAddr) {
    let flags = SocketFlags::CLOEXEC;
    let fd = socket_with(AddressFamily::INET, SocketType::STREAM, flags, None).unwrap();
    let any: SocketAddr = "127.0.0.1:0".parse().unwrap();
    bind(&fd, &any).unwrap();
    let bound = std::net::TcpListener::from(fd);
    let addr = bound.local_addr().unwrap();
    (bound.into(), addr)
}
