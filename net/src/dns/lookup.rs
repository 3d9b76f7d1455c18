//! The look-ups that a program calls.

use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use osier_runtime::clock;

use super::answer::{literal, with_port};
use super::resolver::system;

/// Looks up the addresses of a host, each with the given port.
///
/// There is at least one, in the order in which the system would have them tried.
///
/// ```
/// for addr in osier::net::dns::lookup("localhost", 80)? {
///     assert_eq!(addr.port(), 80);
///     assert!(addr.ip().is_loopback());
/// }
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// What std's own look-up says, in kind and text: for instance "failed to lookup address
/// information: Name or service not known".
///
/// # Blocking
///
/// Waits for the system's resolver, unless `host` is an IP literal.
pub fn lookup(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    resolve(host, port, None)
}

/// Looks up the addresses of a host, for no longer than `limit`.
///
/// The limit always fires on time. What the system's resolver is busy with goes on in its own
/// thread, and later look-ups of the same name share it.
///
/// ```
/// use std::time::Duration;
///
/// let addrs = osier::net::dns::lookup_timeout("localhost", 80, Duration::from_secs(5))?;
/// assert!(!addrs.is_empty());
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// [`TimedOut`](io::ErrorKind::TimedOut) when the limit is reached; else as [`lookup`].
///
/// # Blocking
///
/// Waits for the system's resolver, unless `host` is an IP literal.
pub fn lookup_timeout(host: &str, port: u16, limit: Duration) -> io::Result<Vec<SocketAddr>> {
    resolve(host, port, clock::deadline(limit))
}

/// Looks up the addresses of a host, until `deadline` at the latest.
///
/// ```
/// use std::time::Duration;
///
/// let deadline = osier::clock::now() + Duration::from_secs(5);
/// let addrs = osier::net::dns::lookup_deadline("::1", 80, deadline)?;
/// assert_eq!(addrs, ["[::1]:80".parse().unwrap()]);
/// # Ok::<(), std::io::Error>(())
/// ```
///
/// # Errors
///
/// [`TimedOut`](io::ErrorKind::TimedOut) when the deadline comes first; else as [`lookup`].
///
/// # Blocking
///
/// Waits for the system's resolver, unless `host` is an IP literal.
pub fn lookup_deadline(host: &str, port: u16, deadline: Instant) -> io::Result<Vec<SocketAddr>> {
    resolve(host, port, Some(deadline))
}

fn resolve(host: &str, port: u16, deadline: Option<Instant>) -> io::Result<Vec<SocketAddr>> {
    if let Some(ip) = literal(host) {
        return Ok(vec![SocketAddr::new(ip, port)]);
    }
    Ok(with_port(&system().resolve(host, deadline)?, port))
}
