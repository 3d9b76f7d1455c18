//! A socket for datagrams: making it, who its peer is, and where its messages go.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::{self, SocketAddr};
use std::path::Path;

use rustix::net::{AddressFamily, SocketAddrUnix, SocketType};

use super::address::{from_kernel, of_path, to_kernel};
use super::crowd::send_to;
use super::passing::passing;
use crate::socket::{Socket, addresses, call, convertible, datagrams, manners, shut_down};

/// A Unix socket for datagrams.
///
/// As [`std::os::unix::net::UnixDatagram`], but a call that has to wait lets the other tasks run. None is lost on the
/// way: who sends to a receiver whose queue is full waits. It is closed when it is dropped, which never
/// switches tasks; its path stays, as in std.
///
/// ```
/// use osier::net::unix::UnixDatagram;
///
/// # let path = std::env::temp_dir().join(format!("osier datagram {}", std::process::id()));
/// osier::run(|| {
///     let server = UnixDatagram::bind(&path)?;
///     let receiver = osier::spawn(move || server.recv(&mut [0; 16]));
///     let client = UnixDatagram::unbound()?;
///     client.send_to(b"hello", &path)?;
///     assert_eq!(receiver.join().unwrap()?, 5);
///     std::fs::remove_file(&path)
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct UnixDatagram {
    /// Bound or not, connected or not.
    pub(super) socket: Socket<net::UnixDatagram>,
}

manners!(UnixDatagram);
addresses!(UnixDatagram, SocketAddr);
datagrams!(UnixDatagram, SocketAddr, from_kernel);
passing!(UnixDatagram);

convertible! {
    UnixDatagram, net::UnixDatagram,
    /// ```
    /// use osier::net::unix::UnixDatagram;
    ///
    /// let (theirs, far) = std::os::unix::net::UnixDatagram::pair()?;
    /// let ours = UnixDatagram::from_std(theirs)?;
    /// ours.send(b"hello")?;
    /// assert_eq!(far.recv(&mut [0; 16])?, 5);
    /// # Ok::<(), std::io::Error>(())
    /// ```
}

shut_down! {
    UnixDatagram,
    /// ```
    /// use std::net::Shutdown;
    /// use osier::net::unix::UnixDatagram;
    ///
    /// let (near, _far) = UnixDatagram::pair()?;
    /// near.shutdown(Shutdown::Read)?;
    /// assert_eq!(near.recv(&mut [0; 8])?, 0);
    /// # Ok::<(), std::io::Error>(())
    /// ```
}

impl UnixDatagram {
    /// Creates a socket at the given path.
    ///
    /// # Errors
    ///
    /// `AddrInUse` if there is anything at that path; `InvalidInput` for a
    /// path of more than 107 bytes or with a NUL in it; otherwise what the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn bind<P: AsRef<Path>>(path: P) -> io::Result<UnixDatagram> {
        bound(&of_path(path.as_ref())?)
    }

    /// Creates a socket at the given address.
    ///
    /// # Errors
    ///
    /// As [`bind`](Self::bind).
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn bind_addr(addr: &SocketAddr) -> io::Result<UnixDatagram> {
        bound(&to_kernel(addr)?)
    }

    /// Creates a socket without a name, which can send and is not sent to.
    ///
    /// # Errors
    ///
    /// What the system says: `EMFILE` at the limit of open descriptors, for one.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn unbound() -> io::Result<UnixDatagram> {
        Ok(over(call::open(AddressFamily::UNIX, SocketType::DGRAM)?))
    }

    /// Makes two sockets that are connected to each other and have no names.
    ///
    /// # Errors
    ///
    /// What the system says: `EMFILE` at the limit of open descriptors, for one.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let kind = SocketType::DGRAM;
        let (a, b) = rustix::net::socketpair(AddressFamily::UNIX, kind, call::FLAGS, None)?;
        Ok((over(a), over(b)))
    }

    /// Makes the socket at that path the peer: that of `send`, and the only one received from.
    ///
    /// It may be called again, for another peer.
    ///
    /// # Errors
    ///
    /// `NotFound` where there is nothing, `ConnectionRefused` where nobody is any more; otherwise what the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn connect<P: AsRef<Path>>(&self, path: P) -> io::Result<()> {
        Ok(rustix::net::connect(self.socket.get_ref(), &of_path(path.as_ref())?)?)
    }

    /// Makes the socket with that address the peer.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn connect_addr(&self, addr: &SocketAddr) -> io::Result<()> {
        Ok(rustix::net::connect(self.socket.get_ref(), &to_kernel(addr)?)?)
    }

    /// Sends a message to the socket at that path.
    ///
    /// It goes out whole or not at all.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); `NotFound` where there is nothing, `ConnectionRefused` where nobody is any more.
    ///
    /// # Blocking
    ///
    /// Switches tasks, unless there is room: with whom it goes to, and here.
    pub fn send_to<P: AsRef<Path>>(&self, buf: &[u8], path: P) -> io::Result<usize> {
        send_to(&self.socket, buf, &of_path(path.as_ref())?)
    }

    /// Sends a message to the socket with that address.
    ///
    /// # Errors
    ///
    /// As [`send_to`](Self::send_to).
    ///
    /// # Blocking
    ///
    /// Switches tasks, unless there is room: with whom it goes to, and here.
    pub fn send_to_addr(&self, buf: &[u8], addr: &SocketAddr) -> io::Result<usize> {
        send_to(&self.socket, buf, &to_kernel(addr)?)
    }
}

fn bound(addr: &SocketAddrUnix) -> io::Result<UnixDatagram> {
    let fd = call::open(AddressFamily::UNIX, SocketType::DGRAM)?;
    rustix::net::bind(&fd, addr)?;
    Ok(over(fd))
}

/// Over a socket that nobody else has.
fn over(fd: OwnedFd) -> UnixDatagram {
    UnixDatagram { socket: Socket::new(fd.into(), false) }
}
