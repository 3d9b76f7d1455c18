//! What connections come from, and what an error of that means.

use std::fmt;
use std::io;
use std::net::SocketAddr;

use rustix::io::Errno;

use crate::tcp::{TcpListener, TcpStream};
use crate::unix::{self, UnixListener, UnixStream};

/// What a [`StreamServer`](super::StreamServer) takes connections from: a [`TcpListener`], a [`UnixListener`].
///
/// ```
/// use osier::net::TcpListener;
/// use osier::net::server::Listener;
///
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// assert_ne!(Listener::addr(&listener)?.port(), 0);
/// # std::io::Result::Ok(())
/// ```
pub trait Listener: sealed::Sealed + 'static {
    /// A connection.
    type Stream: 'static;
    /// The address of an end.
    type Addr: fmt::Debug + 'static;

    /// Takes the next connection.
    ///
    /// # Errors
    /// As `accept` of the type.
    ///
    /// # Blocking
    /// Switches tasks, unless one has come.
    fn next(&self) -> io::Result<(Self::Stream, Self::Addr)>;

    /// Where it listens.
    ///
    /// # Errors
    /// What the system says.
    ///
    /// # Blocking
    /// Never switches tasks.
    fn addr(&self) -> io::Result<Self::Addr>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for crate::tcp::TcpListener {}
    impl Sealed for crate::unix::UnixListener {}
}

impl Listener for TcpListener {
    type Stream = TcpStream;
    type Addr = SocketAddr;

    fn next(&self) -> io::Result<(TcpStream, SocketAddr)> {
        self.accept()
    }

    fn addr(&self) -> io::Result<SocketAddr> {
        self.local_addr()
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;
    type Addr = unix::SocketAddr;

    fn next(&self) -> io::Result<(UnixStream, unix::SocketAddr)> {
        self.accept()
    }

    fn addr(&self) -> io::Result<unix::SocketAddr> {
        self.local_addr()
    }
}

/// What an error of `accept` is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trouble {
    /// One connection came to nothing; the next one may be there.
    Connection,
    /// Descriptors or memory are used up: connections wait in the queue until some end.
    Shortage,
    /// The listener: there will be no connection any more.
    Listener,
}

impl Trouble {
    pub(super) fn of(error: &io::Error) -> Trouble {
        if error.kind() == io::ErrorKind::ResourceBusy {
            return Trouble::Listener; // another task accepts there
        }
        match Errno::from_io_error(error) {
            Some(Errno::BADF | Errno::INVAL | Errno::NOTSOCK) | None => Trouble::Listener,
            Some(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => Trouble::Shortage,
            // The rest is of one connection: Linux hands over here what went wrong on the way, such as "no route".
            Some(_) => Trouble::Connection,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_of_a_connection_a_shortage_or_the_listener_sv_07() {
        let of = |errno: Errno| Trouble::of(&errno.into());
        for errno in [Errno::AGAIN, Errno::CONNABORTED, Errno::INTR, Errno::PROTO, Errno::PERM] {
            assert_eq!(of(errno), Trouble::Connection, "{errno}");
        }
        for errno in [Errno::MFILE, Errno::NFILE, Errno::NOBUFS, Errno::NOMEM] {
            assert_eq!(of(errno), Trouble::Shortage, "{errno}");
        }
        for errno in [Errno::BADF, Errno::INVAL, Errno::NOTSOCK] {
            assert_eq!(of(errno), Trouble::Listener, "{errno}");
        }
        let busy = io::Error::from(io::ErrorKind::ResourceBusy);
        assert_eq!(Trouble::of(&busy), Trouble::Listener);
    }
}
