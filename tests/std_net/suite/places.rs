//! Where the tests meet: addresses, pairs of sockets, folders for paths; and how long things may take.

use std::fmt::Debug;
use std::io::{self, ErrorKind, Read};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::RwLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{env, fs, process};

use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use crate::way;
use crate::way::net::{TcpListener, TcpStream, UdpSocket};

/// A limit that is to be reached.
pub(super) const SHORT: Duration = Duration::from_millis(20);
/// The kernel counts limits in ticks, and the one under way counts whole: this much of `SHORT` may be missing.
pub(super) const TICK: Duration = Duration::from_millis(10);
/// Longer than anything here takes, even on a busy machine.
pub(super) const LONG: Duration = Duration::from_secs(20);

/// Held by every test; alone by the one that starts a process, which for a moment has all sockets of the others.
pub(super) static PROCESS: RwLock<()> = RwLock::new(());

/// Runs a test where this program's tests run.
pub(super) fn run(test: impl FnOnce()) {
    let _shared = PROCESS.read().unwrap_or_else(|poisoned| poisoned.into_inner());
    way::run(test);
}

/// Runs a test for each family of addresses.
pub(super) fn each_family(test: impl Fn(IpAddr)) {
    run(|| {
        test(Ipv4Addr::LOCALHOST.into());
        test(Ipv6Addr::LOCALHOST.into());
    });
}

/// A listener at a port that the system chose.
pub(super) fn listening(host: IpAddr) -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind((host, 0)).unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// Both ends of a connection.
pub(super) fn linked(host: IpAddr) -> (TcpStream, TcpStream) {
    let (listener, addr) = listening(host);
    let near = TcpStream::connect(addr).unwrap();
    (near, listener.accept().unwrap().0)
}

/// Both ends of a connection of IPv4.
pub(super) fn linked_v4() -> (TcpStream, TcpStream) {
    linked(Ipv4Addr::LOCALHOST.into())
}

/// A socket for datagrams at a port that the system chose.
pub(super) fn bound(host: IpAddr) -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((host, 0)).unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

/// As `bound`, of IPv4.
pub(super) fn bound_v4() -> (UdpSocket, SocketAddr) {
    bound(Ipv4Addr::LOCALHOST.into())
}

/// A port that nobody listens at, nor will while the socket is held.
pub(super) fn refusing() -> (OwnedFd, SocketAddr) {
    let kind = SocketType::STREAM;
    let fd = socket_with(AddressFamily::INET, kind, SocketFlags::CLOEXEC, None).unwrap();
    rustix::net::bind(&fd, &SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).unwrap();
    let addr = rustix::net::getsockname(&fd).unwrap().try_into().unwrap();
    (fd, addr)
}

/// A listener whose queue is full, so that it answers nobody; and its address.
pub(super) fn unanswering() -> (Vec<OwnedFd>, SocketAddr) {
    let (fd, addr) = refusing();
    rustix::net::listen(&fd, 0).unwrap();
    let mut held = vec![fd];
    while let Ok(stream) = TcpStream::connect_timeout(&addr, SHORT) {
        held.push(stream.into());
    }
    (held, addr)
}

/// The one byte that is read.
pub(super) fn byte(mut from: impl Read) -> u8 {
    let mut buf = [0];
    assert_eq!(from.read(&mut buf).unwrap(), 1);
    buf[0]
}

/// The kind of the error that it has to be.
pub(super) fn refused<T: Debug>(result: io::Result<T>) -> ErrorKind {
    result.expect_err("an error was due").kind()
}

/// Holds that a call ends because its limit is reached, and on time.
pub(super) fn times_out<T: Debug>(call: impl FnOnce() -> io::Result<T>) {
    let began = Instant::now();
    let kind = refused(call());
    let took = began.elapsed();
    assert!(matches!(kind, ErrorKind::WouldBlock | ErrorKind::TimedOut), "{kind:?}");
    assert!(took >= SHORT - TICK && took < LONG, "{took:?}");
}

/// A folder that is gone with the test.
pub(super) struct Folder(PathBuf);

impl Folder {
    pub(super) fn new() -> Folder {
        static NUMBER: AtomicUsize = AtomicUsize::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let folder = env::temp_dir().join(format!("std_net {} {number}", process::id()));
        fs::create_dir(&folder).unwrap();
        Folder(folder)
    }

    /// A path in it.
    pub(super) fn at(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// A path in it that is so many bytes long.
    pub(super) fn long(&self, first: char, bytes: usize) -> PathBuf {
        let rest = bytes - self.0.as_os_str().len() - 1;
        self.0.join(first.to_string().repeat(rest))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Holds that the limits of a fresh socket are as they are set, and that one of nothing is refused and changes nothing.
macro_rules! keeps_limits {
    ($socket:expr) => {
        let long = Duration::from_secs(15410);
        for limit in [None, Some(long), None, Some(SHORT)] {
            $socket.set_read_timeout(limit).unwrap();
            $socket.set_write_timeout(limit).unwrap();
            assert_eq!($socket.read_timeout().unwrap(), limit);
            assert_eq!($socket.write_timeout().unwrap(), limit);
        }
        let nothing = Some(Duration::ZERO);
        assert_eq!(refused($socket.set_read_timeout(nothing)), ErrorKind::InvalidInput);
        assert_eq!(refused($socket.set_write_timeout(nothing)), ErrorKind::InvalidInput);
        assert_eq!($socket.read_timeout().unwrap(), Some(SHORT));
        assert_eq!($socket.write_timeout().unwrap(), Some(SHORT));
    };
}
pub(super) use keeps_limits;
