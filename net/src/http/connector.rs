//! Connections for ureq: its `Connector`, over our sockets.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use osier_runtime::clock;
use ureq::unversioned::transport::{ConnectionDetails, Connector, Either, Transport};
use ureq::{Error, Proxy, ProxyProtocol};

use super::live::Live;
use super::names::{Names, timed_out};
use super::transport::TcpTransport;
use crate::tcp::TcpStream;

/// Opens the TCP connections of one agent.
pub(super) struct TcpConnector {
    /// The agent's, to be told of hosts that cannot be reached.
    names: Names,
    live: Arc<Live>,
}

impl TcpConnector {
    pub(super) fn new(names: Names) -> Self {
        TcpConnector { names, live: Arc::new(Live::default()) }
    }

    fn open(&self, details: &ConnectionDetails<'_>) -> Result<TcpTransport, Error> {
        refuse_socks(details)?;
        let stream = first_that_answers(details).inspect_err(|_| self.names.forget(details.uri))?;
        if details.config.no_delay() {
            stream.set_nodelay(true)?;
        }
        let stream = Arc::new(stream);
        let place = self.live.add(&stream, details)?;
        Ok(TcpTransport::new(stream, place, details.config))
    }
}

impl<In: Transport> Connector<In> for TcpConnector {
    type Out = Either<In, TcpTransport>;

    fn connect(
        &self,
        details: &ConnectionDetails<'_>,
        chained: Option<In>,
    ) -> Result<Option<Self::Out>, Error> {
        match chained {
            // A proxy before us has made the connection.
            Some(made) => Ok(Some(Either::A(made))),
            None => Ok(Some(Either::B(self.open(details)?))),
        }
    }
}

impl fmt::Debug for TcpConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TcpConnector").finish_non_exhaustive()
    }
}

/// Tries the addresses in turn, each for half of the time that is left and the last for all of it:
/// one that does not answer must not use up what the others need.
fn first_that_answers(details: &ConnectionDetails<'_>) -> Result<TcpStream, Error> {
    let limited = !details.timeout.after.is_not_happening();
    let end = limited.then(|| clock::deadline(*details.timeout.after)).flatten();
    let mut last = None;
    for (i, addr) in details.addrs.iter().enumerate() {
        let attempt = match end {
            None => TcpStream::connect(addr),
            Some(end) => {
                let left = end.saturating_duration_since(clock::now());
                let others = i + 1 < details.addrs.len();
                connect_within(addr, if others { left / 2 } else { left })
            }
        };
        match attempt {
            Ok(stream) => return Ok(stream),
            Err(e) => last = Some(e),
        }
    }
    match last {
        Some(e) if limited => Err(timed_out(e, details.timeout.reason)),
        Some(e) => Err(Error::Io(e)),
        None => Err(Error::HostNotFound),
    }
}

fn connect_within(addr: &SocketAddr, left: Duration) -> io::Result<TcpStream> {
    if left.is_zero() {
        return Err(io::ErrorKind::TimedOut.into());
    }
    TcpStream::connect_timeout(addr, left)
}

/// A SOCKS proxy that is set is meant to be used: going around it would tell the host who asks.
fn refuse_socks(details: &ConnectionDetails<'_>) -> Result<(), Error> {
    let socks = |proxy: &&Proxy| {
        !matches!(proxy.protocol(), ProxyProtocol::Http | ProxyProtocol::Https)
            && !proxy.is_no_proxy(details.uri)
    };
    match details.config.proxy().filter(socks) {
        None => Ok(()),
        Some(_) => Err(Error::Io(io::Error::new(
            io::ErrorKind::Unsupported,
            "SOCKS proxies are not supported (set by the configuration or by ALL_PROXY)",
        ))),
    }
}
