//! The reactor on real sockets.

use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream, UdpSocket};
use std::os::fd::{AsFd, AsRawFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::net::{SendFlags, send};

use super::poll::{Gone, Owner};
use super::{Direction, Key, Reactor, WaitError, Waker};
use crate::clock;

/// Long enough for anything on one machine; a test that waits this long has failed.
const LONG: Option<Duration> = Some(Duration::from_secs(10));
const NOW: Option<Duration> = Some(Duration::ZERO);

type Names = Reactor<&'static str>;

fn reactor() -> Names {
    Reactor::new().expect("epoll and eventfd")
}

fn unix_pair() -> (UnixStream, UnixStream) {
    let (ours, peer) = UnixStream::pair().expect("socketpair");
    ours.set_nonblocking(true).expect("fcntl");
    (ours, peer)
}

fn tcp_pair() -> (TcpStream, TcpStream) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
    let peer = TcpStream::connect(listener.local_addr().expect("bound")).expect("connect");
    let (ours, _) = listener.accept().expect("accept");
    ours.set_nonblocking(true).expect("fcntl");
    peer.set_nodelay(true).expect("setsockopt");
    (ours, peer)
}

fn poll(reactor: &mut Names, timeout: Option<Duration>) -> Vec<&'static str> {
    let mut woken = Vec::new();
    let count = reactor.poll(timeout, |waiter| woken.push(waiter)).expect("epoll_wait");
    assert_eq!(count, woken.len());
    woken
}

/// Waits until something can be tried, as a task does: at once if it is believed ready.
fn wait(reactor: &mut Names, key: Key, direction: Direction) {
    if reactor.is_ready(key, direction) == Ok(true) {
        return;
    }
    reactor.start_wait(key, direction, "ready").expect("nobody waits");
    assert_eq!(poll_until_woken(reactor), ["ready"]);
    assert_eq!(reactor.is_ready(key, direction), Ok(true));
}

/// As [`wait`], for the kernel's own word.
fn wait_event(reactor: &mut Names, key: Key, direction: Direction) {
    reactor.clear(key, direction);
    wait(reactor, key, direction);
}

/// Polls until somebody is woken; events that concern nobody may come first.
fn poll_until_woken(reactor: &mut Names) -> Vec<&'static str> {
    let start = clock::now();
    loop {
        let woken = poll(reactor, LONG);
        if !woken.is_empty() {
            return woken;
        }
        assert!(start.elapsed() < LONG.expect("not for ever"), "nobody is woken");
    }
}

fn would_block<T: std::fmt::Debug>(result: io::Result<T>) {
    assert_eq!(result.expect_err("nothing there").kind(), ErrorKind::WouldBlock);
}

fn fill(mut stream: impl Write) {
    while stream.write(&[0; 65536]).is_ok() {}
}

#[test]
fn wakes_both_directions() {
    let mut reactor = reactor();
    let (mut ours, mut peer) = unix_pair();
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    fill(&ours);
    would_block(ours.read(&mut [0; 8]));
    assert!(poll(&mut reactor, NOW).is_empty()); // what registering has reported
    reactor.clear(key, Direction::Read);
    reactor.clear(key, Direction::Write);
    reactor.start_wait(key, Direction::Read, "reader").expect("nobody waits");
    reactor.start_wait(key, Direction::Write, "writer").expect("nobody waits");
    assert_eq!(reactor.waiting(), 2);
    assert!(poll(&mut reactor, NOW).is_empty());

    peer.write_all(b"x").expect("room");
    assert_eq!(poll_until_woken(&mut reactor), ["reader"]);
    assert_eq!(reactor.is_ready(key, Direction::Read), Ok(true));
    assert_eq!(reactor.is_ready(key, Direction::Write), Ok(false));

    peer.set_nonblocking(true).expect("fcntl");
    while peer.read(&mut [0; 65536]).is_ok() {}
    assert_eq!(poll_until_woken(&mut reactor), ["writer"]);
    assert_eq!(reactor.is_ready(key, Direction::Write), Ok(true));
    assert_eq!(reactor.waiting(), 0);
}

