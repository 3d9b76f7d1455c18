//! HTTP by minreq, without a limit: with one it waits on a thread of its own for each request, see README.md.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

pub fn ask(server: SocketAddr, _: Duration, n: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let response = minreq::get(format!("http://{server}/{n}")).send()?;
    let answer = response.as_str()?;
    if answer == format!("/{n}") { Ok(()) } else { Err(answer.into()) }
}
