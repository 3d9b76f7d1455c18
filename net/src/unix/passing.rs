//! Descriptors that go along with data, from process to process.

use std::io::{self, IoSlice};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::net;

use rustix::net::{
    RecvAncillaryBuffer, RecvAncillaryMessage, ReturnFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SocketType, sockopt,
};

use crate::socket::{Messages, Socket, call};

/// The most descriptors that the kernel takes with one message (SCM_MAX_FD).
const MOST: usize = 253;

/// Room for those, and for what else a program may have had the kernel add (SO_PASSCRED, SO_PASSSEC).
const ROOM: usize = rustix::cmsg_space!(ScmRights(MOST)) + 512;

/// Data that was received, and the descriptors that came with it.
///
/// ```
/// use std::os::fd::AsFd;
/// use osier::net::unix::UnixStream;
///
/// let (near, far) = UnixStream::pair()?;
/// let file = std::fs::File::open("/dev/null")?;
/// near.send_with_fds(b"a file", &[file.as_fd()])?;
///
/// let mut buf = [0; 16];
/// let received = far.recv_with_fds(&mut buf)?;
/// assert_eq!((received.bytes, received.fds.len()), (6, 1));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Received {
    /// How much of the buffer was filled.
    pub bytes: usize,
    /// The descriptors, which are this process's own, and closed when it executes another program.
    pub fds: Vec<OwnedFd>,
    /// Whether descriptors are missing: there was no room for more in this process's table (`EMFILE`).
    pub is_truncated: bool,
}

pub(super) fn send_with_fds<T: AsFd>(
    socket: &Socket<T>,
    buf: &[u8],
    fds: &[BorrowedFd<'_>],
) -> io::Result<usize> {
    let is_stream = || sockopt::socket_type(socket.get_ref()) == Ok(SocketType::STREAM);
    if buf.is_empty() && !fds.is_empty() && is_stream() {
        let text = "descriptors go with data: a stream would lose them";
        return Err(io::Error::new(io::ErrorKind::InvalidInput, text));
    }
    let mut space = [MaybeUninit::uninit(); ROOM];
    socket.writing(socket.limits().write.deadline(), |socket| {
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !fds.is_empty() && !control.push(SendAncillaryMessage::ScmRights(fds)) {
            return Err(rustix::io::Errno::INVAL.into());
        }
        call::send_with(socket, &[IoSlice::new(buf)], &mut control)
    })
}

/// A connection says itself that it has ended.
impl Messages for net::UnixStream {}

pub(super) fn recv_with_fds<T: Messages>(
    socket: &Socket<T>,
    buf: &mut [u8],
) -> io::Result<Received> {
    let mut space = [MaybeUninit::uninit(); ROOM];
    socket.until_the_end(|socket| {
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let message = call::recv_with(socket, buf, &mut control)?;
        let mut fds = Vec::new();
        for part in control.drain() {
            if let RecvAncillaryMessage::ScmRights(some) = part {
                fds.extend(some);
            }
        }
        let is_truncated = message.flags.contains(ReturnFlags::CTRUNC);
        Ok(Received { bytes: message.bytes, fds, is_truncated })
    })
}

/// Sending and receiving with descriptors, of a public type with a field `socket`.
macro_rules! passing {
    ($type:ident) => {
        impl $type {
            /// Sends data, and descriptors with it, of which the receiver gets duplicates.
            ///
            /// They go with the first byte that is sent; a stream may take less than all data. More than 253 are too
            /// many for the kernel.
            ///
            /// # Errors
            ///
            /// `InvalidInput` for too many descriptors, and for some without data on a stream, which would lose them;
            /// otherwise those of sending.
            ///
            /// # Blocking
            ///
            /// Switches tasks, unless there is room.
            pub fn send_with_fds(
                &self,
                buf: &[u8],
                fds: &[std::os::fd::BorrowedFd<'_>],
            ) -> std::io::Result<usize> {
                $crate::unix::passing::send_with_fds(&self.socket, buf, fds)
            }

            /// Receives data, and the descriptors that were sent with it.
            ///
            /// The other ways to receive close what comes along.
            ///
            /// # Errors
            ///
            /// Those of receiving.
            ///
            /// # Blocking
            ///
            /// Switches tasks, unless there is data.
            pub fn recv_with_fds(
                &self,
                buf: &mut [u8],
            ) -> std::io::Result<$crate::unix::passing::Received> {
                $crate::unix::passing::recv_with_fds(&self.socket, buf)
            }
        }
    };
}
pub(super) use passing;
