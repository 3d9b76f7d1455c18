//! What the resolver said, in a form that many waiters can share.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

/// The outcome of one look-up. Ports are not part of it: they are the asker's.
pub(super) type Answer = Result<Arc<[SocketAddr]>, Failure>;

/// An `io::Error` that can be handed to several askers (`io::Error` is not `Clone`).
#[derive(Debug, Clone)]
pub(super) struct Failure {
    /// The errno, where there was one; kind and text follow from it.
    os_error: Option<i32>,
    kind: io::ErrorKind,
    text: Arc<str>,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Failure {
            os_error: error.raw_os_error(),
            kind: error.kind(),
            text: error.to_string().into(),
        }
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> Self {
        match failure.os_error {
            Some(code) => io::Error::from_raw_os_error(code),
            None => io::Error::new(failure.kind, &*failure.text),
        }
    }
}

/// The addresses of an answer, each with the asker's port.
pub(super) fn with_port(addrs: &[SocketAddr], port: u16) -> Vec<SocketAddr> {
    let at_port = |mut addr: SocketAddr| {
        addr.set_port(port);
        addr
    };
    addrs.iter().copied().map(at_port).collect()
}

/// The address that `host` is, when it is one and not a name.
pub(super) fn literal(host: &str) -> Option<IpAddr> {
    host.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_keeps_errno_kind_and_text() {
        let given = || io::Error::from_raw_os_error(11);
        let back = io::Error::from(Failure::from(given()));
        assert_eq!(back.raw_os_error(), Some(11));
        assert_eq!(back.to_string(), given().to_string());

        let given = || io::Error::new(io::ErrorKind::InvalidInput, "no such thing");
        let back = io::Error::from(Failure::from(given()));
        assert_eq!(back.raw_os_error(), None);
        assert_eq!(back.kind(), io::ErrorKind::InvalidInput);
        assert_eq!(back.to_string(), "no such thing");
    }

    #[test]
    fn the_port_is_the_askers() {
        let addrs = ["127.0.0.1:0".parse().unwrap(), "[fe80::1%7]:0".parse().unwrap()];
        let expected: [SocketAddr; 2] =
            ["127.0.0.1:9".parse().unwrap(), "[fe80::1%7]:9".parse().unwrap()];
        assert_eq!(with_port(&addrs, 9), expected);
    }
}