#[test]
fn wakes_one_waiter_once() {
    let mut reactor = reactor();
    let (ours, mut peer) = unix_pair();
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    wait_event(&mut reactor, key, Direction::Write);
    peer.write_all(b"x").expect("room");
    wait_event(&mut reactor, key, Direction::Read);
    peer.write_all(b"y").expect("room");
    assert!(poll(&mut reactor, NOW).is_empty());
}

#[test]
fn refuses_a_second_waiter_and_keeps_the_first() {
    let mut reactor = reactor();
    let (ours, mut peer) = unix_pair();
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    poll(&mut reactor, NOW);
    reactor.start_wait(key, Direction::Read, "first").expect("nobody waits");
    assert_eq!(reactor.start_wait(key, Direction::Read, "second"), Err(WaitError::Busy));
    assert_eq!(reactor.waiting(), 1);
    let waits: Vec<_> = reactor.waits().collect();
    assert_eq!(waits, [(ours.as_raw_fd(), Direction::Read, &"first")]);
    peer.write_all(b"x").expect("room");
    assert_eq!(poll_until_woken(&mut reactor), ["first"]);
}

#[test]
fn takes_a_waiter_back() {
    let mut reactor = reactor();
    let (ours, mut peer) = unix_pair();
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    reactor.start_wait(key, Direction::Read, "reader").expect("nobody waits");
    assert_eq!(reactor.stop_wait(key, Direction::Read), Some("reader"));
    assert_eq!(reactor.stop_wait(key, Direction::Read), None);
    assert_eq!(reactor.waiting(), 0);
    peer.write_all(b"x").expect("room");
    assert!(poll(&mut reactor, NOW).is_empty());
}

#[test]
fn sees_the_end_behind_a_short_read() {
    let mut reactor = reactor();
    let (mut ours, mut peer) = tcp_pair();
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    peer.write_all(b"abc").expect("room");
    drop(peer);
    wait_event(&mut reactor, key, Direction::Read);
    assert_eq!(ours.read(&mut [0; 64]).expect("bytes"), 3);
    reactor.drained(key);
    wait(&mut reactor, key, Direction::Read);
    assert_eq!(ours.read(&mut [0; 64]).expect("the end"), 0);
}

#[test]
fn waits_for_the_end_that_comes_after_a_short_read() {
    let mut reactor = reactor();
    let (mut ours, mut peer) = tcp_pair();
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    peer.write_all(b"abc").expect("room");
    wait_event(&mut reactor, key, Direction::Read);
    assert_eq!(ours.read(&mut [0; 64]).expect("bytes"), 3);
    drop(peer); // between the read and what is made of it
    reactor.drained(key);
    assert_eq!(reactor.is_ready(key, Direction::Read), Ok(false));
    wait(&mut reactor, key, Direction::Read);
    assert_eq!(ours.read(&mut [0; 64]).expect("the end"), 0);
}

#[test]
fn sees_the_end_that_was_there_before_it_was_asked() {
    let mut reactor = reactor();
    let (mut ours, mut peer) = tcp_pair();
    peer.write_all(b"abc").expect("room");
    drop(peer);
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    assert_eq!(ours.read(&mut [0; 64]).expect("bytes"), 3);
    reactor.drained(key);
    wait(&mut reactor, key, Direction::Read);
    assert_eq!(ours.read(&mut [0; 64]).expect("the end"), 0);
}

#[test]
fn sees_bytes_behind_urgent_data() {
    let mut reactor = reactor();
    let (mut ours, mut peer) = tcp_pair();
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    peer.write_all(b"abc").expect("room");
    send(&peer, b"!", SendFlags::OOB).expect("room");
    peer.write_all(b"def").expect("room");
    wait_event(&mut reactor, key, Direction::Read);
    let mut buffer = [0; 64];
    assert_eq!(ours.read(&mut buffer).expect("bytes"), 3, "the kernel stops at the mark");
    reactor.drained(key);
    wait(&mut reactor, key, Direction::Read);
    assert_eq!(ours.read(&mut buffer).expect("bytes"), 3);
    assert_eq!(&buffer[..3], b"def");
}

