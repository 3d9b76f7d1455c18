//! redis-server: it keeps who pops from an empty list waiting.

use std::time::Duration;

use super::daemon::{Daemon, find, free};
use super::{Folder, Server, Trouble};

/// Starts a redis-server that keeps nothing.
pub fn redis(_: Duration) -> Result<Server, Trouble> {
    let program = find("redis-server")?;
    let (addr, folder) = (free()?, Folder::new("redis")?);
    let (port, dir) = (addr.port().to_string(), folder.join(""));
    let arguments = [
        ["--port", &port],
        ["--bind", "127.0.0.1"],
        ["--dir", &dir],
        ["--save", ""],
        ["--appendonly", "no"],
        ["--tcp-backlog", "1024"],
        ["--maxclients", "600"],
    ];
    let daemon = Daemon::start(&program, None, "KILL", arguments.as_flattened(), addr, folder)?;
    Ok(Server { addr, daemon: Some(daemon) })
}
