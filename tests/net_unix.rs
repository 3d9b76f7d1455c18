//! Unix connections through the facade: what a program sees of them besides what `std_net` holds of all sockets.
//!
//! What can be is run outside of any hub and in a task.
#![cfg(feature = "net")]

mod place;

use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::process;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use osier::net::unix::{SocketAddr, UnixListener, UnixStream};
use rustix::net::{AddressFamily, SocketAddrUnix, SocketFlags, SocketType, socket_with};

use place::everywhere;

const SHORT: Duration = Duration::from_millis(20);

/// Longer than any wait of these tests, even on a busy machine.
const LONG: Duration = Duration::from_secs(10);

/// A name that nobody else has.
fn name() -> SocketAddr {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    SocketAddr::from_abstract_name(format!("osier net_unix {} {number}", process::id())).unwrap()
}

#[test]
fn one_reads_while_one_writes_a_unix_stream_so_04() {
    const MUCH: usize = 4 << 20;
    osier::run(|| {
        let (near, far) = UnixStream::pair().unwrap();
        let ends = [near, far].map(Rc::new);
        let writers = ends
            .clone()
            .map(|end| osier::spawn(move || (&*end).write_all(&vec![7; MUCH]).unwrap()));
        let readers = ends.map(|end| {
            osier::spawn(move || {
                let mut got = vec![0; MUCH];
                (&*end).read_exact(&mut got).unwrap();
                assert!(got.iter().all(|&byte| byte == 7));
            })
        });
        let ends = osier::join_all(writers.into_iter().chain(readers));
        assert!(ends.into_iter().all(|end| end.is_ok()));
    });
}

#[test]
fn a_second_reader_of_a_unix_stream_is_refused_so_05() {
    osier::run(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let near = Rc::new(near);
        let waits = Rc::clone(&near);
        let first = osier::spawn(move || (&*waits).read(&mut [0; 8]).unwrap());
        osier::yield_now();
        let busy = ErrorKind::ResourceBusy;
        assert_eq!((&*near).read(&mut [0]).unwrap_err().kind(), busy);
        assert_eq!(near.peek(&mut [0]).unwrap_err().kind(), busy);
        assert_eq!(near.recv_with_fds(&mut [0]).unwrap_err().kind(), busy);
        assert!(!first.is_finished());
        far.write_all(b"first").unwrap();
        assert_eq!(first.join().unwrap(), 5);
    });
}

#[test]
fn a_second_acceptor_is_refused_and_a_clone_takes_its_share_so_12() {
    osier::run(|| {
        let name = name();
        let listener = Rc::new(UnixListener::bind_addr(&name).unwrap());
        let clone = listener.try_clone().unwrap();
        let waits = Rc::clone(&listener);
        let first = osier::spawn(move || waits.accept().map(drop));
        let second = osier::spawn(move || clone.accept().map(drop));
        osier::yield_now();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::ResourceBusy);
        assert!(!first.is_finished() && !second.is_finished());
        let _clients = [(); 2].map(|()| UnixStream::connect_addr(&name).unwrap());
        first.join().unwrap().unwrap();
        second.join().unwrap().unwrap();
        listener.set_nonblocking(true).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock, "each once");
    });
}

