//! A socket for datagrams: making it, who its peer is, and where its messages go.

use std::io;
use std::net::{self, SocketAddr};

use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketAddrAny, SocketType};

use crate::dns::{ToSocketAddrs, each_addr};
use crate::socket::{Socket, addresses, call, convertible, datagrams, manners};

/// A UDP socket.
///
/// As [`std::net::UdpSocket`], but a call that has to wait lets the other tasks run. It is `Send` and
/// `Sync`; one task may receive while another sends. It is closed when it is dropped, which never
/// switches tasks.
///
/// ```
/// use osier::net::UdpSocket;
///
/// osier::run(|| {
///     let server = UdpSocket::bind("127.0.0.1:0")?;
///     let addr = server.local_addr()?;
///     let echo = osier::spawn(move || {
///         let mut buf = [0; 1500];
///         let (n, from) = server.recv_from(&mut buf)?;
///         server.send_to(&buf[..n], from)
///     });
///
///     let client = UdpSocket::bind("127.0.0.1:0")?;
///     client.connect(addr)?;
///     client.send(b"hello")?;
///     let mut buf = [0; 1500];
///     let n = client.recv(&mut buf)?;
///     assert_eq!(&buf[..n], b"hello");
///     echo.join().unwrap()
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct UdpSocket {
    /// Bound.
    pub(super) socket: Socket<net::UdpSocket>,
}

manners!(UdpSocket);
addresses!(UdpSocket, SocketAddr);
datagrams!(UdpSocket, SocketAddr, known);

convertible! {
    UdpSocket, net::UdpSocket,
    /// ```
    /// use osier::net::UdpSocket;
    ///
    /// let theirs = std::net::UdpSocket::bind("127.0.0.1:0")?;
    /// let addr = theirs.local_addr()?;
    /// let ours = UdpSocket::from_std(theirs)?;
    /// assert_eq!(ours.into_std()?.local_addr()?, addr);
    /// # Ok::<(), std::io::Error>(())
    /// ```
}

impl UdpSocket {
    /// Creates a socket at the given address.
    ///
    /// Port 0 asks the system for a free one, which [`local_addr`](Self::local_addr) tells. Of
    /// several addresses the first that can be had is taken.
    ///
    /// # Errors
    ///
    /// The error of the last address, if none could be had: `AddrInUse`, `AddrNotAvailable`.
    ///
    /// # Blocking
    ///
    /// Switches tasks for the look-up of a name; not for an address.
    ///
    /// ```
    /// use std::io::ErrorKind;
    /// use osier::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// let addr = socket.local_addr()?;
    /// assert_eq!(UdpSocket::bind(addr).unwrap_err().kind(), ErrorKind::AddrInUse);
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn bind<A: ToSocketAddrs>(addr: A) -> io::Result<UdpSocket> {
        each_addr(addr, |addr| {
            let family = match addr {
                SocketAddr::V4(_) => AddressFamily::INET,
                SocketAddr::V6(_) => AddressFamily::INET6,
            };
            let fd = call::open(family, SocketType::DGRAM)?;
            rustix::net::bind(&fd, addr)?;
            Ok(UdpSocket { socket: Socket::new(fd.into(), false) })
        })
    }

    /// Makes an address the peer: that of [`send`](Self::send), and the only one that is received from.
    ///
    /// Of several addresses the first that can be is taken. It may be called again, for another peer.
    ///
    /// # Errors
    ///
    /// The error of the last address, if none could be had; or that of the look-up. Whether anybody is there is not
    /// asked: a refusal is the error of a later call.
    ///
    /// # Blocking
    ///
    /// Switches tasks for the look-up of a name; not for an address.
    pub fn connect<A: ToSocketAddrs>(&self, addr: A) -> io::Result<()> {
        each_addr(addr, |addr| Ok(rustix::net::connect(self.socket.get_ref(), addr)?))
    }

    /// Sends a message to the address.
    ///
    /// It goes out whole or not at all. Several addresses are tried in turn, and the first that it can be sent to
    /// has it; that says nothing about whether it arrives.
    ///
    /// ```
    /// use osier::net::UdpSocket;
    ///
    /// let near = UdpSocket::bind("127.0.0.1:0")?;
    /// let far = UdpSocket::bind("127.0.0.1:0")?;
    /// near.send_to(b"ping", ("localhost", far.local_addr()?.port()))?;
    /// let mut buf = [0; 16];
    /// assert_eq!(far.recv_from(&mut buf)?, (4, near.local_addr()?));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send); of several addresses, the error of the last. `InvalidInput` if there is none.
    ///
    /// # Blocking
    ///
    /// Switches tasks for the look-up of a name, and unless there is room.
    pub fn send_to<A: ToSocketAddrs>(&self, buf: &[u8], addr: A) -> io::Result<usize> {
        let none = || io::Error::new(io::ErrorKind::InvalidInput, "no addresses to send data to");
        let mut last = None;
        for addr in addr.to_socket_addrs()? {
            match self.socket.send_to(buf, &addr) {
                Err(error) if is_of(&error) => last = Some(error),
                other => return other,
            }
        }
        Err(last.unwrap_or_else(none))
    }
}

/// Whether the error is that of an address, so that another may do: this socket, or the way out, has none of its family.
fn is_of(error: &io::Error) -> bool {
    let others = [
        Errno::AFNOSUPPORT,
        Errno::INVAL,
        Errno::NETUNREACH,
        Errno::HOSTUNREACH,
        Errno::ADDRNOTAVAIL,
        Errno::ACCESS,
        Errno::PERM,
    ];
    error.raw_os_error().is_some_and(|code| others.iter().any(|errno| errno.raw_os_error() == code))
}

/// The sender of a message.
fn known(from: Option<SocketAddrAny>) -> io::Result<SocketAddr> {
    Ok(SocketAddr::try_from(from.ok_or(Errno::INVAL)?)?)
}
