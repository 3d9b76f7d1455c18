//! The system calls of sockets, each made once and without waiting.
//!
//! They go through rustix, which enters the kernel directly: no libc interposition in the same
//! program (osier-monkey's, or a debugging shim's) sees a call that this package has already made
//! non-blocking. Sockets are in non-blocking mode; data calls say `MSG_DONTWAIT` as well, which
//! costs nothing, because that mode is the open file's and not ours alone: another process, or
//! `into_std` on a clone, may turn it off.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::addr::SocketAddrArg;
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvFlags, RecvMsg, SendAncillaryBuffer, SendFlags,
    SocketAddrAny, SocketFlags, SocketType, sockopt,
};

/// Flags that every socket of ours is made with; in the same call, so that no fork comes between.
pub(crate) const FLAGS: SocketFlags = SocketFlags::NONBLOCK.union(SocketFlags::CLOEXEC);

/// How every sending call is made: EPIPE as an error, not as a signal.
const SEND: SendFlags = SendFlags::DONTWAIT.union(SendFlags::NOSIGNAL);

/// How every receiving call is made that looks and does not take.
const PEEK: RecvFlags = RecvFlags::DONTWAIT.union(RecvFlags::PEEK);

/// The most slices the kernel takes in one call (UIO_MAXIOV); more is an error, not a short call.
const MAX_SLICES: usize = 1024;

/// A new socket.
pub(crate) fn open(family: AddressFamily, kind: SocketType) -> io::Result<OwnedFd> {
    Ok(rustix::net::socket_with(family, kind, FLAGS, None)?)
}

/// Whether this is a stream of the internet family.
///
/// Only there does a short read prove that the socket was empty: that of a Unix socket ends before what was
/// sent with a descriptor, too. (A `TcpStream` can hold anything: it is made from any descriptor.)
pub(crate) fn is_inet_stream(fd: impl AsFd) -> bool {
    let inet = [AddressFamily::INET, AddressFamily::INET6];
    sockopt::socket_domain(&fd).is_ok_and(|domain| inet.contains(&domain))
        && sockopt::socket_type(&fd).is_ok_and(|kind| kind == SocketType::STREAM)
}

/// Makes a bound socket a listener.
///
/// The kernel cuts the backlog down to net.core.somaxconn. std asks for 128, which a thousand tasks
/// that connect at once overrun: the kernel then drops SYNs and clients lose whole seconds.
pub(crate) fn listen(fd: impl AsFd) -> io::Result<()> {
    Ok(rustix::net::listen(fd, i32::MAX)?)
}

/// Takes the next connection, which comes in non-blocking mode.
pub(crate) fn accept(listener: impl AsFd) -> io::Result<(OwnedFd, Option<SocketAddrAny>)> {
    Ok(rustix::net::acceptfrom_with(listener, FLAGS)?)
}

/// Receives what is there.
#[inline]
pub(crate) fn recv(fd: impl AsFd, buf: &mut [u8]) -> io::Result<usize> {
    let (n, _) = rustix::net::recv(fd, buf, RecvFlags::DONTWAIT)?;
    Ok(n)
}

/// Receives what is there and leaves it there.
pub(crate) fn peek(fd: impl AsFd, buf: &mut [u8]) -> io::Result<usize> {
    let (n, _) = rustix::net::recv(fd, buf, PEEK)?;
    Ok(n)
}

/// Receives a message, and who sent it.
pub(crate) fn recv_from(
    fd: impl AsFd,
    buf: &mut [u8],
) -> io::Result<(usize, Option<SocketAddrAny>)> {
    let (n, _, from) = rustix::net::recvfrom(fd, buf, RecvFlags::DONTWAIT)?;
    Ok((n, from))
}

/// Receives a message, and who sent it, and leaves it there.
pub(crate) fn peek_from(
    fd: impl AsFd,
    buf: &mut [u8],
) -> io::Result<(usize, Option<SocketAddrAny>)> {
    let (n, _, from) = rustix::net::recvfrom(fd, buf, PEEK)?;
    Ok((n, from))
}

/// Receives what is there into several buffers.
pub(crate) fn recv_vectored(fd: impl AsFd, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
    let some = bufs.len().min(MAX_SLICES);
    let mut control = RecvAncillaryBuffer::default();
    let message = rustix::net::recvmsg(fd, &mut bufs[..some], &mut control, RecvFlags::DONTWAIT)?;
    Ok(message.bytes)
}

/// Receives what is there, and descriptors that came along, which no program that is executed inherits.
pub(crate) fn recv_with(
    fd: impl AsFd,
    buf: &mut [u8],
    control: &mut RecvAncillaryBuffer<'_>,
) -> io::Result<RecvMsg> {
    let flags = RecvFlags::DONTWAIT | RecvFlags::CMSG_CLOEXEC;
    Ok(rustix::net::recvmsg(fd, &mut [IoSliceMut::new(buf)], control, flags)?)
}

/// Sends as much as there is room for.
#[inline]
pub(crate) fn send(fd: impl AsFd, buf: &[u8]) -> io::Result<usize> {
    Ok(rustix::net::send(fd, buf, SEND)?)
}

/// Sends a message to somebody.
pub(crate) fn send_to(fd: impl AsFd, buf: &[u8], to: &impl SocketAddrArg) -> io::Result<usize> {
    Ok(rustix::net::sendto(fd, buf, SEND, to)?)
}

/// Sends as much of several buffers as there is room for.
pub(crate) fn send_vectored(fd: impl AsFd, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    let some = bufs.len().min(MAX_SLICES);
    send_with(fd, &bufs[..some], &mut SendAncillaryBuffer::default())
}

/// Sends data, and what goes along.
pub(crate) fn send_with(
    fd: impl AsFd,
    bufs: &[IoSlice<'_>],
    control: &mut SendAncillaryBuffer<'_, '_, '_>,
) -> io::Result<usize> {
    Ok(rustix::net::sendmsg(fd, bufs, control, SEND)?)
}
