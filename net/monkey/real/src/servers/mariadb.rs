//! MariaDB: a thread for each connection, and a function that sleeps.

use std::time::Duration;

use super::daemon::{Daemon, command, find, finish, free, is_root};
use super::{Folder, Server, Trouble};

/// It refuses to run as root.
const USER: Option<&str> = Some("mysql");

/// Starts a MariaDB with an empty database, whose root needs no password.
pub fn mariadb(_: Duration) -> Result<Server, Trouble> {
    let (program, install) = (find("mariadbd")?, find("mariadb-install-db")?);
    let (addr, folder) = (free()?, Folder::new("mariadb")?);
    if is_root() {
        let owner = folder.path().display().to_string();
        finish(command("chown".as_ref(), None, None).args(["mysql:mysql", &owner]))?;
    }
    let data = format!("--datadir={}", folder.join("data"));
    // Small files: it writes 100 MB by default.
    let small = ["--innodb-log-file-size=4M", "--innodb-buffer-pool-size=8M"];
    let mut init = command(&install, USER, None);
    init.args([
        "--no-defaults",
        &data,
        "--skip-test-db",
        "--auth-root-authentication-method=normal",
    ]);
    finish(init.args(small))?;
    let port = format!("--port={}", addr.port());
    let (socket, pid) = (folder.join("socket"), folder.join("pid"));
    let arguments = [
        "--no-defaults",
        &data,
        &port,
        "--bind-address=127.0.0.1",
        &format!("--socket={socket}"),
        &format!("--pid-file={pid}"),
        "--max-connections=300",
        "--back-log=300",
        "--skip-name-resolve",
        small[0],
        small[1],
    ];
    let daemon = Daemon::start(&program, USER, "KILL", &arguments, addr, folder)?;
    Ok(Server { addr, daemon: Some(daemon) })
}
