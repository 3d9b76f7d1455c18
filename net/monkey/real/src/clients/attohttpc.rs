//! HTTP by attohttpc.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

pub fn ask(server: SocketAddr, _: Duration, n: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let answer = attohttpc::get(format!("http://{server}/{n}")).send()?.text()?;
    if answer == format!("/{n}") { Ok(()) } else { Err(answer.into()) }
}

/// With limits set, and by name.
pub fn ask_by_name(
    server: SocketAddr,
    _: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let answer = attohttpc::get(format!("http://localhost:{}/{n}", server.port()))
        .connect_timeout(Duration::from_secs(20))
        .read_timeout(Duration::from_secs(20))
        .send()?
        .text()?;
    if answer == format!("/{n}") { Ok(()) } else { Err(answer.into()) }
}
