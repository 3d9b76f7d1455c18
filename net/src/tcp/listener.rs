//! A socket that waits for connections.

use std::io;
use std::net::{self, SocketAddr};

use super::call;
use super::incoming::{Incoming, IntoIncoming};
use super::stream::TcpStream;
use crate::dns::{ToSocketAddrs, each_addr};
use crate::socket::{Socket, manners};

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
    /// Listening.
    pub(super) socket: Socket<net::TcpListener>,
}

manners!(TcpListener);

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
        Ok(TcpListener { socket: Socket::new(fd.into(), false) })
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
        let (fd, peer) = self.socket.taking(call::accept)?;
        // The peer's address is of AF_INET or AF_INET6, so the connection is too.
        Ok((TcpStream { socket: Socket::new(fd.into(), true) }, peer))
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
        self.socket.get_ref().local_addr()
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
        self.socket.get_ref().set_ttl(ttl)
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
        self.socket.get_ref().ttl()
    }
}
