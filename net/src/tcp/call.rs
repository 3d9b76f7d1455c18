//! The system calls that are TCP's own, each made once and without waiting.

use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketType, sockopt};

use crate::socket::call;

/// A new socket of the address's family.
pub(super) fn open(addr: &SocketAddr) -> io::Result<OwnedFd> {
    let family = match addr {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    call::open(family, SocketType::STREAM)
}

/// Starts a connection, or asks how the one that was started is getting on.
///
/// Asking by the same call tells "not yet" from "done" whatever woke us; SO_ERROR does not.
pub(super) fn connect(fd: impl AsFd, addr: &SocketAddr) -> Result<Connection, Errno> {
    match rustix::net::connect(fd, addr) {
        Ok(()) | Err(Errno::ISCONN) => Ok(Connection::Made),
        Err(Errno::INPROGRESS | Errno::ALREADY | Errno::INTR) => Ok(Connection::UnderWay),
        Err(e) => Err(e),
    }
}

/// How far a connection has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Connection {
    /// Both ends know of it.
    Made,
    /// The socket becomes writable when there is news.
    UnderWay,
}

/// A listening socket at the address.
pub(super) fn listen(addr: &SocketAddr) -> io::Result<OwnedFd> {
    let fd = open(addr)?;
    // As std: a server may be restarted while connections of its predecessor are in TIME_WAIT.
    sockopt::set_socket_reuseaddr(&fd, true)?;
    rustix::net::bind(&fd, addr)?;
    call::listen(&fd)?;
    Ok(fd)
}

/// Takes the next connection, which comes in non-blocking mode.
pub(super) fn accept(listener: &net::TcpListener) -> io::Result<(OwnedFd, SocketAddr)> {
    let (fd, peer) = call::accept(listener)?;
    let peer = peer.ok_or(Errno::INVAL)?;
    Ok((fd, SocketAddr::try_from(peer)?))
}
