//! One end of a TCP connection.

use std::io;
use std::net::{self, SocketAddr};
use std::time::Duration;

use osier_runtime::clock;

use super::connect;
use crate::dns::{ToSocketAddrs, each_addr};
#[cfg(feature = "http")]
use crate::socket::call;
use crate::socket::{Socket, addresses, byte_stream, manners, refuse_zero, shut_down};

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
    /// Connected, or shut down.
    pub(super) socket: Socket<net::TcpStream>,
}

byte_stream!(TcpStream);
manners!(TcpStream);
addresses!(TcpStream, SocketAddr);

shut_down! {
    TcpStream,
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

    /// Receives data without taking it: the next read gets it again.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use osier::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// listener.accept()?.0.write_all(b"abc")?;
    ///
    /// let mut first = [0; 1];
    /// stream.peek(&mut first)?;
    /// let mut all = String::new();
    /// stream.read_to_string(&mut all)?;
    /// assert_eq!((&first, all.as_str()), (b"a", "abc"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As reading: [`TimedOut`](io::ErrorKind::TimedOut) when the read limit is reached,
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) while another task reads.
    ///
    /// # Blocking
    ///
    /// Waits for data, as a read does.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.peek_some(buf)
    }

    /// Whether the connection stands and has nothing to read: what an idle one should be.
    ///
    /// One system call that never waits, whoever else uses the stream.
    #[cfg(feature = "http")]
    pub(crate) fn is_quiet(&self) -> bool {
        let seen = call::peek(self.socket.get_ref(), &mut [0]);
        matches!(seen, Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }

    /// What it waits by.
    #[cfg(feature = "process")]
    pub(crate) fn source(&self) -> &osier_runtime::io::Source<net::TcpStream> {
        self.socket.source()
    }
}
