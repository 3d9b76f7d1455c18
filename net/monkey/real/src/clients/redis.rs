//! A list of redis that nobody puts anything into.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

pub fn ask(
    server: SocketAddr,
    wait: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    let client = redis::Client::open(format!("redis://{server}/"))?;
    let mut connection = client.get_connection()?;
    let key = format!("empty {n}");
    let mut pop = redis::cmd("BLPOP");
    pop.arg(key).arg(wait.as_secs_f64());
    let popped: Option<(String, String)> = pop.query(&mut connection)?;
    let back: usize = redis::cmd("ECHO").arg(n).query(&mut connection)?;
    if popped.is_none() && back == n { Ok(()) } else { Err(format!("{popped:?} {back}").into()) }
}

/// For three times as long: beyond the second after which a green wait is looked at.
pub fn ask_patiently(
    server: SocketAddr,
    wait: Duration,
    n: usize,
) -> Result<(), Box<dyn Error + Send + Sync>> {
    ask(server, 3 * wait, n)
}
