//! Addresses, as std has them and as the kernel is told.

use std::ffi::OsStr;
use std::io;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::SocketAddr;
use std::path::Path;

use rustix::net::addr::SocketAddrLen;
use rustix::net::{SocketAddrAny, SocketAddrUnix};

/// What the kernel is told of a path, which is refused as std refuses it: too long, or with a NUL in it.
pub(super) fn of_path(path: &Path) -> io::Result<SocketAddrUnix> {
    to_kernel(&SocketAddr::from_pathname(path)?)
}

/// What the kernel is told of an address.
pub(super) fn to_kernel(addr: &SocketAddr) -> io::Result<SocketAddrUnix> {
    Ok(match (addr.as_pathname(), addr.as_abstract_name()) {
        (Some(path), _) => SocketAddrUnix::new(path)?,
        (None, Some(name)) => SocketAddrUnix::new_abstract_name(name)?,
        (None, None) => SocketAddrUnix::new_unnamed(),
    })
}

/// The bytes of an address before its path.
const FAMILY: SocketAddrLen = 2;

/// The bytes of an address whose path is as long as std and rustix can have it, its NUL included.
const LONGEST: SocketAddrLen = FAMILY + 108;

/// What the kernel says of an address; of one that has no name, it may say nothing.
///
/// A path of 108 bytes, which no NUL ends, is no name either: std cannot be given it, rustix panics at it, and whoever
/// received it is not to lose the message or the connection for that.
pub(super) fn from_kernel(addr: Option<SocketAddrAny>) -> io::Result<SocketAddr> {
    // rustix makes an empty path of no name, and then takes that for an abstract one.
    let named = addr.filter(|addr| (FAMILY + 1..=LONGEST).contains(&addr.addr_len()));
    let Some(addr) = named else { return SocketAddr::from_pathname("") };
    let addr = SocketAddrUnix::try_from(addr)?;
    if let Some(name) = addr.abstract_name() {
        return SocketAddr::from_abstract_name(name);
    }
    // Of a path of 107 bytes rustix hands the NUL out.
    let path = addr.path_bytes().unwrap_or_default().split(|&byte| byte == 0).next();
    SocketAddr::from_pathname(OsStr::from_bytes(path.unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn there_and_back(addr: &SocketAddr) -> SocketAddr {
        from_kernel(Some(to_kernel(addr).unwrap().into())).unwrap()
    }

    #[test]
    fn every_kind_of_address_comes_back() {
        let path = there_and_back(&SocketAddr::from_pathname("/a/path").unwrap());
        assert_eq!(path.as_pathname(), Some(Path::new("/a/path")));
        for name in [&b"a name"[..], b"", b"\0", b"in\0side", &[7; 107]] {
            let back = there_and_back(&SocketAddr::from_abstract_name(name).unwrap());
            assert_eq!(back.as_abstract_name(), Some(name));
        }
        assert!(there_and_back(&SocketAddr::from_pathname("").unwrap()).is_unnamed());
        assert!(from_kernel(None).unwrap().is_unnamed());
    }

    #[test]
    fn the_longest_path_fits_and_a_longer_one_is_refused() {
        let path = "p".repeat(107);
        let back = there_and_back(&SocketAddr::from_pathname(&path).unwrap());
        assert_eq!(back.as_pathname(), Some(Path::new(&path)));
        for wrong in ["p".repeat(108), "a\0path".into()] {
            let error = of_path(Path::new(&wrong)).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
        }
    }
}
