//! HTTP by ureq.

use std::error::Error;
use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::LazyLock;
use std::time::Duration;

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::{DefaultConnector, NextTimeout};

pub fn ask(server: SocketAddr, _: Duration, n: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let answer = ureq::get(format!("http://{server}/{n}")).call()?.body_mut().read_to_string()?;
    if answer == format!("/{n}") { Ok(()) } else { Err(answer.into()) }
}

/// Twice, by one agent for all: it keeps connections for the next that asks.
pub fn ask_an_agent(
    server: SocketAddr,
    _: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    static AGENT: LazyLock<ureq::Agent> = LazyLock::new(ureq::Agent::new_with_defaults);
    for n in [n, n + 1000] {
        let answer =
            AGENT.get(format!("http://{server}/{n}")).call()?.body_mut().read_to_string()?;
        if answer != format!("/{n}") {
            return Err(answer.into());
        }
    }
    Ok(())
}

/// With a limit, for which ureq looks names up on a thread that it starts for each: unless it is given another way to look up.
pub fn ask_with_timeout(
    server: SocketAddr,
    _: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let config = Config::builder().timeout_global(Some(Duration::from_secs(20))).build();
    let agent = ureq::Agent::with_parts(config, DefaultConnector::new(), RightHere);
    let answer = agent.get(format!("http://{server}/{n}")).call()?.body_mut().read_to_string()?;
    if answer == format!("/{n}") { Ok(()) } else { Err(answer.into()) }
}

/// Looks names up where it is called, as ureq does itself where no limit is set.
#[derive(Debug)]
struct RightHere;

impl Resolver for RightHere {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().ok_or(ureq::Error::HostNotFound)?;
        let mut found = self.empty();
        let addrs = (host, uri.port_u16().unwrap_or(80)).to_socket_addrs()?;
        addrs.filter(SocketAddr::is_ipv4).take(16).for_each(|addr| found.push(addr));
        if found.is_empty() { Err(ureq::Error::HostNotFound) } else { Ok(found) }
    }
}
