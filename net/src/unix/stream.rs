//! One end of a connection.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use rustix::net::{AddressFamily, SocketType};

use super::address::{of_path, to_kernel};
use super::connect::connect;
use super::credentials::{self, UCred};
use super::passing::passing;
use crate::socket::{Socket, addresses, byte_stream, call, convertible, manners, shut_down};

/// A connection between two Unix sockets.
///
/// As [`std::os::unix::net::UnixStream`], but a read or write that has to wait lets the other tasks run. It is
/// `Send` and `Sync`, and `&UnixStream` reads and writes too: one task may read while another
/// writes. The connection is closed when the stream is dropped, which never switches tasks.
///
/// ```
/// use std::io::{Read, Write};
/// use osier::net::unix::UnixStream;
///
/// osier::run(|| {
///     let (mut near, mut far) = UnixStream::pair()?;
///     osier::spawn(move || far.write_all(b"hello"));
///     let mut text = String::new();
///     near.read_to_string(&mut text)?; // the other task runs meanwhile
///     assert_eq!(text, "hello");
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct UnixStream {
    /// Connected, or shut down.
    pub(super) socket: Socket<net::UnixStream>,
}

byte_stream!(UnixStream);
manners!(UnixStream);
addresses!(UnixStream, SocketAddr);
passing!(UnixStream);

convertible! {
    UnixStream, net::UnixStream,
    /// ```
    /// use osier::net::unix::UnixStream;
    ///
    /// let (theirs, _far) = std::os::unix::net::UnixStream::pair()?;
    /// let ours = UnixStream::from_std(theirs)?;
    /// let theirs = ours.into_std()?;
    /// # let _ = theirs;
    /// # Ok::<(), std::io::Error>(())
    /// ```
}

shut_down! {
    UnixStream,
    /// ```
    /// use std::io::Read;
    /// use std::net::Shutdown;
    /// use osier::net::unix::UnixStream;
    ///
    /// let (near, mut far) = UnixStream::pair()?;
    /// near.shutdown(Shutdown::Write)?;
    /// assert_eq!(far.read(&mut [0; 8])?, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
}

impl UnixStream {
    /// Connects to the socket with that path.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is nothing, `ConnectionRefused` where nobody listens any more, `InvalidInput` for a
    /// path of more than 107 bytes or with a NUL in it; otherwise what the system says.
    ///
    /// # Blocking
    ///
    /// Switches tasks only if the listener's backlog is full: until it is not.
    pub fn connect<P: AsRef<Path>>(path: P) -> io::Result<UnixStream> {
        Ok(UnixStream::over(connect(&of_path(path.as_ref())?)?))
    }

    /// Connects to the socket with that address.
    ///
    /// ```
    /// use osier::net::unix::{UnixListener, UnixStream};
    ///
    /// # let path = std::env::temp_dir().join(format!("osier connect_addr {}", std::process::id()));
    /// let listener = UnixListener::bind(&path)?;
    /// let stream = UnixStream::connect_addr(&listener.local_addr()?)?;
    /// assert_eq!(stream.peer_addr()?.as_pathname(), Some(path.as_path()));
    /// # std::fs::remove_file(path)?;
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Blocking
    ///
    /// Switches tasks only if the listener's backlog is full: until it is not.
    pub fn connect_addr(addr: &SocketAddr) -> io::Result<UnixStream> {
        Ok(UnixStream::over(connect(&to_kernel(addr)?)?))
    }

    /// Makes two ends that are connected to each other and have no names.
    ///
    /// # Errors
    ///
    /// What the system says: `EMFILE` at the limit of open descriptors, for one.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let kind = SocketType::STREAM;
        let (a, b) = rustix::net::socketpair(AddressFamily::UNIX, kind, call::FLAGS, None)?;
        Ok((UnixStream::over(a), UnixStream::over(b)))
    }

    /// Receives data without taking it: the next read gets it again.
    ///
    /// # Errors
    ///
    /// As reading: [`TimedOut`](io::ErrorKind::TimedOut) when the read limit is reached,
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) while another task reads.
    ///
    /// # Blocking
    ///
    /// Switches tasks, unless there is data.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        self.socket.peek_some(buf)
    }

    /// Who is at the other end: what the process that made it was, at that moment.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn peer_cred(&self) -> io::Result<UCred> {
        credentials::of(self.socket.get_ref())
    }

    /// Over a connected socket that nobody else has.
    pub(super) fn over(fd: OwnedFd) -> UnixStream {
        UnixStream { socket: Socket::new(fd.into(), false) }
    }
}
