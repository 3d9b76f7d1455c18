//! Ways between these types, std's and plain descriptors.

use std::net;

use super::listener::TcpListener;
use super::stream::TcpStream;
use crate::socket::convertible;

convertible! {
    TcpStream, net::TcpStream,
    /// ```
    /// use osier::net::TcpStream;
    ///
    /// let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let theirs = std::net::TcpStream::connect(listener.local_addr()?)?;
    /// let ours = TcpStream::from_std(theirs)?;
    /// let theirs = ours.into_std()?;
    /// # let _ = theirs;
    /// # Ok::<(), std::io::Error>(())
    /// ```
}

convertible! {
    TcpListener, net::TcpListener,
    /// ```
    /// use osier::net::TcpListener;
    ///
    /// let theirs = std::net::TcpListener::bind("127.0.0.1:0")?;
    /// let addr = theirs.local_addr()?;
    /// let ours = TcpListener::from_std(theirs)?;
    /// assert_eq!(ours.into_std()?.local_addr()?, addr);
    /// # Ok::<(), std::io::Error>(())
    /// ```
}
