//! Starting a daemon of the system in the foreground, and ending it whatever happens.

use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, io, thread};

use super::{Folder, Trouble};

/// Longer than any of them takes to start.
const PATIENCE: Duration = Duration::from_secs(60);

/// A daemon that runs, until it is dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    /// The signal that ends it at once, and what it has begun too.
    signal: &'static str,
    /// Its data; dropped after it has ended.
    folder: Folder,
}

impl Daemon {
    /// Starts the program, as that user if we are root, and waits until it listens.
    pub fn start(
        program: &Path,
        user: Option<&str>,
        signal: &'static str,
        arguments: &[&str],
        addr: SocketAddr,
        folder: Folder,
    ) -> Result<Daemon, Trouble> {
        let log = File::create(folder.join("log"))?;
        let child = command(program, user, Some(signal))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()?;
        let mut daemon = Daemon { child, signal, folder };
        daemon.await_port(addr)?;
        Ok(daemon)
    }

    fn await_port(&mut self, addr: SocketAddr) -> io::Result<()> {
        let began = Instant::now();
        while TcpStream::connect(addr).is_err() {
            let ended = self.child.try_wait()?;
            if ended.is_some() || began.elapsed() > PATIENCE {
                let said = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                let text =
                    format!("nobody listens at {addr}; it ended: {ended:?}; it said:\n{said}");
                return Err(io::Error::other(text));
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(())
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        if !matches!(self.child.try_wait(), Ok(None)) {
            return;
        }
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-s", self.signal, &pid]).status();
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if began.elapsed() > Duration::from_secs(10) {
                let _ = self.child.kill();
            }
            thread::sleep(Duration::from_millis(2));
        }
    }
}

/// That program, as that user if we are root; with a signal, it gets it when the thread ends that starts it.
pub(super) fn command(program: &Path, user: Option<&str>, signal: Option<&str>) -> Command {
    let mut command = Command::new("setpriv");
    if let Some(signal) = signal {
        command.args(["--pdeathsig", signal]);
    }
    if let Some(user) = user.filter(|_| is_root()) {
        command.args(["--reuid", user, "--regid", user, "--clear-groups"]);
    }
    command.arg("--").arg(program);
    command
}

/// Runs that program to its end.
pub(super) fn finish(command: &mut Command) -> io::Result<()> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    Err(io::Error::other(format!("{command:?} has failed:\n{said}")))
}

pub(super) fn is_root() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    status.lines().any(|line| line.starts_with("Uid:\t0\t"))
}

/// Where a program is, in the `PATH` or where daemons are.
pub(super) fn find(name: &'static str) -> Result<PathBuf, Trouble> {
    let path = env::var_os("PATH").unwrap_or_default();
    let places = env::split_paths(&path).chain(["/usr/sbin", "/sbin"].map(PathBuf::from));
    places.map(|place| place.join(name)).find(|path| path.is_file()).ok_or(Trouble::Needs(name))
}

/// An address that nobody listens at.
pub(super) fn free() -> io::Result<SocketAddr> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_installed_is_named() {
        assert!(matches!(find("no-such-server"), Err(Trouble::Needs("no-such-server"))));
    }

    #[test]
    fn a_daemon_that_does_not_start_says_why() {
        let folder = Folder::new("nothing").unwrap();
        let shell = find("sh").unwrap();
        let arguments = ["-c", "echo out of order; exit 1"];
        let end = Daemon::start(&shell, None, "KILL", &arguments, free().unwrap(), folder);
        let Err(Trouble::Failed(error)) = end else { panic!("{end:?}") };
        assert!(error.to_string().contains("out of order"), "{error}");
    }

    #[test]
    fn a_daemon_ends_with_its_owner_and_so_does_its_folder() {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let folder = Folder::new("sleeper").unwrap();
        let path = folder.path().to_owned();
        let sleep = find("sleep").unwrap();
        let addr = listener.local_addr().unwrap();
        let daemon = Daemon::start(&sleep, None, "TERM", &["100"], addr, folder).unwrap();
        let proc = PathBuf::from(format!("/proc/{}", daemon.child.id()));
        assert!(proc.exists() && path.exists());
        drop(daemon);
        assert!(!proc.exists() && !path.exists());
    }
}
