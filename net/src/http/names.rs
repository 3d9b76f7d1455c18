//! Names for ureq: its `Resolver`, over our look-ups.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use osier_runtime::clock;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{DefaultResolver, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, Timeout};

use super::cache::Cache;
use crate::dns::{self, ToSocketAddrs};

/// As many addresses as ureq's array holds.
const MOST: usize = 16;

/// Looks names up for one agent; clones share what is remembered.
#[derive(Clone)]
pub(super) struct Names {
    /// Locked for a few instructions at a time, never across a wait.
    cache: Arc<Mutex<Cache>>,
}

impl Names {
    /// Remembers each answer for `keep`; not at all if that is zero.
    pub(super) fn new(keep: Duration) -> Self {
        Names { cache: Arc::new(Mutex::new(Cache::new(keep))) }
    }

    /// Forgets a host none of whose addresses could be reached: it may have moved.
    pub(super) fn forget(&self, uri: &Uri) {
        if let Ok(name) = host_and_port(uri) {
            self.cache().forget(&name);
        }
    }

    fn look_up(&self, name: &str, timeout: NextTimeout) -> Result<Arc<[SocketAddr]>, Error> {
        if let Some(addrs) = self.cache().get(name, clock::now()) {
            return Ok(addrs);
        }
        let addrs: Arc<[SocketAddr]> = ask(name, timeout)?.into();
        self.cache().put(name, Arc::clone(&addrs), clock::now());
        Ok(addrs)
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Resolver for Names {
    fn resolve(
        &self,
        uri: &Uri,
        config: &Config,
        timeout: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, Error> {
        let name = host_and_port(uri)?;
        let mut found = self.empty();
        let mut add = |addrs: &[SocketAddr]| {
            let family = config.ip_family();
            family.keep_wanted(addrs.iter().copied()).take(MOST).for_each(|addr| found.push(addr));
        };
        match name.parse::<SocketAddr>() {
            Ok(literal) => add(&[literal]),
            Err(_) => add(&self.look_up(&name, timeout)?),
        }
        if found.is_empty() { Err(Error::HostNotFound) } else { Ok(found) }
    }
}

impl fmt::Debug for Names {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Names").finish_non_exhaustive()
    }
}

/// "host:port" of a URL, the port being the scheme's where none is given.
fn host_and_port(uri: &Uri) -> Result<String, Error> {
    let parts = uri.scheme().zip(uri.authority());
    parts
        .and_then(|(scheme, authority)| DefaultResolver::host_and_port(scheme, authority))
        .ok_or_else(|| Error::BadUri(format!("{uri} has no host, or no port is known for it")))
}

/// A look-up within what ureq allows for it.
fn ask(name: &str, timeout: NextTimeout) -> Result<Vec<SocketAddr>, Error> {
    if timeout.after.is_not_happening() {
        return Ok(name.to_socket_addrs()?.collect());
    }
    let (host, port) = name.rsplit_once(':').unwrap_or((name, ""));
    let port = port.parse().map_err(|_| Error::BadUri(name.to_owned()))?;
    dns::lookup_timeout(host, port, *timeout.after).map_err(|e| timed_out(e, timeout.reason))
}

/// An error of a call that ureq has given a limit: reaching it is ureq's own error.
pub(super) fn timed_out(error: io::Error, reason: Timeout) -> Error {
    match error.kind() {
        io::ErrorKind::TimedOut => Error::Timeout(reason),
        _ => Error::Io(error),
    }
}
