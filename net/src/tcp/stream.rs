//! One end of a TCP connection.

use std::fmt;
use std::io;
use std::net::{self, Shutdown, SocketAddr};
use std::time::Duration;

use osier_runtime::clock;
use osier_runtime::io::Source;

use super::connect;
use super::limits::{Limits, refuse_zero};
use crate::dns::{ToSocketAddrs, each_addr};

/// A TCP connection between two sockets.
///
/// As [`std::net::TcpStream`], but a read or write that has to wait lets the other tasks run. It
/// is `Send` and `Sync`, and `&TcpStream` reads and writes too: one task may read while another
/// writes. The connection is closed when the stream is dropped, which never switches tasks.
///
/// ```
/// use std::io::{Read, Write};
/// use osier::net::{TcpListener, TcpStream};
///
/// osier::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0")?;
///     let mut stream = TcpStream::connect(listener.local_addr()?)?;
///     osier::spawn(move || {
///         let (mut peer, _) = listener.accept()?;
///         peer.write_all(b"hello")
///     });
///
///     let mut text = String::new();
///     stream.read_to_string(&mut text)?;
///     assert_eq!(text, "hello");
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct TcpStream {
    /// The socket, in non-blocking mode, connected or shut down.
    pub(super) source: Source<net::TcpStream>,
    /// This handle's own; a clone has its own too.
    pub(super) limits: Limits,
    /// Whether it is a stream of AF_INET or AF_INET6, where a short read has emptied the socket.
    pub(super) inet: bool,
}

impl TcpStream {
    /// Opens a connection to a remote host.
    ///
    /// The addresses are tried in turn. The system decides how long each may take (on Linux
    /// about two minutes); [`connect_timeout`](Self::connect_timeout), or a
    /// [`timeout`](osier_runtime::timeout) around this, bounds it.
    ///
    /// # Errors
    ///
    /// The error of the last address, if none could be connected to; or that of the look-up.
    ///
    /// # Blocking
    ///
    /// Waits for the look-up of a name and for the connection.
    ///
    /// ```
    /// use osier::net::{TcpListener, TcpStream};
    ///
    /// osier::run(|| {
    ///     let listener = TcpListener::bind("localhost:0")?;
    ///     let port = listener.local_addr()?.port();
    ///     let stream = TcpStream::connect(("localhost", port))?;
    ///     assert_eq!(stream.peer_addr()?, listener.local_addr()?);
    ///     std::io::Result::Ok(())
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn connect<A: ToSocketAddrs>(addr: A) -> io::Result<TcpStream> {
        each_addr(addr, |addr| connect::connect(addr, None))
    }

    /// Opens a connection to one address, within a time limit.
    ///
    /// ```
    /// use std::time::Duration;
    /// use osier::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let addr = listener.local_addr()?;
    /// let stream = TcpStream::connect_timeout(&addr, Duration::from_secs(5))?;
    /// assert_eq!(stream.peer_addr()?, addr);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`TimedOut`](io::ErrorKind::TimedOut) when the limit is reached, `InvalidInput` when it is
    /// zero, otherwise what the system says.
    ///
    /// # Blocking
    ///
    /// Waits for the connection.
    pub fn connect_timeout(addr: &SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
        refuse_zero(Some(timeout))?;
        connect::connect(addr, clock::deadline(timeout))
    }

    /// The address of the remote end.
    ///
    /// # Errors
    ///
    /// `NotConnected` once the connection is gone.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket().peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket().local_addr()
    }

    /// Shuts down reading, writing or both.
    ///
    /// That is so for every handle of the connection. Whoever waits on it wakes: a read ends with `Ok(0)` and a write with `BrokenPipe`, as all
    /// later ones do. This is how one task ends another's wait; the descriptor itself stays open
    /// until it is dropped, so nobody ever meets a recycled one.
    ///
    /// ```
    /// use std::io::Read;
    /// use std::net::Shutdown;
    /// use osier::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.shutdown(Shutdown::Both)?;
    /// assert_eq!(stream.read(&mut [0; 8])?, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// `NotConnected` once the connection is gone.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket().shutdown(how)?;
        self.source.wake();
        Ok(())
    }

    /// Makes another handle of the same connection.
    ///
    /// It is a descriptor of its own, so a task may read from it while another reads from this
    /// one (in which order they get the data is chance). Time limits and mode are copied. Where
    /// one task reads and one writes no clone is needed: `&TcpStream` does both.
    ///
    /// # Errors
    ///
    /// What the system says: `EMFILE` at the limit of open descriptors, for one.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn try_clone(&self) -> io::Result<TcpStream> {
        let source = Source::new(self.socket().try_clone()?);
        self.source.share();
        source.share();
        Ok(TcpStream::from_source(source, self.limits.clone(), self.inet))
    }

    /// What it waits by.
    #[cfg(feature = "process")]
    pub(crate) fn source(&self) -> &Source<net::TcpStream> {
        &self.source
    }

    /// A stream over a socket in non-blocking mode; `inet` says that it is TCP beyond doubt.
    pub(super) fn from_source(
        source: Source<net::TcpStream>,
        limits: Limits,
        inet: bool,
    ) -> TcpStream {
        TcpStream { source, limits, inet }
    }

    /// The socket itself, for what never waits.
    #[inline]
    pub(super) fn socket(&self) -> &net::TcpStream {
        self.source.get_ref()
    }
}

/// As std's: the two addresses and the descriptor.
impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket().fmt(f)
    }
}

/// Handles may be used by any task of any thread.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<TcpStream>();
    shared::<super::listener::TcpListener>();
};
