//! PostgreSQL: a process for each connection, and a function that sleeps.

use std::path::PathBuf;
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use super::daemon::{Daemon, command, find, finish, free, is_root};
use super::{Folder, Server, Trouble};

/// It refuses to run as root.
const USER: Option<&str> = Some("postgres");

/// Starts a PostgreSQL with an empty database that trusts whoever comes.
pub fn postgres(_: Duration) -> Result<Server, Trouble> {
    let (program, initdb) = (find_here("postgres")?, find_here("initdb")?);
    let (addr, folder) = (free()?, Folder::new("postgres")?);
    if is_root() {
        let owner = folder.path().display().to_string();
        finish(command("chown".as_ref(), None, None).args(["postgres:postgres", &owner]))?;
    }
    let (data, port, sockets) = (folder.join("data"), addr.port().to_string(), folder.join(""));
    let mut init = command(&initdb, USER, None);
    finish(init.args(["-D", &data, "-A", "trust", "-U", "postgres", "--no-sync"]))?;
    let settings = [
        "listen_addresses=127.0.0.1",
        &format!("unix_socket_directories={sockets}"),
        "max_connections=300",
        "shared_buffers=16MB",
        "fsync=off",
        "jit=off",
    ];
    let mut arguments = vec!["-D", &data, "-p", &port];
    settings.iter().for_each(|setting| arguments.extend(["-c", setting]));
    // At this signal it ends at once, and all of its processes with it.
    let daemon = Daemon::start(&program, USER, "QUIT", &arguments, addr, folder)?;
    await_ready(&data)?;
    Ok(Server { addr, daemon: Some(daemon) })
}

/// It listens before it lets anybody in; that it does stands in the file of its process.
fn await_ready(data: &str) -> io::Result<()> {
    let began = Instant::now();
    while !fs::read_to_string(format!("{data}/postmaster.pid"))?.contains("ready") {
        if began.elapsed() > Duration::from_secs(60) {
            return Err(io::Error::other("PostgreSQL does not get ready"));
        }
        thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

/// Debian keeps each version in a folder of its own; the last one is taken.
fn find_here(name: &'static str) -> Result<PathBuf, Trouble> {
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten();
    let versions = versions.collect::<io::Result<Vec<_>>>()?.into_iter();
    let programs = versions.map(|version| version.path().join("bin").join(name));
    match programs.filter(|path| path.is_file()).max() {
        Some(path) => Ok(path),
        None => find(name).map_err(|_| Trouble::Needs("postgresql")),
    }
}
