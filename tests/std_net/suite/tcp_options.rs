//! Limits, modes and settings of connections and listeners.

use std::io::{ErrorKind, Read, Write};
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd;
use std::time::Duration;

use super::places::{
    LONG, SHORT, byte, each_family, keeps_limits, linked_v4, listening, refused, run, times_out,
};
use crate::way::net::TcpStream;

#[test]
fn a_stream_shows_its_ends_and_its_number() {
    run(|| {
        let (listener, addr) = listening(Ipv4Addr::LOCALHOST.into());
        let shown = format!("TcpListener {{ addr: {addr}, fd: {} }}", listener.as_raw_fd());
        assert_eq!(format!("{listener:?}"), shown);
        let stream = TcpStream::connect(addr).unwrap();
        let (local, fd) = (stream.local_addr().unwrap(), stream.as_raw_fd());
        let shown = format!("TcpStream {{ addr: {local}, peer: {addr}, fd: {fd} }}");
        assert_eq!(format!("{stream:?}"), shown);
    });
}

#[test]
fn limits_of_a_stream_are_as_they_were_set() {
    run(|| {
        let (stream, _far) = linked_v4();
        assert_eq!((stream.read_timeout().unwrap(), stream.write_timeout().unwrap()), (None, None));
        keeps_limits!(stream);
    });
}

#[test]
fn a_read_ends_with_its_limit() {
    run(|| {
        let (mut stream, _far) = linked_v4();
        stream.set_read_timeout(Some(SHORT)).unwrap();
        times_out(|| stream.read(&mut [0; 10]));
        times_out(|| stream.read_exact(&mut [0; 10]));
    });
}

#[test]
fn data_comes_before_the_limit_and_after_it() {
    run(|| {
        let (mut stream, mut far) = linked_v4();
        stream.set_read_timeout(Some(SHORT)).unwrap();
        far.write_all(b"hello world").unwrap();
        let mut buf = [0; 11];
        stream.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"hello world");
        times_out(|| stream.read_exact(&mut buf));
        far.write_all(&[1]).unwrap();
        assert_eq!(byte(&stream), 1);
    });
}

#[test]
fn a_write_ends_with_its_limit() {
    run(|| {
        let (mut stream, _far) = linked_v4();
        stream.set_write_timeout(Some(SHORT)).unwrap();
        let full = (0..10_000).find_map(|_| stream.write(&[0; 65_536]).err()).unwrap();
        assert!(matches!(full.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{full}");
    });
}

#[test]
fn a_limit_that_is_taken_away_no_longer_holds() {
    run(|| {
        let (mut stream, mut far) = linked_v4();
        stream.set_read_timeout(Some(SHORT)).unwrap();
        times_out(|| stream.read(&mut [0]));
        stream.set_read_timeout(None).unwrap();
        far.write_all(&[4]).unwrap();
        assert_eq!(byte(stream), 4);
    });
}

#[test]
fn a_look_takes_nothing() {
    each_family(|host| {
        let (mut near, mut far) = super::places::linked(host);
        far.write_all(&[1, 3, 3, 7]).unwrap();
        let mut buf = [0; 10];
        for _ in 0..2 {
            assert_eq!(near.peek(&mut buf).unwrap(), 4);
            assert_eq!(buf[..4], [1, 3, 3, 7]);
        }
        assert_eq!(near.read(&mut buf).unwrap(), 4);
        near.set_nonblocking(true).unwrap();
        assert_eq!(refused(near.peek(&mut buf)), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_look_at_the_end_sees_nothing() {
    run(|| {
        let (near, far) = linked_v4();
        drop(far);
        assert_eq!(near.peek(&mut [0]).unwrap(), 0);
    });
}

#[test]
fn in_non_blocking_mode_nothing_waits() {
    run(|| {
        let (listener, addr) = listening(Ipv4Addr::LOCALHOST.into());
        listener.set_nonblocking(true).unwrap();
        assert_eq!(refused(listener.accept()), ErrorKind::WouldBlock);
        listener.set_nonblocking(false).unwrap();
        let mut near = TcpStream::connect(addr).unwrap();
        let (mut far, _) = listener.accept().unwrap();
        near.set_nonblocking(false).unwrap();
        near.set_nonblocking(true).unwrap();
        assert_eq!(refused(near.read(&mut [0])), ErrorKind::WouldBlock);
        let full = (0..10_000).find_map(|_| near.write(&[0; 65_536]).err()).unwrap();
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        near.set_nonblocking(false).unwrap();
        far.write_all(&[6]).unwrap();
        assert_eq!(byte(near), 6);
    });
}

#[test]
fn delay_and_ttl_are_as_they_were_set() {
    run(|| {
        let (listener, addr) = listening(Ipv4Addr::LOCALHOST.into());
        listener.set_ttl(100).unwrap();
        assert_eq!(listener.ttl().unwrap(), 100);
        let stream = TcpStream::connect(addr).unwrap();
        assert!(!stream.nodelay().unwrap());
        for nodelay in [true, false] {
            stream.set_nodelay(nodelay).unwrap();
            assert_eq!(stream.nodelay().unwrap(), nodelay);
        }
        stream.set_ttl(101).unwrap();
        assert_eq!(stream.ttl().unwrap(), 101);
    });
}

#[test]
fn a_fresh_socket_has_no_error_to_take() {
    run(|| {
        let (stream, _far) = linked_v4();
        let (listener, _) = listening(Ipv4Addr::LOCALHOST.into());
        assert!(stream.take_error().unwrap().is_none());
        assert!(listener.take_error().unwrap().is_none());
    });
}

#[test]
fn a_long_limit_does_not_hold_data_up() {
    run(|| {
        let (stream, mut far) = linked_v4();
        stream.set_read_timeout(Some(LONG)).unwrap();
        far.write_all(&[9]).unwrap();
        assert_eq!(byte(stream), 9);
    });
}
