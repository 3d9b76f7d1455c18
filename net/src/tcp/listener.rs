//! A socket that waits for connections.

use std::fmt;
use std::io;
use std::net::{self, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

use osier_runtime::io::{Got, Source};

use super::call;
use super::incoming::{Incoming, IntoIncoming};
use super::limits::Limits;
use super::stream::TcpStream;
use crate::dns::{ToSocketAddrs, each_addr};

/// A TCP socket server, listening for connections.
///
/// As [`std::net::TcpListener`], but [`accept`](Self::accept) lets the other tasks run while it
/// waits. The usual server is one task that accepts and one task per connection:
///
/// ```
/// use std::io::{self, Read, Write};
/// use osier::net::{TcpListener, TcpStream};
///
/// osier::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0")?;
///     let addr = listener.local_addr()?;
///     osier::Builder::new().daemon(true).spawn(move || {
///         for stream in listener.incoming().map(Result::unwrap) {
///             osier::spawn(move || io::copy(&mut &stream, &mut &stream));
///         }
///     })?;
///
///     let mut stream = TcpStream::connect(addr)?;
///     stream.write_all(b"echo")?;
///     let mut back = [0; 4];
///     stream.read_exact(&mut back)?;
///     assert_eq!(&back, b"echo");
///     io::Result::Ok(())
/// })?;
/// # io::Result::Ok(())
/// ```
pub struct TcpListener {
    /// The socket, listening and in non-blocking mode.
    pub(super) source: Source<net::TcpListener>,
    /// Whether `accept` returns `WouldBlock` where it would wait; this handle's own.
    nonblocking: AtomicBool,
}

impl TcpListener {
    /// Creates a listener at the given address.
    ///
    /// Port 0 asks the system for a free one, which [`local_addr`](Self::local_addr) tells. Of
    /// several addresses the first that can be had is taken. SO_REUSEADDR is set, as in std; the
    /// backlog is as long as the system allows (`net.core.somaxconn`), where std asks for 128.
    ///
    /// # Errors
    ///
    /// The error of the last address, if none could be had: `AddrInUse`, `PermissionDenied`.
    ///
    /// # Blocking
    ///
    /// Waits for the look-up of a name; not for an address.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use osier::net::TcpListener;
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let addr = listener.local_addr()?;
    /// assert_ne!(addr.port(), 0); // the system chose one
    /// assert_eq!(TcpListener::bind(addr).unwrap_err().kind(), ErrorKind::AddrInUse);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<TcpListener> {
        let fd = each_addr(addr, call::listen)?;
        Ok(TcpListener::from_source(Source::new(net::TcpListener::from(fd))))
    }

    /// Takes the next connection and the address of its remote end.
    ///
    /// # Errors
    ///
    /// Those of one connection (`ConnectionAborted`) and those of the process (`EMFILE` at the
    /// limit of open descriptors): the listener is good for further calls.
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) while another task accepts here.
    ///
    /// # Blocking
    ///
    /// Waits for a connection, unless [`set_nonblocking`](Self::set_nonblocking) says otherwise.
    ///
    /// ```
    /// use osier::net::{TcpListener, TcpStream};
    ///
    /// osier::run(|| {
    ///     let listener = TcpListener::bind("127.0.0.1:0")?;
    ///     let addr = listener.local_addr()?;
    ///     let client = osier::spawn(move || TcpStream::connect(addr)?.local_addr());
    ///     let (_stream, peer) = listener.accept()?;
    ///     assert_eq!(client.join().unwrap()?, peer);
    ///     std::io::Result::Ok(())
    /// })?;
    /// # std::io::Result::Ok(())
    /// ```
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (fd, peer) = if self.is_nonblocking() {
            call::accept(self.socket())?
        } else {
            let accept = |socket: &_| Ok(Got { value: call::accept(socket)?, drained: false });
            self.source.read(None, accept)?
        };
        let source = Source::new(net::TcpStream::from(fd));
        // The peer's address is of AF_INET or AF_INET6, so the connection is too.
        Ok((TcpStream::from_source(source, Limits::new(None, None), true), peer))
    }

    /// Iterates over the connections as they come; it never ends.
    ///
    /// Each step is an [`accept`](Self::accept), and waits as that does.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming::new(self)
    }

    /// As [`incoming`](Self::incoming), but the iterator owns the listener.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn into_incoming(self) -> IntoIncoming {
        IntoIncoming::new(self)
    }

    /// The address at which it listens.
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

    /// Makes another handle of the same listener.
    ///
    /// So two tasks may accept at once.
    ///
    /// # Errors
    ///
    /// What the system says: `EMFILE` at the limit of open descriptors, for one.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn try_clone(&self) -> io::Result<TcpListener> {
        let clone = TcpListener::from_source(Source::new(self.socket().try_clone()?));
        self.source.share();
        clone.source.share();
        clone.nonblocking.store(self.is_nonblocking(), Relaxed);
        Ok(clone)
    }

    /// Chooses whether `accept` of this handle waits or not.
    ///
    /// It waits (`false`) at the start.
    ///
    /// # Errors
    ///
    /// None; the result is std's.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.nonblocking.store(nonblocking, Relaxed);
        Ok(())
    }

    /// Sets IP_TTL of the connections that will be accepted.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.socket().set_ttl(ttl)
    }

    /// The value of IP_TTL.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn ttl(&self) -> io::Result<u32> {
        self.socket().ttl()
    }

    /// Takes the error that is pending on the socket (SO_ERROR).
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.socket().take_error()
    }

    /// A listener over a socket in non-blocking mode.
    pub(super) fn from_source(source: Source<net::TcpListener>) -> TcpListener {
        TcpListener { source, nonblocking: AtomicBool::new(false) }
    }

    pub(super) fn is_nonblocking(&self) -> bool {
        self.nonblocking.load(Relaxed)
    }

    fn socket(&self) -> &net::TcpListener {
        self.source.get_ref()
    }
}

/// As std's: the address and the descriptor.
impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket().fmt(f)
    }
}
