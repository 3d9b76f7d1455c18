//! Unix messages: paths, pairs, peers, names and none, limits, queues that are full.

use std::io::ErrorKind;
use std::net::Shutdown;
use std::path::Path;
use std::time::Duration;

use super::places::{Folder, SHORT, keeps_limits, refused, run, times_out};
use crate::way::thread;
use crate::way::unix::UnixDatagram;

/// What is received next.
fn next(socket: &UnixDatagram) -> Vec<u8> {
    let mut buf = [0; 64];
    let n = socket.recv(&mut buf).unwrap();
    buf[..n].to_vec()
}

#[test]
fn a_unix_message_comes_with_the_path_of_its_sender() {
    run(|| {
        let folder = Folder::new();
        let (one, two) = (folder.at("one"), folder.at("two"));
        let near = UnixDatagram::bind(&one).unwrap();
        let far = UnixDatagram::bind(&two).unwrap();
        assert_eq!(near.local_addr().unwrap().as_pathname(), Some(one.as_path()));
        assert_eq!(near.send_to(b"hello world", &two).unwrap(), 11);
        let mut buf = [0; 16];
        let (n, from) = far.recv_from(&mut buf).unwrap();
        assert_eq!((&buf[..n], from.as_pathname()), (&b"hello world"[..], Some(one.as_path())));
    });
}

#[test]
fn who_has_no_name_sends_without_one() {
    run(|| {
        let folder = Folder::new();
        let path = folder.at("sock");
        let near = UnixDatagram::bind(&path).unwrap();
        let nameless = UnixDatagram::unbound().unwrap();
        assert!(nameless.local_addr().unwrap().is_unnamed());
        nameless.send_to(b"from whom?", &path).unwrap();
        let (n, from) = near.recv_from(&mut [0; 16]).unwrap();
        assert_eq!((n, from.is_unnamed()), (10, true));
    });
}

#[test]
fn a_sender_can_be_answered_by_its_address() {
    run(|| {
        let folder = Folder::new();
        let near = UnixDatagram::bind(folder.at("near")).unwrap();
        let far = UnixDatagram::bind(folder.at("far")).unwrap();
        far.send_to_addr(b"hello", &near.local_addr().unwrap()).unwrap();
        let (_, from) = near.recv_from(&mut [0; 16]).unwrap();
        near.connect_addr(&from).unwrap();
        near.send(b"hello back").unwrap();
        assert_eq!(next(&far), b"hello back");
        assert_eq!(near.peer_addr().unwrap().as_pathname(), from.as_pathname());
    });
}

#[test]
fn a_peer_is_chosen_and_chosen_anew() {
    run(|| {
        let folder = Folder::new();
        let (one, two) = (folder.at("one"), folder.at("two"));
        let first = UnixDatagram::bind(&one).unwrap();
        let second = UnixDatagram::bind(&two).unwrap();
        let socket = UnixDatagram::unbound().unwrap();
        assert_eq!(refused(socket.send(b"to whom?")), ErrorKind::NotConnected);
        socket.connect(&one).unwrap();
        socket.send(b"to one").unwrap();
        socket.connect(&two).unwrap();
        socket.send(b"to two").unwrap();
        assert_eq!((next(&first), next(&second)), (b"to one".to_vec(), b"to two".to_vec()));
    });
}

#[test]
fn a_pair_sends_messages_both_ways() {
    run(|| {
        let (near, far) = UnixDatagram::pair().unwrap();
        let other = thread::spawn(move || {
            assert_eq!(next(&far), b"hello");
            far.send(b"world!").unwrap();
        });
        near.send(b"hello").unwrap();
        assert_eq!(next(&near), b"world!");
        other.join().unwrap();
    });
}

#[test]
fn unix_messages_are_kept_apart() {
    run(|| {
        let (near, far) = UnixDatagram::pair().unwrap();
        for message in [&b"one"[..], b"", b"two"] {
            assert_eq!(near.send(message).unwrap(), message.len());
        }
        let clone = far.try_clone().unwrap();
        assert_eq!(next(&far), b"one");
        assert_eq!(next(&clone), b"");
        let mut short = [0; 2];
        assert_eq!(far.recv(&mut short).unwrap(), 2);
        assert_eq!(&short, b"tw");
    });
}

#[test]
fn limits_of_unix_messages_are_as_they_were_set() {
    run(|| {
        let (socket, _far) = UnixDatagram::pair().unwrap();
        keeps_limits!(socket);
    });
}

