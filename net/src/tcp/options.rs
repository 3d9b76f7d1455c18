//! Settings of a stream. None of them switches tasks.

use std::io;
use std::time::Duration;

use rustix::net::sockopt;

use super::stream::TcpStream;

impl TcpStream {
    /// Limits how long each read of this handle may wait.
    ///
    /// `None` is for ever. A read that reaches it fails with [`TimedOut`](io::ErrorKind::TimedOut), and the
    /// connection stays usable. Calls that wait already keep the limit they began with.
    ///
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
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a limit of zero.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_read_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.limits.read.set(limit)
    }

    /// Limits how long each write of this handle may wait.
    ///
    /// `None` is for ever. For `write_all` it is the limit of the whole, not of each piece that the kernel takes.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a limit of zero.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_write_timeout(&self, limit: Option<Duration>) -> io::Result<()> {
        self.limits.write.set(limit)
    }

    /// The read limit of this handle.
    ///
    /// # Errors
    ///
    /// None; the result is std's.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.limits.read.get())
    }

    /// The write limit of this handle.
    ///
    /// # Errors
    ///
    /// None; the result is std's.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
        Ok(self.limits.write.get())
    }

    /// Chooses whether calls of this handle wait or not.
    ///
    /// They wait (`false`) at the start.
    ///
    /// In non-blocking mode a read or write that would wait returns
    /// [`WouldBlock`](io::ErrorKind::WouldBlock) instead, and never switches tasks. The socket
    /// underneath is non-blocking either way.
    ///
    /// # Errors
    ///
    /// None; the result is std's.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_nonblocking(&self, nonblocking: bool) -> io::Result<()> {
        self.limits.set_nonblocking(nonblocking);
        Ok(())
    }

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
        self.socket().set_nodelay(nodelay)
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
        self.socket().nodelay()
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
        Ok(sockopt::set_socket_linger(self.socket(), linger)?)
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
        Ok(sockopt::socket_linger(self.socket())?)
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
}
