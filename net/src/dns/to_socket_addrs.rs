//! std's `ToSocketAddrs`, with names looked up our way.
//!
//! std's own trait cannot be used: its look-up blocks the calling OS thread, and with it every
//! task there. This one has the same name, the same method and the same implementations, so that
//! `TcpStream::connect` takes what it takes in std.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6};
use std::{io, iter, option, slice, vec};

use super::lookup::lookup;

/// What can be turned into socket addresses.
///
/// Implemented for the types for which [`std::net::ToSocketAddrs`] is, and like it: a string is
/// `"host:port"`, a name may have several addresses.
///
/// ```
/// use osier::net::ToSocketAddrs;
///
/// let addrs: Vec<_> = "127.0.0.1:80".to_socket_addrs()?.collect();
/// assert_eq!(addrs, ["127.0.0.1:80".parse().unwrap()]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Blocking
///
/// Waits where a name has to be looked up.
pub trait ToSocketAddrs {
    /// The addresses, one after the other.
    type Iter: Iterator<Item = SocketAddr>;

    /// Converts to socket addresses.
    ///
    /// # Errors
    ///
    /// `InvalidInput` for a string that is not `host:port`; else what [`lookup`] says.
    ///
    /// # Blocking
    ///
    /// Waits for the system's resolver where a name has to be looked up; never for addresses and
    /// literals.
    fn to_socket_addrs(&self) -> io::Result<Self::Iter>;
}

/// Calls `f` on each address until one succeeds; the last error if none does.
pub(crate) fn each_addr<A: ToSocketAddrs, T>(
    addrs: A,
    mut f: impl FnMut(&SocketAddr) -> io::Result<T>,
) -> io::Result<T> {
    let mut last = None;
    for addr in addrs.to_socket_addrs()? {
        match f(&addr) {
            Ok(value) => return Ok(value),
            Err(e) => last = Some(e),
        }
    }
    let none = || invalid("could not resolve to any addresses");
    Err(last.unwrap_or_else(none))
}

/// An address by itself, or what becomes one without a look-up.
macro_rules! single {
    ($($from:ty),*) => {$(
        impl ToSocketAddrs for $from {
            type Iter = option::IntoIter<SocketAddr>;

            fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
                Ok(Some(SocketAddr::from(*self)).into_iter())
            }
        }
    )*};
}
single!(SocketAddr, SocketAddrV4, SocketAddrV6, (IpAddr, u16), (Ipv4Addr, u16), (Ipv6Addr, u16));

impl ToSocketAddrs for (&str, u16) {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        let (host, port) = *self;
        Ok(lookup(host, port)?.into_iter())
    }
}

impl ToSocketAddrs for (String, u16) {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        (&*self.0, self.1).to_socket_addrs()
    }
}

impl ToSocketAddrs for str {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        // First, for "[::1]:80": the brackets belong to this form alone.
        if let Ok(addr) = self.parse::<SocketAddr>() {
            return Ok(vec![addr].into_iter());
        }
        let (host, port) =
            self.rsplit_once(':').ok_or_else(|| invalid("invalid socket address"))?;
        let port = port.parse().map_err(|_| invalid("invalid port value"))?;
        (host, port).to_socket_addrs()
    }
}

impl ToSocketAddrs for String {
    type Iter = vec::IntoIter<SocketAddr>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        (**self).to_socket_addrs()
    }
}

impl<'a> ToSocketAddrs for &'a [SocketAddr] {
    type Iter = iter::Copied<slice::Iter<'a, SocketAddr>>;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        Ok(self.iter().copied())
    }
}

impl<T: ToSocketAddrs + ?Sized> ToSocketAddrs for &T {
    type Iter = T::Iter;

    fn to_socket_addrs(&self) -> io::Result<Self::Iter> {
        (**self).to_socket_addrs()
    }
}

fn invalid(text: &'static str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What std makes of the same thing.
    fn std_of(given: &str) -> Result<Vec<SocketAddr>, (io::ErrorKind, String)> {
        plain(std::net::ToSocketAddrs::to_socket_addrs(given))
    }

    fn plain<I: Iterator<Item = SocketAddr>>(
        result: io::Result<I>,
    ) -> Result<Vec<SocketAddr>, (io::ErrorKind, String)> {
        result.map(Iterator::collect).map_err(|e| (e.kind(), e.to_string()))
    }

    #[test]
    fn strings_are_read_as_std_reads_them() {
        let literals = ["127.0.0.1:80", "[::1]:80", "0.0.0.0:0", "::1:80", "[::1%3]:80"];
        let wrong = ["", ":", "80", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "h:65536", "h:-1"];
        for given in literals.into_iter().chain(wrong) {
            assert_eq!(plain(given.to_socket_addrs()), std_of(given), "{given:?}");
        }
    }

    #[test]
    fn the_last_error_is_the_one_reported() {
        let addrs: [SocketAddr; 2] =
            ["127.0.0.1:1".parse().unwrap(), "127.0.0.1:2".parse().unwrap()];
        let error = each_addr(&addrs[..], |addr| -> io::Result<()> {
            Err(io::Error::other(addr.port().to_string()))
        });
        assert_eq!(error.unwrap_err().to_string(), "2");

        let none: &[SocketAddr] = &[];
        let error = each_addr(none, |_| Ok(())).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(error.to_string(), "could not resolve to any addresses");
    }
}
