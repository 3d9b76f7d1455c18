//! Who is at the other end of a connection.

use std::io;
use std::os::fd::AsFd;

use osier_runtime::peer;

/// The process at the other end of a connection, and whose it is.
///
/// As of the moment when it connected, listened or made the pair: the kernel noted it then, so nobody can say something
/// else. Another process may have its end, and its pid, by now.
///
/// ```
/// use osier::net::unix::UnixStream;
///
/// let (near, _far) = UnixStream::pair()?;
/// let peer = near.peer_cred()?;
/// assert_eq!(peer.pid, Some(std::process::id() as i32));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct UCred {
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its number; none if it is in a pid namespace that cannot be seen from this one.
    pub pid: Option<i32>,
}

pub(super) fn of(socket: impl AsFd) -> io::Result<UCred> {
    let (pid, uid, gid) = peer::credentials(socket)?;
    Ok(UCred { uid, gid, pid })
}
