//! Messages in and out, each whole: what the sockets for datagrams of both families do.
//!
//! An empty message is one, unlike an empty piece of a stream: it is sent, and waited for.

use std::io;
use std::net;
use std::os::fd::AsFd;
use std::os::unix;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::SocketAddrAny;
use rustix::net::addr::SocketAddrArg;

use super::call;
use super::handle::Socket;

/// A socket for messages.
pub(crate) trait Messages: AsFd {
    /// Whether no more will come, though the kernel says that the call would block.
    ///
    /// A blocking call then ends with nothing.
    fn has_ended(&self) -> bool {
        false
    }
}

/// std's cannot be shut down.
impl Messages for net::UdpSocket {}

/// Shut down for reading, it is EAGAIN to calls that do not block, for ever; that it hung up says it.
impl Messages for unix::net::UnixDatagram {
    fn has_ended(&self) -> bool {
        let mut fds = [PollFd::new(self, PollFlags::RDHUP)];
        poll(&mut fds, Some(&Timespec::default())).is_ok_and(|ready| ready > 0)
            && fds[0].revents().contains(PollFlags::RDHUP)
    }
}

impl<T: Messages> Socket<T> {
    pub(crate) fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.until_the_end(|socket| call::recv(socket, buf))
    }

    pub(crate) fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.until_the_end(|socket| call::peek(socket, buf))
    }

    pub(crate) fn recv_from(&self, buf: &mut [u8]) -> io::Result<(usize, Option<SocketAddrAny>)> {
        self.until_the_end(|socket| call::recv_from(socket, buf))
    }

    pub(crate) fn peek_from(&self, buf: &mut [u8]) -> io::Result<(usize, Option<SocketAddrAny>)> {
        self.until_the_end(|socket| call::peek_from(socket, buf))
    }

    /// Waits for a message, or with nothing for the end; in non-blocking mode the end is not told, as in the kernel.
    pub(crate) fn until_the_end<R: Default>(
        &self,
        mut call: impl FnMut(&T) -> io::Result<R>,
    ) -> io::Result<R> {
        self.taking(|socket| match call(socket) {
            Err(error)
                if error.kind() == io::ErrorKind::WouldBlock
                    && !self.limits.nonblocking()
                    && socket.has_ended() =>
            {
                Ok(R::default())
            }
            other => other,
        })
    }

    pub(crate) fn send(&self, buf: &[u8]) -> io::Result<usize> {
        self.writing(self.limits.write.deadline(), |socket| call::send(socket, buf))
    }

    pub(crate) fn send_to(&self, buf: &[u8], to: &impl SocketAddrArg) -> io::Result<usize> {
        self.writing(self.limits.write.deadline(), |socket| call::send_to(socket, buf, to))
    }
}

/// Receiving, peeking and sending of a public type with a field `socket`.
///
/// `$address` is what a sender is called, and `$known` makes it of what the kernel says.
macro_rules! datagrams {
    ($type:ident, $address:ty, $known:path) => {
        impl $type {
            /// Receives a message, and says who sent it.
            ///
            /// What of it does not fit into `buf` is lost.
            ///
            /// # Errors
            ///
            /// [`TimedOut`](std::io::ErrorKind::TimedOut) when the read limit is reached,
            /// [`ResourceBusy`](std::io::ErrorKind::ResourceBusy) while another task reads; otherwise what the
            /// system says.
            ///
            /// # Blocking
            ///
            /// Switches tasks, unless a message is there.
            pub fn recv_from(&self, buf: &mut [u8]) -> std::io::Result<(usize, $address)> {
                let (n, from) = self.socket.recv_from(buf)?;
                Ok((n, $known(from)?))
            }

            /// Receives a message without taking it: the next call gets it again.
            ///
            /// # Errors
            ///
            /// As [`recv_from`](Self::recv_from).
            ///
            /// # Blocking
            ///
            /// Switches tasks, unless a message is there.
            pub fn peek_from(&self, buf: &mut [u8]) -> std::io::Result<(usize, $address)> {
                let (n, from) = self.socket.peek_from(buf)?;
                Ok((n, $known(from)?))
            }

            /// Receives a message, from the peer alone if it is connected.
            ///
            /// What of it does not fit into `buf` is lost.
            ///
            /// # Errors
            ///
            /// As [`recv_from`](Self::recv_from).
            ///
            /// # Blocking
            ///
            /// Switches tasks, unless a message is there.
            pub fn recv(&self, buf: &mut [u8]) -> std::io::Result<usize> {
                self.socket.recv(buf)
            }

            /// Receives a message without taking it: the next call gets it again.
            ///
            /// # Errors
            ///
            /// As [`recv_from`](Self::recv_from).
            ///
            /// # Blocking
            ///
            /// Switches tasks, unless a message is there.
            pub fn peek(&self, buf: &mut [u8]) -> std::io::Result<usize> {
                self.socket.peek(buf)
            }

            /// Sends a message to the peer that this is connected to.
            ///
            /// It goes out whole or not at all.
            ///
            /// # Errors
            ///
            /// [`TimedOut`](std::io::ErrorKind::TimedOut) when the write limit is reached,
            /// [`ResourceBusy`](std::io::ErrorKind::ResourceBusy) while another task waits to write; otherwise what
            /// the system says, be it of an earlier message that was refused.
            ///
            /// # Blocking
            ///
            /// Switches tasks, unless there is room.
            pub fn send(&self, buf: &[u8]) -> std::io::Result<usize> {
                self.socket.send(buf)
            }
        }
    };
}
pub(crate) use datagrams;