#[test]
fn believes_eagain_after_an_error_that_was_fetched() {
    let mut reactor = reactor();
    let gone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
    let ours = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("bind");
    ours.set_nonblocking(true).expect("fcntl");
    ours.connect(gone.local_addr().expect("bound")).expect("connect");
    drop(gone);
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    wait_event(&mut reactor, key, Direction::Write);
    ours.send(b"x").expect("sent");
    wait_event(&mut reactor, key, Direction::Read);
    let refused = ours.recv(&mut [0; 8]).expect_err("nobody is there").kind();
    assert_eq!(refused, ErrorKind::ConnectionRefused);
    would_block(ours.recv(&mut [0; 8]));
    reactor.clear(key, Direction::Read);
    // Else a reader would try for ever.
    assert_eq!(reactor.is_ready(key, Direction::Read), Ok(false));
}

#[test]
fn wakes_everybody_when_the_connection_is_reset() {
    let mut reactor = reactor();
    let (ours, peer) = tcp_pair();
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    fill(&ours);
    poll(&mut reactor, NOW);
    reactor.start_wait(key, Direction::Read, "reader").expect("nobody waits");
    reactor.start_wait(key, Direction::Write, "writer").expect("nobody waits");
    drop(peer); // with bytes that it has not read
    let mut woken = poll_until_woken(&mut reactor);
    if woken.len() < 2 {
        woken.extend(poll_until_woken(&mut reactor));
    }
    assert_eq!(woken, ["reader", "writer"]);
}

#[test]
fn wakes_nobody_for_a_source_that_has_gone_c_11() {
    let mut reactor = reactor();
    let (ours, mut peer) = unix_pair();
    let (other, _other_peer) = unix_pair();
    let old = reactor.register_one(ours.as_fd()).expect("a socket");
    let duplicate = ours.try_clone().expect("dup"); // keeps the kernel's registration alive
    reactor.deregister(old, false);
    drop(ours);
    let new = reactor.register_one(other.as_fd()).expect("a socket");
    assert_eq!(old.index(), new.index(), "the place is used again");
    poll(&mut reactor, NOW);
    reactor.clear(new, Direction::Read);
    reactor.start_wait(new, Direction::Read, "stranger").expect("nobody waits");
    peer.write_all(b"x").expect("room");
    assert!(poll(&mut reactor, LONG).is_empty(), "the stale event wakes nobody");
    assert_eq!(reactor.waiting(), 1);
    assert_eq!(reactor.is_ready(new, Direction::Read), Ok(false), "nor is it taken for ready");
    drop(duplicate);
}

#[test]
fn takes_over_what_the_kernel_still_knows_of_a_closed_number() {
    let mut reactor = reactor();
    let (ours, mut peer) = unix_pair();
    // Numbers that no other test of this process gets.
    let first = rustix::io::fcntl_dupfd_cloexec(&ours, 900).expect("dup");
    let number = first.as_raw_fd();
    let key = reactor.register_one(first.as_fd()).expect("a socket");
    reactor.deregister(key, false);
    drop(first);
    let second = rustix::io::fcntl_dupfd_cloexec(&ours, number).expect("dup");
    assert_eq!(second.as_raw_fd(), number);
    let key = reactor.register_one(second.as_fd()).expect("the number is free again");
    poll(&mut reactor, NOW);
    reactor.start_wait(key, Direction::Read, "reader").expect("nobody waits");
    peer.write_all(b"x").expect("room");
    assert_eq!(poll_until_woken(&mut reactor), ["reader"]);
}

#[test]
fn refuses_what_cannot_be_watched() {
    let mut reactor = reactor();
    let file = File::open("/proc/self/exe").expect("this program");
    let refused = reactor.register_one(file.as_fd()).expect_err("a regular file");
    assert_eq!(refused.kind(), ErrorKind::PermissionDenied);
    let (ours, _peer) = unix_pair();
    reactor.register_one(ours.as_fd()).expect("a socket");
    let refused = reactor.register_one(ours.as_fd()).expect_err("twice");
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    assert_eq!(reactor.sources(), 1);
}

