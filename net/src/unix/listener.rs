//! A socket that waits for connections, and those as an iterator.

use std::io;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use super::address::{from_kernel, of_path, to_kernel};
use super::stream::UnixStream;
use crate::socket::{Socket, call, convertible, incoming, manners};

/// A Unix socket server, listening for connections.
///
/// As [`std::os::unix::net::UnixListener`], but [`accept`](Self::accept) lets the other tasks run while it waits.
/// Its path stays when it is dropped, as in std.
///
/// ```
/// use std::io::{self, Read, Write};
/// use osier::net::unix::{UnixListener, UnixStream};
///
/// # let path = std::env::temp_dir().join(format!("osier listener {}", std::process::id()));
/// osier::run(|| {
///     let listener = UnixListener::bind(&path)?;
///     osier::Builder::new().daemon(true).spawn(move || {
///         for stream in listener.incoming().map(Result::unwrap) {
///             osier::spawn(move || io::copy(&mut &stream, &mut &stream));
///         }
///     })?;
///
///     let mut stream = UnixStream::connect(&path)?;
///     stream.write_all(b"echo")?;
///     let mut back = [0; 4];
///     stream.read_exact(&mut back)?;
///     assert_eq!(&back, b"echo");
///     std::fs::remove_file(&path)
/// })?;
/// # io::Result::Ok(())
/// ```
pub struct UnixListener {
    /// Listening.
    pub(super) socket: Socket<net::UnixListener>,
}

manners!(UnixListener);

convertible! {
    UnixListener, net::UnixListener,
    /// ```
    /// use std::os::linux::net::SocketAddrExt;
    /// use osier::net::unix::{SocketAddr, UnixListener};
    ///
    /// let name = SocketAddr::from_abstract_name(format!("osier from_std {}", std::process::id()))?;
    /// let theirs = std::os::unix::net::UnixListener::bind_addr(&name)?;
    /// let ours = UnixListener::from_std(theirs)?;
    /// let theirs = ours.into_std()?;
    /// assert_eq!(theirs.local_addr()?.as_abstract_name(), name.as_abstract_name());
    /// # Ok::<(), std::io::Error>(())
    /// ```
}

impl UnixListener {
    /// Creates a listener at the given path.
    ///
    /// The backlog is as long as the system allows (`net.core.somaxconn`).
    ///
    /// # Errors
    ///
    /// `AddrInUse` if there is anything at that path, be it the socket of a listener that is gone; `InvalidInput` for a
    /// path of more than 107 bytes or with a NUL in it; otherwise what the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixListener> {
        listen(&of_path(path.as_ref())?)
    }

    /// Creates a listener at the given address.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<UnixListener> {
        listen(&to_kernel(addr)?)
    }

    /// Takes the next connection and the address of its other end.
    ///
    /// # Errors
    ///
    /// Those of the process (`EMFILE` at the limit of open descriptors): the listener is good for further calls.
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) while another task accepts here.
    ///
    /// # Blocking
    ///
    /// Switches tasks, unless a connection is there or
    /// [`set_nonblocking`](Self::set_nonblocking) says otherwise.
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (fd, peer) = self.socket.taking(|socket| call::accept(socket))?;
        Ok((UnixStream::over(fd), from_kernel(peer)?))
    }

    /// Iterates over the connections as they come; it never ends.
    ///
    /// Each step is an [`accept`](Self::accept), and waits as that does.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
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
}

fn listen(addr: &SocketAddrUnix) -> io::Result<UnixListener> {
    let fd = call::open(AddressFamily::UNIX, SocketType::STREAM)?;
    rustix::net::bind(&fd, addr)?;
    call::listen(&fd)?;
    Ok(UnixListener { socket: Socket::new(fd.into(), false) })
}

/// Iterates over the connections of a listener.
///
/// Made by [`UnixListener::incoming`]; never ends, and each step waits for a connection.
///
/// ```
/// use std::io::Write;
/// use osier::net::unix::{UnixListener, UnixStream};
///
/// # let path = std::env::temp_dir().join(format!("osier incoming {}", std::process::id()));
/// osier::run(|| {
///     let listener = UnixListener::bind(&path)?;
///     let to = path.clone();
///     let client = osier::spawn(move || UnixStream::connect(to).map(drop));
///     for stream in listener.incoming().take(1) {
///         stream?;
///     }
///     std::fs::remove_file(&path)?;
///     client.join().unwrap()
/// })?;
/// # std::io::Result::Ok(())
/// ```
///
/// # Blocking
///
/// Each step switches tasks, unless a connection is there.
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a UnixListener,
}

incoming!(Incoming<'_>, UnixStream);

impl<'a> IntoIterator for &'a UnixListener {
    type Item = io::Result<UnixStream>;
    type IntoIter = Incoming<'a>;

    fn into_iter(self) -> Incoming<'a> {
        self.incoming()
    }
}
