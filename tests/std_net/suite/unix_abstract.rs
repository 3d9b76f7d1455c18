//! Names of the abstract namespace, and what is none.

use std::io::{ErrorKind, Read, Write};
use std::os::linux::net::SocketAddrExt;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

use super::places::{byte, refused, run};
use crate::way::thread;
use crate::way::unix::{SocketAddr, UnixDatagram, UnixListener, UnixStream};

/// A name that nobody else has.
fn fresh() -> SocketAddr {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    SocketAddr::from_abstract_name(format!("std_net {} {number}", process::id())).unwrap()
}

#[test]
fn both_ends_talk_by_a_name() {
    run(|| {
        let name = fresh();
        let listener = UnixListener::bind_addr(&name).unwrap();
        let listening = listener.local_addr().unwrap();
        assert_eq!(listening.as_abstract_name(), name.as_abstract_name());
        let server = thread::spawn(move || {
            let mut stream = listener.accept().unwrap().0;
            let got = byte(&stream);
            stream.write_all(&[got + 1]).unwrap();
        });
        let mut stream = UnixStream::connect_addr(&name).unwrap();
        let peer = stream.peer_addr().unwrap();
        assert_eq!(peer.as_abstract_name(), name.as_abstract_name());
        stream.write_all(&[1]).unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, [2]);
        server.join().unwrap();
    });
}

#[test]
fn a_name_is_free_again_when_its_socket_is_gone() {
    run(|| {
        let name = fresh();
        let listener = UnixListener::bind_addr(&name).unwrap();
        assert_eq!(refused(UnixListener::bind_addr(&name)), ErrorKind::AddrInUse);
        drop(listener);
        assert_eq!(refused(UnixStream::connect_addr(&name)), ErrorKind::ConnectionRefused);
        drop(UnixListener::bind_addr(&name).unwrap());
    });
}

#[test]
fn connections_by_a_name_come_through_an_iterator() {
    run(|| {
        let name = fresh();
        let listener = UnixListener::bind_addr(&name).unwrap();
        let server = thread::spawn(move || {
            listener.incoming().take(2).map(|stream| byte(stream.unwrap())).collect::<Vec<_>>()
        });
        for n in 0..2 {
            UnixStream::connect_addr(&name).unwrap().write_all(&[n]).unwrap();
        }
        assert_eq!(server.join().unwrap(), [0, 1]);
    });
}

#[test]
fn a_message_comes_with_the_name_of_its_sender() {
    run(|| {
        let (one, two) = (fresh(), fresh());
        let near = UnixDatagram::bind_addr(&one).unwrap();
        let far = UnixDatagram::bind_addr(&two).unwrap();
        near.send_to_addr(b"hello world", &two).unwrap();
        let mut buf = [0; 16];
        let (n, from) = far.recv_from(&mut buf).unwrap();
        assert_eq!(&buf[..n], b"hello world");
        assert_eq!(from.as_abstract_name(), one.as_abstract_name());
    });
}

#[test]
fn a_peer_is_chosen_by_its_name() {
    run(|| {
        let (one, two) = (fresh(), fresh());
        let sockets = [&one, &two].map(|name| UnixDatagram::bind_addr(name).unwrap());
        let sender = UnixDatagram::unbound().unwrap();
        for (name, socket) in [one, two].iter().zip(&sockets) {
            sender.connect_addr(name).unwrap();
            sender.send(b"hello").unwrap();
            let (n, from) = socket.recv_from(&mut [0; 16]).unwrap();
            assert_eq!((n, from.is_unnamed()), (5, true));
        }
    });
}

#[test]
fn a_name_is_neither_a_path_nor_none() {
    run(|| {
        let name = SocketAddr::from_abstract_name("local").unwrap();
        assert_eq!(name.as_pathname(), None);
        assert_eq!(name.as_abstract_name(), Some(&b"local"[..]));
        assert!(!name.is_unnamed());
        let path = SocketAddr::from_pathname("local").unwrap();
        assert_eq!((path.as_abstract_name(), path.is_unnamed()), (None, false));
    });
}

#[test]
fn a_path_with_a_leading_nul_is_no_name() {
    run(|| {
        let name = fresh();
        let listener = UnixListener::bind_addr(&name).unwrap();
        let mut path = String::from("\0");
        path.push_str(std::str::from_utf8(name.as_abstract_name().unwrap()).unwrap());
        assert_eq!(refused(UnixStream::connect(&path)), ErrorKind::InvalidInput);
        assert_eq!(refused(UnixListener::bind(&path)), ErrorKind::InvalidInput);
        assert_eq!(refused(UnixDatagram::bind(&path)), ErrorKind::InvalidInput);
        drop(listener);
    });
}

#[test]
fn a_name_may_begin_with_a_nul_and_is_another_then() {
    run(|| {
        let plain = fresh();
        let mut bytes = vec![0];
        bytes.extend_from_slice(plain.as_abstract_name().unwrap());
        let with_nul = SocketAddr::from_abstract_name(&bytes).unwrap();
        let listener = UnixListener::bind_addr(&with_nul).unwrap();
        assert_eq!(refused(UnixStream::connect_addr(&plain)), ErrorKind::ConnectionRefused);
        let near = UnixStream::connect_addr(&with_nul).unwrap();
        assert_eq!(near.peer_addr().unwrap().as_abstract_name(), Some(&bytes[..]));
        drop(listener);
    });
}

#[test]
fn a_name_that_is_too_long_is_refused() {
    run(|| {
        assert!(SocketAddr::from_abstract_name([b'a'; 107]).is_ok());
        let too_long = SocketAddr::from_abstract_name([b'a'; 108]);
        assert_eq!(refused(too_long), ErrorKind::InvalidInput);
    });
}
