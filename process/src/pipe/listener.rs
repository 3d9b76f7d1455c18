//! Connections by the path of a socket.

use std::fmt;
use std::fs;
use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use osier_runtime::clock;
use osier_runtime::io::{Got, Source};
use rustix::fs::{Mode, chmod};
use rustix::io::Errno;
use rustix::net::{
    AddressFamily, SocketAddrUnix, SocketFlags, SocketType, accept_with, bind,
    connect as connect_to, listen, socket_with, sockopt,
};

use super::Connection;
use crate::wire::Stake;

/// How many may wait to be accepted.
const BACKLOG: i32 = 128;

/// How often a listener is asked again with whom too many wait.
const BY_AND_BY: Duration = Duration::from_millis(1);

/// Who is on the other side of a connection, by the kernel's word.
///
/// ```
/// let me = osier::process::pipe::Credentials { pid: 1, uid: 1000, gid: 1000 };
/// assert_eq!(me.uid, 1000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Credentials {
    /// The process, at the time it connected.
    pub pid: u32,
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
}

/// Waits for processes that connect to a path.
///
/// The socket's file is its user's alone (mode 0600), and those of other users are refused. Dropped, it removes the file.
///
/// ```
/// use osier::process::pipe::{Connection, Listener, connect};
///
/// # let path = std::env::temp_dir().join(format!("osier-doc-{}", std::process::id()));
/// osier::run(|| {
///     let listener = Listener::bind(&path)?;
///     let client = osier::spawn({
///         let path = path.clone();
///         move || connect::<u32, u32>(path).map(|line| line.send(&7))
///     });
///     let line: Connection<u32> = listener.accept()?;
///     assert_eq!(line.recv().unwrap(), 7);
///     client.join().unwrap()?.unwrap();
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct Listener {
    /// Goes first: before the descriptor is closed.
    _stake: Stake,
    source: Source<OwnedFd>,
    path: PathBuf,
    /// The process that is to remove the file: not a copy of it.
    pid: u32,
}

impl Listener {
    /// Listens at a path, at which there must be nothing.
    ///
    /// # Errors
    /// `AddrInUse` if there is; as `bind(2)`.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<Listener> {
        let path = path.as_ref().to_owned();
        let fd = message_socket()?;
        // Nobody can connect before `listen`, so the mode is set in time.
        bind(&fd, &SocketAddrUnix::new(&path)?)?;
        let listener = Listener {
            _stake: Stake::new(fd.as_fd()),
            source: Source::new(fd),
            path,
            pid: std::process::id(),
        };
        chmod(&listener.path, Mode::RUSR | Mode::WUSR)?;
        listen(listener.source.get_ref(), BACKLOG)?;
        listener.source.share();
        Ok(listener)
    }

    /// Waits for the next one that connects. Other users' are refused, and not reported.
    ///
    /// # Errors
    /// When there are no descriptors left; when another task accepts here.
    ///
    /// # Blocking
    /// Switches tasks, unless one waits already.
    pub fn accept<S, R>(&self) -> io::Result<Connection<S, R>> {
        self.accept_until(None)
    }

    /// Waits for the next one, no longer than that.
    ///
    /// # Errors
    /// `TimedOut` if none comes; else as [`accept`](Self::accept).
    ///
    /// # Blocking
    /// Switches tasks, unless one waits already.
    pub fn accept_timeout<S, R>(&self, limit: Duration) -> io::Result<Connection<S, R>> {
        self.accept_until(clock::deadline(limit))
    }

    fn accept_until<S, R>(&self, deadline: Option<Instant>) -> io::Result<Connection<S, R>> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        loop {
            let accepted = self
                .source
                .read(deadline, |fd| Ok(Got { value: accept_with(fd, flags)?, drained: false }))?;
            let peer = sockopt::socket_peercred(&accepted)?;
            if peer.uid == rustix::process::geteuid() {
                return Connection::from_fd(accepted);
            }
        }
    }

    /// Where it listens.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        if self.pid == std::process::id() {
            // Somebody may have removed it already.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("path", &self.path).finish_non_exhaustive()
    }
}

fn message_socket() -> io::Result<OwnedFd> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    Ok(socket_with(AddressFamily::UNIX, SocketType::SEQPACKET, flags, None)?)
}

/// Connects to a [`Listener`]: Python's `Client`.
///
/// # Errors
/// As `connect(2)`: `NotFound`, `ConnectionRefused`; `PermissionDenied` when the listener is another user's.
///
/// # Blocking
/// Switches tasks, if too many others wait to be accepted.
pub fn connect<S, R>(path: impl AsRef<Path>) -> io::Result<Connection<S, R>> {
    let fd = message_socket()?;
    let address = SocketAddrUnix::new(path.as_ref())?;
    while let Err(error) = connect_to(&fd, &address) {
        match error {
            Errno::AGAIN => osier_runtime::sleep(BY_AND_BY), // nothing tells when there is room
            Errno::INTR => {}
            error => return Err(error.into()),
        }
    }
    let peer = sockopt::socket_peercred(&fd)?;
    if peer.uid != rustix::process::geteuid() && !peer.uid.is_root() {
        let text = "the listener is another user's";
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, text));
    }
    Connection::from_fd(fd)
}

impl<S, R> Connection<S, R> {
    /// Who made the other end.
    ///
    /// # Errors
    /// As `getsockopt(2)`.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn peer(&self) -> io::Result<Credentials> {
        let peer = sockopt::socket_peercred(self.as_fd())?;
        let pid = peer.pid.as_raw_nonzero().get().unsigned_abs();
        Ok(Credentials { pid, uid: peer.uid.as_raw(), gid: peer.gid.as_raw() })
    }
}
