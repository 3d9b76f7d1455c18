//! Sending to a receiver whose queue is full, by a socket that is not connected to it.
//!
//! The kernel then says EAGAIN, and nobody is told when there is room: the sender's own socket counts as writable all
//! the time, as its own buffer has room. It is told to a socket that is connected to the receiver; so this makes one,
//! a scout, and waits by it.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

use osier_runtime::clock;
use osier_runtime::io::Source;
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use crate::socket::{Messages, Socket, call};

/// How long the buffer here is waited for at a time.
const AGAIN: Duration = Duration::from_millis(10);

/// Sends a message, and waits for room where the handle's mode says so.
pub(super) fn send_to<T: Messages>(
    socket: &Socket<T>,
    buf: &[u8],
    to: &SocketAddrUnix,
) -> io::Result<usize> {
    let deadline = socket.limits().write.deadline();
    let mut sent = call::send_to(socket.get_ref(), buf, to);
    if socket.limits().nonblocking() || !is_crowded(&sent) {
        return sent;
    }
    let Some(scout) = scout(to)? else {
        // It takes messages from this socket alone, for which it has room always: the buffer here is full.
        return socket.send_to(buf, to);
    };
    loop {
        scout.wait_writable(deadline)?;
        sent = call::send_to(socket.get_ref(), buf, to);
        if !is_crowded(&sent) {
            return sent;
        }
        // Somebody was faster, or it is the buffer here that is full.
        if is_writable(scout.get_ref())? {
            wait_here(socket.source(), deadline)?;
        }
    }
}

/// Waits for room in the buffer here, and not too long: if this is connected, to somebody else, it counts as full while
/// that one's queue is.
fn wait_here<T: AsFd>(source: &Source<T>, deadline: Option<Instant>) -> io::Result<()> {
    let soon = clock::deadline(AGAIN);
    match source.wait_writable(soon.min(deadline.or(soon))) {
        Err(error)
            if error.kind() == io::ErrorKind::TimedOut
                && deadline.is_none_or(|at| clock::now() < at) =>
        {
            Ok(())
        }
        other => other,
    }
}

fn is_crowded(sent: &io::Result<usize>) -> bool {
    sent.as_ref().is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
}

/// A socket that is connected to the receiver; none if that is connected to another and hears nobody else.
fn scout(to: &SocketAddrUnix) -> io::Result<Option<Source<OwnedFd>>> {
    let fd = call::open(AddressFamily::UNIX, SocketType::DGRAM)?;
    Ok(rustix::net::connect(&fd, to).is_ok().then(|| Source::new(fd)))
}

fn is_writable(fd: impl AsFd) -> io::Result<bool> {
    let mut fds = [PollFd::new(&fd, PollFlags::OUT)];
    Ok(poll(&mut fds, Some(&Timespec::default()))? > 0)
}
