//! A socket of std's that tasks wait on, with the limits and the mode of one handle.
//!
//! What a call does with data is in `stream` and `datagram`; here is when it waits, for how long, and what becomes
//! of the socket when it changes hands.

use std::io;
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Instant;

use osier_runtime::io::{Got, Source};
use rustix::io::ioctl_fionbio;
use rustix::net::sockopt::{self, Timeout};

use super::call;
use super::limits::Limits;

/// A socket in non-blocking mode, and when the calls of this handle end.
#[derive(Debug)]
pub(crate) struct Socket<T> {
    /// The socket; of streams, connected or shut down.
    source: Source<T>,
    /// This handle's own; a clone has its own too.
    pub(super) limits: Limits,
    /// Whether it is a stream of AF_INET or AF_INET6, where a short read has emptied the socket.
    pub(super) inet: bool,
}

impl<T: AsFd> Socket<T> {
    /// Over a socket in non-blocking mode that nobody else has; `inet` says that it is TCP beyond doubt.
    pub(crate) fn new(socket: T, inet: bool) -> Socket<T> {
        Socket::from_source(Source::new(socket), inet)
    }

    pub(crate) fn from_source(source: Source<T>, inet: bool) -> Socket<T> {
        Socket { source, limits: Limits::new(None, None), inet }
    }

    /// Takes over a socket with its time limits.
    pub(crate) fn from_std(socket: T) -> io::Result<Socket<T>> {
        let limit = |which| sockopt::socket_timeout(&socket, which);
        let limits = Limits::new(limit(Timeout::Recv)?, limit(Timeout::Send)?);
        ioctl_fionbio(&socket, true)?;
        Ok(Socket::foreign(socket, limits))
    }

    /// Takes over what may be a socket, without limits. If it is none, this fails, and so will every later call.
    pub(crate) fn from_any(socket: T) -> Socket<T> {
        let _ = ioctl_fionbio(&socket, true);
        Socket::foreign(socket, Limits::new(None, None))
    }

    /// A socket from elsewhere, of which there may be duplicates.
    fn foreign(socket: T, limits: Limits) -> Socket<T> {
        let inet = call::is_inet_stream(&socket);
        let source = Source::new(socket);
        source.share();
        Socket { source, limits, inet }
    }

    /// Gives the socket away with this handle's limits and mode.
    pub(crate) fn into_std(self) -> io::Result<T> {
        let Socket { source, limits, .. } = self;
        let socket = source.into_inner();
        sockopt::set_socket_timeout(&socket, Timeout::Recv, limits.read.get())?;
        sockopt::set_socket_timeout(&socket, Timeout::Send, limits.write.get())?;
        ioctl_fionbio(&socket, limits.nonblocking())?;
        Ok(socket)
    }

    /// Gives the socket away in this handle's mode.
    pub(crate) fn into_any(self) -> T {
        let Socket { source, limits, .. } = self;
        let socket = source.into_inner();
        let _ = ioctl_fionbio(&socket, limits.nonblocking());
        socket
    }

    /// Another handle of the same socket, over a duplicate of it.
    pub(crate) fn twin(&self, duplicate: T) -> Socket<T> {
        let source = Source::new(duplicate);
        self.source.share();
        source.share();
        Socket { source, limits: self.limits.clone(), inet: self.inet }
    }

    /// The socket itself, for what never waits.
    #[inline]
    pub(crate) fn get_ref(&self) -> &T {
        self.source.get_ref()
    }

    /// What it waits by.
    pub(crate) fn source(&self) -> &Source<T> {
        &self.source
    }

    /// The descriptor, for somebody who may duplicate it.
    pub(crate) fn lend(&self) -> BorrowedFd<'_> {
        self.source.share();
        self.get_ref().as_fd()
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Shuts it down, and lets whoever waits on this handle see it.
    pub(crate) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        let how = match how {
            Shutdown::Read => rustix::net::Shutdown::Read,
            Shutdown::Write => rustix::net::Shutdown::Write,
            Shutdown::Both => rustix::net::Shutdown::Both,
        };
        rustix::net::shutdown(self.get_ref(), how)?;
        self.source.wake();
        Ok(())
    }

    /// Makes a reading call, and waits until it goes through where this handle's mode says so.
    #[inline]
    pub(crate) fn reading<R>(
        &self,
        mut call: impl FnMut(&T) -> io::Result<Got<R>>,
    ) -> io::Result<R> {
        if self.limits.nonblocking() {
            return Ok(call(self.get_ref())?.value);
        }
        self.source.read(self.limits.read.deadline(), call)
    }

    /// As [`reading`](Self::reading), for a call of which it is not known whether it took all there was.
    pub(crate) fn taking<R>(&self, mut call: impl FnMut(&T) -> io::Result<R>) -> io::Result<R> {
        self.reading(|socket| Ok(Got { value: call(socket)?, drained: false }))
    }

    /// Makes a writing call, and waits for room where this handle's mode says so.
    #[inline]
    pub(crate) fn writing(
        &self,
        deadline: Option<Instant>,
        mut call: impl FnMut(&T) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if self.limits.nonblocking() {
            return call(self.get_ref());
        }
        self.source.write(deadline, |socket| Ok(Got { value: call(socket)?, drained: false }))
    }
}

/// Handles may be used by any task of any thread.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<Socket<std::net::TcpStream>>();
};
