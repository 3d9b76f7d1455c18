//! Who is at the other end of a socket.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// What the kernel noted when the connection was made (SO_PEERCRED).
pub(crate) fn credentials(socket: BorrowedFd<'_>) -> io::Result<libc::ucred> {
    let mut peer = libc::ucred { pid: 0, uid: u32::MAX, gid: u32::MAX };
    let mut len = size_of_val(&peer) as libc::socklen_t;
    // SAFETY: the kernel writes at most `len` bytes to `peer`, for which every pattern of bits is a value.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            libc::SOL_SOCKET,
            libc::SO_PEERCRED,
            (&raw mut peer).cast(),
            &mut len,
        )
    };
    if result == 0 { Ok(peer) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;
    use std::process;

    use super::*;

    #[test]
    fn the_other_end_of_a_pair_is_this_process() {
        let (near, _far) = UnixStream::pair().unwrap();
        assert_eq!(credentials(near.as_fd()).unwrap().pid, process::id() as i32);
    }

    #[test]
    fn what_has_no_other_end_is_an_error_or_nobody() {
        let file = std::fs::File::open("/dev/null").unwrap();
        assert!(credentials(file.as_fd()).is_err());
        let alone = std::os::unix::net::UnixDatagram::unbound().unwrap();
        assert_eq!(credentials(alone.as_fd()).unwrap().pid, 0);
    }
}