#[test]
fn hands_over_the_waiters_of_a_source_that_goes() {
    let mut reactor = reactor();
    let (ours, mut peer) = unix_pair();
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    reactor.start_wait(key, Direction::Write, "writer").expect("nobody waits");
    reactor.start_wait(key, Direction::Read, "reader").expect("nobody waits");
    assert_eq!(reactor.deregister(key, true), [Some("reader"), Some("writer")]);
    assert_eq!((reactor.waiting(), reactor.sources()), (0, 0));
    peer.write_all(b"x").expect("room");
    assert!(poll(&mut reactor, NOW).is_empty());

    assert_eq!(reactor.is_ready(key, Direction::Read), Err(Gone));
    assert_eq!(reactor.start_wait(key, Direction::Read, "late"), Err(WaitError::Gone));
    assert_eq!(reactor.stop_wait(key, Direction::Read), None);
    assert_eq!(reactor.deregister(key, false), [None, None]);
    reactor.register_one(ours.as_fd()).expect("it is free again");
}

#[test]
fn lets_a_source_be_tried_again() {
    let mut reactor = reactor();
    let (ours, _peer) = unix_pair();
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    reactor.clear(key, Direction::Read);
    reactor.start_wait(key, Direction::Read, "reader").expect("nobody waits");
    assert_eq!(reactor.interrupt(key), [Some("reader"), None]);
    assert_eq!(reactor.is_ready(key, Direction::Read), Ok(true));
    assert_eq!(reactor.waiting(), 0);
}

#[test]
fn is_woken_from_another_thread() {
    let mut reactor = reactor();
    let waker: Arc<Waker> = reactor.waker();
    for _ in 0..3 {
        let waker = waker.clone();
        let other = thread::spawn(move || waker.wake());
        assert!(poll(&mut reactor, None).is_empty()); // for ever, if it is lost
        other.join().expect("no panic").expect("woken");
    }
}

#[test]
fn keeps_a_wake_that_comes_before_the_poll() {
    let mut reactor = reactor();
    reactor.waker().wake().expect("woken");
    assert!(poll(&mut reactor, None).is_empty());
}

#[test]
fn never_returns_before_the_timeout() {
    let mut reactor = reactor();
    for timeout in [Duration::from_nanos(1), Duration::from_micros(1500)] {
        let start = clock::now();
        assert!(poll(&mut reactor, Some(timeout)).is_empty());
        assert!(start.elapsed() >= timeout);
    }
}

#[test]
fn reports_a_kernel_that_refuses_and_hands_over_all_waiters() {
    let mut reactor = reactor();
    let (ours, _peer) = unix_pair();
    let key = reactor.register_one(ours.as_fd()).expect("a socket");
    reactor.clear(key, Direction::Read);
    reactor.start_wait(key, Direction::Read, "reader").expect("nobody waits");
    reactor.start_wait(key, Direction::Write, "writer").expect("nobody waits");
    reactor.sabotage();
    let error = reactor.poll(NOW, |_| {}).expect_err("no room for events");
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert_eq!(reactor.waiting(), 2);
    let mut woken = Vec::new();
    reactor.take_waiters(|waiter| woken.push(waiter));
    assert_eq!(woken, ["reader", "writer"]);
    assert_eq!(reactor.waiting(), 0);
    assert_eq!(reactor.is_ready(key, Direction::Read), Ok(true));
}

#[test]
fn an_owner_that_comes_back_takes_over_what_it_has_left() {
    let mut reactor = reactor();
    let (ours, mut peer) = unix_pair();
    let owner = Owner(7);
    let (old, left) = reactor.register(ours.as_fd(), owner).expect("a socket");
    assert_eq!(left, [None, None]);
    poll(&mut reactor, NOW);
    reactor.start_wait(old, Direction::Read, "of old").expect("nobody waits");
    let refused = reactor.register(ours.as_fd(), Owner(8)).expect_err("another's");
    assert_eq!(refused.kind(), ErrorKind::AlreadyExists);
    let (new, left) = reactor.register(ours.as_fd(), owner).expect("its own");
    assert_eq!(left, [Some("of old"), None], "is to be woken");
    assert_eq!((reactor.waiting(), reactor.sources()), (0, 1));
    assert_eq!(
        reactor.deregister(old, true),
        [None, None],
        "the word that comes late is about nothing"
    );
    poll(&mut reactor, NOW);
    reactor.start_wait(new, Direction::Read, "reader").expect("nobody waits");
    peer.write_all(b"x").expect("room");
    assert_eq!(poll_until_woken(&mut reactor), ["reader"]);
}
