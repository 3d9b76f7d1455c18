//! memcached, which never keeps anybody waiting, behind a proxy that does.

use std::time::Duration;

use super::daemon::{Daemon, find, free};
use super::{Folder, Server, Trouble, slow};

/// It refuses to run as root; when it leaves that itself, it does not end with us any more.
const USER: Option<&str> = Some("daemon");

/// Starts memcached, and a proxy that takes that long before it hands on the first request of a connection.
pub fn memcached(wait: Duration) -> Result<Server, Trouble> {
    let program = find("memcached")?;
    let (addr, folder) = (free()?, Folder::new("memcached")?);
    let port = addr.port().to_string();
    let arguments = [["-l", "127.0.0.1"], ["-p", &port], ["-U", "0"], ["-c", "1000"]];
    let daemon = Daemon::start(&program, USER, "KILL", arguments.as_flattened(), addr, folder)?;
    Ok(Server { addr: slow::proxy(addr, wait)?, daemon: Some(daemon) })
}
