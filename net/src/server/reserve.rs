//! Addresses that several processes listen at.

use std::io;
use std::net::{self, SocketAddr};
use std::os::fd::OwnedFd;
use std::sync::Arc;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, bind, getsockname, listen, sockopt};

use crate::tcp::TcpListener;

/// An address that is ours: bound, with SO_REUSEPORT, and without taking connections.
///
/// The kernel gives connections only to sockets that listen, so this one holds the address (and the port that the system has chosen)
/// while workers come and go.
#[derive(Clone)]
pub(super) struct Reserved {
    socket: Arc<OwnedFd>,
    addr: SocketAddr,
}

impl Reserved {
    /// Takes an address.
    ///
    /// # Errors
    ///
    /// `AddrInUse` when somebody listens there, also if they would share it: two fronts at one address would take each other's
    /// connections.
    pub(super) fn new(addr: &SocketAddr) -> io::Result<Reserved> {
        if addr.port() != 0 {
            let probe = open(addr)?;
            sockopt::set_socket_reuseaddr(&probe, true)?;
            bind(&probe, addr)?;
            listen(&probe, 0)?;
        }
        let socket = sharing(addr)?;
        let bound = SocketAddr::try_from(getsockname(&socket)?)?;
        Ok(Reserved { socket: Arc::new(socket), addr: bound })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// A listener of its own at the address; the kernel shares connections out among all of these.
    ///
    /// # Errors
    ///
    /// When there are no descriptors left.
    pub(super) fn own(&self) -> io::Result<TcpListener> {
        let socket = sharing(&self.addr)?;
        listen(&socket, i32::MAX)?; // the kernel cuts it down to net.core.somaxconn
        TcpListener::from_std(net::TcpListener::from(socket))
    }

    /// Makes it the one listener that all processes accept from.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub(super) fn open(&self) -> io::Result<()> {
        Ok(listen(&*self.socket, i32::MAX)?)
    }

    /// A handle of that one.
    ///
    /// # Errors
    ///
    /// When there are no descriptors left.
    pub(super) fn common(&self) -> io::Result<TcpListener> {
        TcpListener::from_std(net::TcpListener::from(self.socket.try_clone()?))
    }
}

fn open(addr: &SocketAddr) -> Result<OwnedFd, Errno> {
    let family = if addr.is_ipv4() { AddressFamily::INET } else { AddressFamily::INET6 };
    let flags = SocketFlags::NONBLOCK | SocketFlags::CLOEXEC;
    rustix::net::socket_with(family, SocketType::STREAM, flags, None)
}

/// A socket that shares the address with others that do.
fn sharing(addr: &SocketAddr) -> io::Result<OwnedFd> {
    let socket = open(addr)?;
    sockopt::set_socket_reuseaddr(&socket, true)?;
    sockopt::set_socket_reuseport(&socket, true)?;
    bind(&socket, addr)?;
    Ok(socket)
}