#[test]
fn shutdown_wakes_who_waits_on_a_unix_stream_so_06() {
    everywhere(|place| {
        let (near, _far) = UnixStream::pair().unwrap();
        let near = Arc::new(near);
        let waits = Arc::clone(&near);
        let reader = place.beside(move || (&*waits).read(&mut [0]).unwrap());
        osier::sleep(Duration::from_millis(1)); // the reader waits
        near.shutdown(Shutdown::Both).unwrap();
        assert_eq!(reader.join(), 0);
        assert_eq!((&*near).write(&[0]).unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_kill_ends_a_wait_and_closes_a_unix_stream_so_06() {
    osier::run(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let name = name();
        let listener = UnixListener::bind_addr(&name).unwrap();
        let reader = osier::spawn(move || (&near).read(&mut [0]).map(drop));
        let acceptor = osier::spawn(move || listener.accept().map(drop));
        osier::yield_now();
        for task in [reader, acceptor] {
            task.kill();
            assert!(task.join().unwrap_err().is_killed());
        }
        assert_eq!(far.read(&mut [0]).unwrap(), 0);
        let refused = UnixStream::connect_addr(&name).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn limits_and_mode_of_a_unix_stream_survive_the_way_to_std_and_back_so_07() {
    everywhere(|_| {
        let (near, mut far) = UnixStream::pair().unwrap();
        near.set_read_timeout(Some(SHORT)).unwrap();
        near.set_nonblocking(true).unwrap();
        let mut theirs = near.into_std().unwrap();
        assert_eq!(theirs.read_timeout().unwrap(), Some(SHORT));
        assert_eq!(theirs.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let mut ours = UnixStream::from_std(theirs).unwrap();
        assert_eq!(ours.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        far.write_all(b"x").unwrap();
        let mut ours = UnixStream::from(OwnedFd::from(ours));
        assert_eq!(ours.read(&mut [0]).unwrap(), 1);
    });
}

/// A listener with room for one connection, and the one that fills it.
fn crowded() -> (UnixListener, SocketAddr, UnixStream) {
    let name = name();
    let addr = SocketAddrUnix::new_abstract_name(name.as_abstract_name().unwrap()).unwrap();
    let kind = SocketType::STREAM;
    let fd = socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
    rustix::net::bind(&fd, &addr).unwrap();
    rustix::net::listen(&fd, 0).unwrap();
    let first = UnixStream::connect_addr(&name).unwrap();
    (fd.into(), name, first)
}

#[test]
fn a_connection_waits_for_room_in_the_backlog_so_01() {
    everywhere(|place| {
        let (listener, name, _first) = crowded();
        let next = place.beside(move || {
            UnixStream::connect_addr(&name).unwrap().write_all(b"at last").unwrap();
        });
        osier::sleep(SHORT); // it waits, and longer from time to time
        drop(listener.accept().unwrap());
        let mut text = String::new();
        listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
        assert_eq!(text, "at last");
        next.join();
    });
}

#[test]
fn a_connection_that_waits_for_room_can_be_ended_so_06() {
    osier::run(|| {
        let (listener, name, _first) = crowded();
        assert!(osier::timeout(SHORT, || UnixStream::connect_addr(&name)).is_err());
        let waits = osier::spawn(move || UnixStream::connect_addr(&name).map(drop));
        osier::yield_now();
        waits.kill();
        assert!(waits.join().unwrap_err().is_killed());
        drop(listener.accept().unwrap());
        listener.set_nonblocking(true).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_unix_listener_goes_to_another_hub_and_comes_back_so_11() {
    osier::run(|| {
        let name = name();
        let listener = Arc::new(UnixListener::bind_addr(&name).unwrap());
        let round = |listener: Arc<UnixListener>| {
            let acceptor = osier::spawn(move || listener.accept().map(drop));
            osier::yield_now();
            let _client = UnixStream::connect_addr(&name).unwrap();
            acceptor.join().unwrap().unwrap();
        };
        round(Arc::clone(&listener));
        std::thread::scope(|scope| {
            scope.spawn(|| osier::run(|| round(Arc::clone(&listener))));
        });
        round(listener); // before this hub has read that the listener went
    });
}

#[test]
fn a_peer_whose_path_std_cannot_say_is_served_so_01() {
    everywhere(|_| {
        let name = name();
        let listener = UnixListener::bind_addr(&name).unwrap();
        // 108 bytes: no NUL ends it. The kernel tells one more byte than the address has.
        let folder = std::env::temp_dir();
        let mut path = folder.join(format!("osier {:?} ", std::thread::current().id()));
        path = path.with_extension("p".repeat(107 - path.as_os_str().len()));
        let kind = SocketType::STREAM;
        let fd = socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None).unwrap();
        let _ = std::fs::remove_file(&path);
        rustix::net::bind(&fd, &SocketAddrUnix::new(&path).unwrap()).unwrap();
        let addr = SocketAddrUnix::new_abstract_name(name.as_abstract_name().unwrap()).unwrap();
        rustix::net::connect(&fd, &addr).unwrap();
        let (mut stream, peer) = listener.accept().unwrap();
        std::fs::remove_file(&path).unwrap();
        assert_eq!((path.as_os_str().len(), peer.is_unnamed()), (108, true));
        rustix::net::send(&fd, b"hello", rustix::net::SendFlags::empty()).unwrap();
        assert_eq!(stream.read(&mut [0; 8]).unwrap(), 5);
    });
}

#[test]
fn a_connection_says_who_is_at_its_other_end_so_01() {
    everywhere(|_| {
        let name = name();
        let listener = UnixListener::bind_addr(&name).unwrap();
        let near = UnixStream::connect_addr(&name).unwrap();
        let (far, _) = listener.accept().unwrap();
        for end in [near, far] {
            let peer = end.peer_cred().unwrap();
            assert_eq!(peer.pid, Some(process::id() as i32));
            assert_eq!(peer.uid, rustix::process::getuid().as_raw());
            assert_eq!(peer.gid, rustix::process::getgid().as_raw());
        }
    });
}

#[test]
fn a_unix_read_ends_with_its_limit_and_the_stream_goes_on_so_03() {
    everywhere(|_| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        near.set_read_timeout(Some(SHORT)).unwrap();
        assert_eq!(near.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        near.set_write_timeout(Some(SHORT)).unwrap();
        let full = near.write_all(&vec![0; 16 << 20]).unwrap_err();
        assert_eq!(full.kind(), ErrorKind::TimedOut);
        far.set_read_timeout(Some(LONG)).unwrap();
        far.read_exact(&mut [0; 4096]).unwrap();
        far.write_all(b"x").unwrap();
        assert_eq!(near.read(&mut [0]).unwrap(), 1);
    });
}

#[test]
fn a_listener_and_a_stream_go_to_and_fro_between_two_hubs_so_11() {
    let name = name();
    let listener = Arc::new(UnixListener::bind_addr(&name).unwrap());
    let (near, far) = UnixStream::pair().unwrap();
    let (near, far) = (Arc::new(near), Arc::new(far));
    let round = || {
        let (listens, reads) = (Arc::clone(&listener), Arc::clone(&near));
        let acceptor = osier::spawn(move || listens.accept().map(drop));
        let reader = osier::spawn(move || (&*reads).read(&mut [0; 8]));
        osier::yield_now(); // both wait
        let _client = UnixStream::connect_addr(&name).unwrap();
        (&*far).write_all(b"x").unwrap();
        acceptor.join().unwrap().unwrap();
        assert_eq!(reader.join().unwrap().unwrap(), 1);
    };
    // In turns, and no hub has a moment to read its messages between: the thread stands still while the other has its turn.
    let barrier = std::sync::Barrier::new(2);
    let half = |first: bool| {
        osier::run(|| {
            for turn in 0..200 {
                if (turn % 2 == 0) == first {
                    round();
                }
                barrier.wait();
            }
        });
    };
    std::thread::scope(|scope| {
        scope.spawn(|| half(true));
        scope.spawn(|| half(false));
    });
}
