//! A value of memcached.

use std::error::Error;
use std::net::SocketAddr;
use std::time::Duration;

use bmemcached::MemcachedClient;

pub fn ask(server: SocketAddr, _: Duration, n: usize) -> Result<(), Box<dyn Error + Send + Sync>> {
    let client = MemcachedClient::new(vec![server], 1).map_err(|error| error.to_string())?;
    let key = format!("key-{n}");
    client.set(&key, n as u64, 100).map_err(|error| error.to_string())?;
    let value: u64 = client.get(&key).map_err(|error| error.to_string())?;
    if value == n as u64 { Ok(()) } else { Err(format!("{value}").into()) }
}
