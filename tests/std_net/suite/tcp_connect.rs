//! Binding, connecting, accepting: addresses, refusals, many at once.

use std::io::{ErrorKind, Write};
use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use super::places::{
    LONG, SHORT, byte, each_family, linked, listening, refused, refusing, run, unanswering,
};
use crate::way::net::{TcpListener, TcpStream};
use crate::way::thread;

const MANY: u8 = 10;

#[test]
fn an_address_of_another_machine_cannot_be_bound() {
    run(|| assert_eq!(refused(TcpListener::bind("1.1.1.1:9999")), ErrorKind::AddrNotAvailable));
}

#[test]
fn an_address_is_bound_once() {
    each_family(|host| {
        let (_listener, addr) = listening(host);
        assert_eq!(refused(TcpListener::bind(addr)), ErrorKind::AddrInUse);
    });
}

#[test]
fn where_nobody_listens_a_connection_is_refused() {
    run(|| {
        let (_held, addr) = refusing();
        assert_eq!(refused(TcpStream::connect(addr)), ErrorKind::ConnectionRefused);
        let nowhere = SocketAddr::from((Ipv4Addr::UNSPECIFIED, addr.port()));
        assert_eq!(refused(TcpStream::connect(nowhere)), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn names_and_literals_lead_to_the_same_listener() {
    each_family(|host| {
        let (listener, addr) = listening(host);
        let literal = host.to_string();
        // "localhost" stands for the one or the other family, or for both.
        let name = if addr.is_ipv4() { "localhost" } else { literal.as_str() };
        let hosts = [name.to_string(), literal];
        let client = thread::spawn(move || {
            for host in hosts {
                let mut stream = TcpStream::connect((host.as_str(), addr.port())).unwrap();
                stream.write_all(&[144]).unwrap();
            }
        });
        for _ in 0..2 {
            assert_eq!(byte(listener.accept().unwrap().0), 144);
        }
        client.join().unwrap();
    });
}

#[test]
fn both_ends_know_each_other() {
    each_family(|host| {
        let (listener, addr) = listening(host);
        assert_eq!((addr.ip(), addr.port() > 0), (host, true));
        let near = TcpStream::connect(addr).unwrap();
        let (far, peer) = listener.accept().unwrap();
        assert_eq!(near.peer_addr().unwrap(), addr);
        assert_eq!(far.local_addr().unwrap(), addr);
        assert_eq!(near.local_addr().unwrap(), peer);
        assert_eq!(far.peer_addr().unwrap(), peer);
    });
}

#[test]
fn connections_one_after_the_other() {
    each_family(|host| {
        let (listener, addr) = listening(host);
        let client = thread::spawn(move || {
            for n in 0..MANY {
                TcpStream::connect(addr).unwrap().write_all(&[n]).unwrap();
            }
        });
        for (n, stream) in (0..MANY).zip(listener.incoming()) {
            assert_eq!(byte(stream.unwrap()), n);
        }
        client.join().unwrap();
    });
}

/// Connects, has the next do the same, and only then writes: the last to connect writes first.
fn nested(addr: SocketAddr, n: u8) {
    if n < MANY {
        let one = thread::spawn(move || {
            let mut stream = TcpStream::connect(addr).unwrap();
            nested(addr, n + 1);
            stream.write_all(&[n]).unwrap();
        });
        one.join().unwrap();
    }
}

#[test]
fn connections_within_one_another() {
    each_family(|host| {
        let (listener, addr) = listening(host);
        let server = thread::spawn(move || {
            let handlers = (0..MANY).zip(listener.incoming()).map(|(n, stream)| {
                let stream = stream.unwrap();
                thread::spawn(move || assert_eq!(byte(stream), n))
            });
            // Collected first: a handler ends only when all have connected.
            for handler in handlers.collect::<Vec<_>>() {
                handler.join().unwrap();
            }
        });
        nested(addr, 0);
        server.join().unwrap();
    });
}

#[test]
fn a_limit_does_not_hinder_a_connection_that_is_answered() {
    run(|| {
        let (_listener, addr) = listening(Ipv4Addr::LOCALHOST.into());
        let stream = TcpStream::connect_timeout(&addr, LONG).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addr);
    });
}

#[test]
fn a_limit_ends_a_connection_that_is_not_answered() {
    run(|| {
        let (_held, addr) = unanswering();
        let began = Instant::now();
        assert_eq!(refused(TcpStream::connect_timeout(&addr, SHORT)), ErrorKind::TimedOut);
        assert!(began.elapsed() >= SHORT && began.elapsed() < LONG);
    });
}

#[test]
fn a_refusal_comes_before_the_limit() {
    run(|| {
        let (_held, addr) = refusing();
        let began = Instant::now();
        assert_eq!(refused(TcpStream::connect_timeout(&addr, LONG)), ErrorKind::ConnectionRefused);
        assert!(began.elapsed() < LONG);
    });
}

#[test]
fn no_time_at_all_to_connect_is_no_limit() {
    run(|| {
        let (_listener, addr) = listening(Ipv4Addr::LOCALHOST.into());
        let result = TcpStream::connect_timeout(&addr, Duration::ZERO);
        assert_eq!(refused(result), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_listener_that_is_gone_leaves_its_connections() {
    each_family(|host| {
        let (mut near, far) = linked(host); // the listener is gone by now
        near.write_all(&[5]).unwrap();
        assert_eq!(byte(far), 5);
    });
}
