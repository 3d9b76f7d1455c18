//! HTTP by libcurl.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use curl::easy::Easy;

pub fn ask(server: SocketAddr, _: Duration, n: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    get(&format!("http://{server}/{n}"), n)
}

/// Through TLS, which is OpenSSL's in libcurl.
pub fn ask_by_tls(
    server: SocketAddr,
    _: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    get(&format!("https://{server}/{n}"), n)
}

/// By a name, which libcurl looks up on a thread of its own.
pub fn ask_by_name(
    server: SocketAddr,
    _: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    // It knows `localhost` by itself, and asks nobody for it.
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")?;
    get(&format!("http://{}:{}/{n}", name.trim(), server.port()), n)
}

fn get(url: &str, n: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let mut answer = Vec::new();
    let mut easy = Easy::new();
    easy.url(url)?;
    easy.timeout(Duration::from_secs(20))?;
    easy.ssl_verify_peer(false)?;
    easy.ssl_verify_host(false)?;
    let mut transfer = easy.transfer();
    transfer.write_function(|piece| {
        answer.extend_from_slice(piece);
        Ok(piece.len())
    })?;
    transfer.perform()?;
    drop(transfer);
    let answer = String::from_utf8(answer)?;
    if answer == format!("/{n}") { Ok(()) } else { Err(answer.into()) }
}