#[test]
fn receiving_a_unix_message_ends_with_its_limit() {
    run(|| {
        let (near, far) = UnixDatagram::pair().unwrap();
        near.set_read_timeout(Some(SHORT)).unwrap();
        times_out(|| near.recv(&mut [0]));
        far.send(b"late").unwrap();
        assert_eq!(next(&near), b"late");
        times_out(|| near.recv_from(&mut [0]).map(|(n, _)| n));
    });
}

#[test]
fn a_non_blocking_unix_socket_does_not_wait() {
    run(|| {
        let (near, _far) = UnixDatagram::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        assert_eq!(refused(near.recv(&mut [0])), ErrorKind::WouldBlock);
        let full = (0..100_000).find_map(|_| near.send(&[0; 512]).err()).unwrap();
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        assert!(near.take_error().unwrap().is_none());
    });
}

#[test]
fn the_longest_paths_hold_messages_too() {
    run(|| {
        let folder = Folder::new();
        let (one, two) = (folder.long('a', 107), folder.long('b', 107));
        let near = UnixDatagram::bind(&one).unwrap();
        let far = UnixDatagram::bind(&two).unwrap();
        near.send_to(b"hello world", &two).unwrap();
        let (n, from) = far.recv_from(&mut [0; 16]).unwrap();
        assert_eq!((n, from.as_pathname()), (11, Some(one.as_path())));
    });
}

#[test]
fn nobody_there_is_an_error() {
    run(|| {
        let folder = Folder::new();
        let path = folder.at("sock");
        let socket = UnixDatagram::unbound().unwrap();
        assert_eq!(refused(socket.send_to(b"", &path)), ErrorKind::NotFound);
        assert_eq!(refused(socket.connect(&path)), ErrorKind::NotFound);
        drop(UnixDatagram::bind(&path).unwrap());
        assert_eq!(refused(socket.send_to(b"", &path)), ErrorKind::ConnectionRefused);
        assert_eq!(refused(UnixDatagram::bind(&path)), ErrorKind::AddrInUse);
    });
}

#[test]
fn a_socket_that_is_shut_down_neither_sends_nor_receives() {
    run(|| {
        let (near, far) = UnixDatagram::pair().unwrap();
        near.shutdown(Shutdown::Both).unwrap();
        assert_eq!(near.recv(&mut [0]).unwrap(), 0);
        assert_eq!(refused(near.send(&[0])), ErrorKind::BrokenPipe);
        assert!(far.send(&[0]).is_err());
    });
}

/// More than the queue of any receiver holds, whatever the system's limit (ten by default).
const CROWD: u32 = 5_000;

/// Sends more than fits, and receives all of it in order.
fn crowd(send: impl Fn(&UnixDatagram, &[u8], &Path) + Send + 'static) {
    run(|| {
        let folder = Folder::new();
        let path = folder.at("sock");
        let near = UnixDatagram::bind(&path).unwrap();
        let sender = thread::spawn(move || {
            let socket = UnixDatagram::unbound().unwrap();
            (0..CROWD).for_each(|n| send(&socket, &n.to_ne_bytes(), &path));
        });
        for n in 0..CROWD {
            assert_eq!(next(&near), n.to_ne_bytes());
        }
        sender.join().unwrap();
    });
}

#[test]
fn who_sends_to_a_full_queue_waits_and_loses_nothing() {
    crowd(|socket, message, path| assert_eq!(socket.send_to(message, path).unwrap(), 4));
}

#[test]
fn who_is_connected_to_a_full_queue_waits_too() {
    crowd(|socket, message, path| {
        if socket.peer_addr().is_err() {
            socket.connect(path).unwrap();
        }
        assert_eq!(socket.send(message).unwrap(), 4);
    });
}

#[test]
fn sending_to_a_full_queue_ends_with_its_limit() {
    run(|| {
        let folder = Folder::new();
        let path = folder.at("sock");
        let _near = UnixDatagram::bind(&path).unwrap();
        let socket = UnixDatagram::unbound().unwrap();
        socket.set_nonblocking(true).unwrap();
        let full = (0..CROWD).find_map(|_| socket.send_to(&[0], &path).err()).unwrap();
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        socket.set_nonblocking(false).unwrap();
        socket.set_write_timeout(Some(SHORT)).unwrap();
        times_out(|| socket.send_to(&[0], &path));
    });
}
