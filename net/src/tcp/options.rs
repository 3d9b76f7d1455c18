//! Settings of a stream. None of them switches tasks.

use std::io;
use std::time::Duration;

use rustix::net::sockopt;

use super::stream::TcpStream;
use crate::socket::time_limits;

time_limits! {
    TcpStream,
    /// ```
    /// use std::io::{ErrorKind, Read};
    /// use std::time::Duration;
    /// use osier::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// stream.set_read_timeout(Some(Duration::from_millis(1)))?;
    /// assert_eq!(stream.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::TimedOut);
    /// # Ok::<(), std::io::Error>(())
    /// ```
}

impl TcpStream {
    /// Sets TCP_NODELAY: small writes go out at once.
    ///
    /// Otherwise they may be gathered for a while.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.socket.get_ref().set_nodelay(nodelay)
    }

    /// The value of TCP_NODELAY.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.get_ref().nodelay()
    }

    /// Sets IP_TTL: how many routers a packet may pass.
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

    /// Sets SO_LINGER: what closing does with data not yet sent.
    ///
    /// `None` (as at the start) sends it in the background. `Some(Duration::ZERO)` throws it away
    /// and resets the connection. Any other span makes the *close* wait in the kernel, non-blocking
    /// or not, and with it every task of the thread: end such a connection with
    /// [`shutdown`](Self::shutdown) and a read to its end instead. Whole seconds count.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_linger(&self, linger: Option<Duration>) -> io::Result<()> {
        Ok(sockopt::set_socket_linger(self.socket.get_ref(), linger)?)
    }

    /// The value of SO_LINGER.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn linger(&self) -> io::Result<Option<Duration>> {
        Ok(sockopt::socket_linger(self.socket.get_ref())?)
    }
}
