//! Making a connection: to a listener that may have no room for it yet.

use std::io;
use std::os::fd::OwnedFd;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use crate::socket::call;

/// The first pause before asking again, and the longest.
const PAUSES: (Duration, Duration) = (Duration::from_millis(1), Duration::from_millis(16));

/// A socket that is connected to the listener there.
///
/// A full backlog is EAGAIN at once, and then nothing is under way: the socket counts as writable, and nobody is told
/// when there is room. So this asks again, less and less often. (Threads that block in the kernel for
/// it would be woken in order; a thousand tasks would need a thousand of them.)
pub(super) fn connect(addr: &SocketAddrUnix) -> io::Result<OwnedFd> {
    let fd = call::open(AddressFamily::UNIX, SocketType::STREAM)?;
    let (mut pause, longest) = PAUSES;
    loop {
        match rustix::net::connect(&fd, addr) {
            Ok(()) => return Ok(fd),
            Err(Errno::AGAIN) => osier_runtime::sleep(pause),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        pause = longest.min(pause * 2);
    }
}
