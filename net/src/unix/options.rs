//! Time limits. None of this switches tasks.

use super::datagram::UnixDatagram;
use super::stream::UnixStream;
use crate::socket::time_limits;

time_limits! {
    UnixStream,
    /// ```
    /// use std::io::{ErrorKind, Read};
    /// use std::time::Duration;
    /// use osier::net::unix::UnixStream;
    ///
    /// let (mut near, _far) = UnixStream::pair()?;
    /// near.set_read_timeout(Some(Duration::from_millis(1)))?;
    /// assert_eq!(near.read(&mut [0; 8]).unwrap_err().kind(), ErrorKind::TimedOut);
    /// # Ok::<(), std::io::Error>(())
    /// ```
}

time_limits! {
    UnixDatagram,
    /// ```
    /// use std::io::ErrorKind;
    /// use std::time::Duration;
    /// use osier::net::unix::UnixDatagram;
    ///
    /// let (near, _far) = UnixDatagram::pair()?;
    /// near.set_read_timeout(Some(Duration::from_millis(1)))?;
    /// assert_eq!(near.recv(&mut [0; 8]).unwrap_err().kind(), ErrorKind::TimedOut);
    /// # Ok::<(), std::io::Error>(())
    /// ```
}
