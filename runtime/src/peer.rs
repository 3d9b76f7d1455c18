//! Who is at the other end of a Unix socket; for `osier-net`, which has no unsafe code.
//!
//! rustix has the call, but its process ids are never 0, and 0 is what the kernel says of a process that this one's
//! pid namespace does not show: a client from outside of a container, say.

use std::io;
use std::os::fd::AsFd;

use crate::sys;

/// Process, user and group of whoever made the connection; no process if it cannot be seen from here.
pub fn credentials(socket: impl AsFd) -> io::Result<(Option<i32>, u32, u32)> {
    let peer = sys::peer::credentials(socket.as_fd())?;
    Ok(((peer.pid != 0).then_some(peer.pid), peer.uid, peer.gid))
}
