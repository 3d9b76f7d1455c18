//! Settings of a UDP socket but those of multicast. None of them switches tasks.

use std::io;

use super::socket::UdpSocket;
use crate::socket::time_limits;

time_limits! {
    UdpSocket,
    /// ```
    /// use std::io::ErrorKind;
    /// use std::time::Duration;
    /// use osier::net::UdpSocket;
    ///
    /// let socket = UdpSocket::bind("127.0.0.1:0")?;
    /// socket.set_read_timeout(Some(Duration::from_millis(1)))?;
    /// assert_eq!(socket.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::TimedOut);
    /// # Ok::<(), std::io::Error>(())
    /// ```
}

impl UdpSocket {
    /// Sets SO_BROADCAST: whether messages may be broadcast.
    ///
    /// They may not (`false`) at the start: sending there is `PermissionDenied`.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.socket.get_ref().set_broadcast(broadcast)
    }

    /// The value of SO_BROADCAST.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn broadcast(&self) -> io::Result<bool> {
        self.socket.get_ref().broadcast()
    }

    /// Sets IP_TTL: how many routers a message may pass.
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
