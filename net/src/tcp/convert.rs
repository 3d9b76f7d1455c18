//! Ways between these types, std's and plain descriptors.
//!
//! There is no `FromRawFd`: this package has no unsafe code, and `OwnedFd` goes the same way.

use std::io;
use std::net;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, IntoRawFd, OwnedFd, RawFd};

use osier_runtime::io::Source;

use super::call;
use super::limits::Limits;
use super::listener::TcpListener;
use super::stream::TcpStream;

impl TcpStream {
    /// Takes over a stream of std's, with its time limits.
    ///
    /// It is set to non-blocking mode, which all descriptors of the same socket share: a clone
    /// that std still holds gets `WouldBlock` from then on. Whatever mode it was in, this handle
    /// waits.
    ///
    /// ```
    /// use osier::net::TcpStream;
    ///
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let theirs = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let ours = TcpStream::from_std(theirs)?;
    /// let theirs = ours.into_std()?;
    /// # let _ = theirs;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn from_std(stream: net::TcpStream) -> io::Result<TcpStream> {
        let limits = Limits::new(stream.read_timeout()?, stream.write_timeout()?);
        stream.set_nonblocking(true)?;
        Ok(TcpStream::adopt(stream, limits))
    }

    /// Hands the connection over to std.
    ///
    /// It has this handle's time limits and mode.
    ///
    /// # Errors
    ///
    /// What the system says; the connection is closed then.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn into_std(self) -> io::Result<net::TcpStream> {
        let TcpStream { source, limits, .. } = self;
        let stream = source.into_inner();
        stream.set_read_timeout(limits.read.get())?;
        stream.set_write_timeout(limits.write.get())?;
        stream.set_nonblocking(limits.nonblocking())?;
        Ok(stream)
    }

    fn adopt(stream: net::TcpStream, limits: Limits) -> TcpStream {
        let inet = call::is_inet_stream(&stream);
        TcpStream::from_source(foreign(stream), limits, inet)
    }
}

/// Takes over a connected socket, without time limits.
///
/// A descriptor that is no socket makes a stream whose every call fails, as in std.
impl From<OwnedFd> for TcpStream {
    fn from(fd: OwnedFd) -> TcpStream {
        let stream = net::TcpStream::from(fd);
        // Fails for what is no socket, and so will every later call.
        let _ = stream.set_nonblocking(true);
        TcpStream::adopt(stream, Limits::new(None, None))
    }
}

/// Gives the socket away, in the mode this handle was in (waiting, unless set otherwise).
impl From<TcpStream> for OwnedFd {
    fn from(stream: TcpStream) -> OwnedFd {
        let TcpStream { source, limits, .. } = stream;
        let stream = source.into_inner();
        let _ = stream.set_nonblocking(limits.nonblocking());
        stream.into()
    }
}

impl TcpListener {
    /// Takes over a listener of std's.
    ///
    /// It is set to non-blocking mode, which all descriptors of the same socket share. Whatever
    /// mode it was in, this handle waits.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn from_std(listener: net::TcpListener) -> io::Result<TcpListener> {
        listener.set_nonblocking(true)?;
        Ok(TcpListener::from_source(foreign(listener)))
    }

    /// Hands the listener over to std, in this handle's mode.
    ///
    /// ```
    /// use osier::net::TcpListener;
    ///
    /// let ours = TcpListener::bind("127.0.0.1:0")?;
    /// let addr = ours.local_addr()?;
    /// let theirs = ours.into_std()?;
    /// assert_eq!(theirs.local_addr()?, addr);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// What the system says; the listener is closed then.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn into_std(self) -> io::Result<net::TcpListener> {
        let nonblocking = self.is_nonblocking();
        let listener = self.source.into_inner();
        listener.set_nonblocking(nonblocking)?;
        Ok(listener)
    }
}

/// Takes over a listening socket.
impl From<OwnedFd> for TcpListener {
    fn from(fd: OwnedFd) -> TcpListener {
        let listener = net::TcpListener::from(fd);
        // Fails for what is no socket, and so will every later call.
        let _ = listener.set_nonblocking(true);
        TcpListener::from_source(foreign(listener))
    }
}

/// Gives the socket away, in the mode this handle was in (waiting, unless set otherwise).
impl From<TcpListener> for OwnedFd {
    fn from(listener: TcpListener) -> OwnedFd {
        let nonblocking = listener.is_nonblocking();
        let listener = listener.source.into_inner();
        let _ = listener.set_nonblocking(nonblocking);
        listener.into()
    }
}

/// A source over a descriptor from elsewhere, of which there may be duplicates.
fn foreign<T: AsFd>(socket: T) -> Source<T> {
    let source = Source::new(socket);
    source.share();
    source
}

/// Whoever is lent a descriptor may duplicate it, hence the `share`.
macro_rules! descriptor {
    ($type:ty) => {
        /// The descriptor is in non-blocking mode.
        impl AsFd for $type {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.source.share();
                self.source.get_ref().as_fd()
            }
        }

        impl AsRawFd for $type {
            fn as_raw_fd(&self) -> RawFd {
                self.source.share();
                self.source.get_ref().as_raw_fd()
            }
        }

        impl IntoRawFd for $type {
            fn into_raw_fd(self) -> RawFd {
                OwnedFd::from(self).into_raw_fd()
            }
        }
    };
}
descriptor!(TcpStream);
descriptor!(TcpListener);
