//! The system calls of TCP, each made once and without waiting.
//!
//! They go through rustix, which enters the kernel directly: no libc interposition in the same
//! program (osier-monkey's, or a debugging shim's) sees a call that this package has already made
//! non-blocking. Sockets are in non-blocking mode; data calls say `MSG_DONTWAIT` as well, which
//! costs nothing, because that mode is the open file's and not ours alone: another process, or
//! `into_std` on a clone, may turn it off.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{self, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvFlags, SendAncillaryBuffer, SendFlags, SocketFlags,
    SocketType, sockopt,
};

/// Flags that every socket of ours is made with; in the same call, so that no fork comes between.
const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

/// How every sending call is made: EPIPE as an error, not as a signal.
const SEND: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

/// The most slices the kernel takes in one call (UIO_MAXIOV); more is an error, not a short call.
const MAX_SLICES: usize = 1024;

/// A new socket of the address's family.
pub(super) fn open(addr: &SocketAddr) -> io::Result<OwnedFd> {
    let family = match addr {
        SocketAddr::V4(_) => AddressFamily::INET,
        SocketAddr::V6(_) => AddressFamily::INET6,
    };
    Ok(rustix::net::socket_with(family, SocketType::STREAM, FLAGS, None)?)
}

/// Whether this is a stream of the internet family.
///
/// Only there does a short read prove that the socket was empty. (A `TcpStream` can hold anything:
/// it is made from any descriptor.)
pub(super) fn is_inet_stream(fd: impl AsFd) -> bool {
    let inet = [AddressFamily::INET, AddressFamily::INET6];
    sockopt::socket_domain(&fd).is_ok_and(|domain| inet.contains(&domain))
        && sockopt::socket_type(&fd).is_ok_and(|kind| kind == SocketType::STREAM)
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
    // The kernel cuts this down to net.core.somaxconn. std asks for 128, which a thousand tasks
    // that connect at once overrun: the kernel then drops SYNs and clients lose whole seconds.
    rustix::net::listen(&fd, i32::MAX)?;
    Ok(fd)
}

/// Takes the next connection, which comes in non-blocking mode.
pub(super) fn accept(listener: &net::TcpListener) -> io::Result<(OwnedFd, SocketAddr)> {
    let (fd, peer) = rustix::net::acceptfrom_with(listener, FLAGS)?;
    let peer = peer.ok_or(Errno::INVAL)?;
    Ok((fd, SocketAddr::try_from(peer)?))
}

/// Receives what is there.
#[inline]
pub(super) fn recv(stream: &net::TcpStream, buf: &mut [u8]) -> io::Result<usize> {
    let (n, _) = rustix::net::recv(stream, buf, RecvFlags::DONTWAIT)?;
    Ok(n)
}

/// Receives what is there and leaves it there.
pub(super) fn peek(stream: &net::TcpStream, buf: &mut [u8]) -> io::Result<usize> {
    let (n, _) = rustix::net::recv(stream, buf, RecvFlags::DONTWAIT | RecvFlags::PEEK)?;
    Ok(n)
}

/// Receives what is there into several buffers.
pub(super) fn recv_vectored(
    stream: &net::TcpStream,
    bufs: &mut [IoSliceMut<'_>],
) -> io::Result<usize> {
    let some = bufs.len().min(MAX_SLICES);
    let mut control = RecvAncillaryBuffer::default();
    let message =
        rustix::net::recvmsg(stream, &mut bufs[..some], &mut control, RecvFlags::DONTWAIT)?;
    Ok(message.bytes)
}

/// Sends as much as there is room for.
#[inline]
pub(super) fn send(stream: &net::TcpStream, buf: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(stream, buf, SEND)?)
}

/// Sends as much of several buffers as there is room for.
pub(super) fn send_vectored(stream: &net::TcpStream, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    let some = bufs.len().min(MAX_SLICES);
    let mut control = SendAncillaryBuffer::default();
    Ok(rustix::net::sendmsg(stream, &bufs[..some], &mut control, SEND)?)
}
