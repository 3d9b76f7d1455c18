//! Datagrams of the internet: to whom, from whom, looks, limits, clones.

use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr};
use std::os::fd::AsRawFd;
use std::time::Duration;

use super::places::{SHORT, bound, bound_v4, each_family, keeps_limits, refused, run, times_out};
use crate::way::net::UdpSocket;
use crate::way::{channel, thread};

#[test]
fn an_address_of_another_machine_is_not_a_socket_s() {
    run(|| assert_eq!(refused(UdpSocket::bind("1.1.1.1:9999")), ErrorKind::AddrNotAvailable));
}

#[test]
fn a_message_comes_with_its_sender() {
    each_family(|host| {
        let (server, to) = bound(host);
        let (client, from) = bound(host);
        let (go, gone) = channel();
        let sender = thread::spawn(move || {
            gone.recv().unwrap();
            client.send_to(&[99], to).unwrap()
        });
        go.send(()).unwrap();
        let mut buf = [0; 4];
        assert_eq!(server.recv_from(&mut buf).unwrap(), (1, from));
        assert_eq!(buf[0], 99);
        assert_eq!(sender.join().unwrap(), 1);
    });
}

#[test]
fn a_message_is_one_and_its_rest_is_lost() {
    each_family(|host| {
        let (near, addr) = bound(host);
        near.send_to(b"hello world", addr).unwrap();
        near.send_to(b"", addr).unwrap();
        near.send_to(b"next", addr).unwrap();
        let mut buf = [0; 5];
        assert_eq!(near.recv_from(&mut buf).unwrap(), (5, addr));
        assert_eq!(&buf, b"hello");
        assert_eq!(near.recv_from(&mut buf).unwrap(), (0, addr));
        assert_eq!(near.recv_from(&mut buf).unwrap(), (4, addr));
    });
}

#[test]
fn connected_sockets_know_their_peers() {
    each_family(|host| {
        let (one, one_addr) = bound(host);
        let (two, two_addr) = bound(host);
        assert_eq!(refused(one.peer_addr()), ErrorKind::NotConnected);
        assert_eq!(one_addr.ip(), host);
        one.connect(two_addr).unwrap();
        two.connect(one_addr).unwrap();
        assert_eq!(one.peer_addr().unwrap(), two_addr);
        assert_eq!(two.peer_addr().unwrap(), one_addr);
    });
}

#[test]
fn who_is_not_connected_has_nobody_to_send_to() {
    run(|| assert!(bound_v4().0.send(b"to whom?").is_err()));
}

#[test]
fn a_connected_socket_hears_its_peer_alone() {
    each_family(|host| {
        let (near, addr) = bound(host);
        let (peer, peer_addr) = bound(host);
        let (stranger, _) = bound(host);
        near.connect(peer_addr).unwrap();
        stranger.send_to(b"stranger", addr).unwrap();
        peer.send_to(b"peer", addr).unwrap();
        let mut buf = [0; 16];
        assert_eq!(near.recv(&mut buf).unwrap(), 4);
        assert_eq!(&buf[..4], b"peer");
    });
}

#[test]
fn a_socket_that_is_its_own_peer_gets_what_it_sends() {
    each_family(|host| {
        let (socket, addr) = bound(host);
        socket.connect(addr).unwrap();
        assert_eq!(socket.send(b"hello world").unwrap(), 11);
        let mut buf = [0; 11];
        for _ in 0..2 {
            assert_eq!(socket.peek(&mut buf).unwrap(), 11);
            assert_eq!(&buf, b"hello world");
            buf = [0; 11];
        }
        assert_eq!(socket.recv(&mut buf).unwrap(), 11);
        assert_eq!(&buf, b"hello world");
    });
}

#[test]
fn a_look_at_a_message_takes_nothing() {
    each_family(|host| {
        let (socket, addr) = bound(host);
        socket.send_to(b"hello world", addr).unwrap();
        let mut buf = [0; 11];
        for _ in 0..2 {
            assert_eq!(socket.peek_from(&mut buf).unwrap(), (11, addr));
        }
        assert_eq!(socket.recv_from(&mut buf).unwrap(), (11, addr));
        socket.set_nonblocking(true).unwrap();
        assert_eq!(refused(socket.peek_from(&mut buf)), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_refusal_is_told_to_a_connected_socket() {
    run(|| {
        let (near, _) = bound_v4();
        let (gone, addr) = bound_v4();
        drop(gone);
        near.connect(addr).unwrap();
        near.send(b"anybody?").unwrap();
        assert_eq!(refused(near.recv(&mut [0])), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn no_address_is_nowhere_to_send_to() {
    run(|| {
        let none: &[SocketAddr] = &[];
        assert_eq!(refused(bound_v4().0.send_to(b"", none)), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_clone_sends_while_the_original_receives() {
    each_family(|host| {
        let (near, near_addr) = bound(host);
        let (far, far_addr) = bound(host);
        let echo = thread::spawn(move || {
            let mut buf = [0; 2];
            let got = far.recv_from(&mut buf).unwrap();
            assert_eq!((got, buf[0]), ((1, near_addr), 1));
            far.send_to(&[2], near_addr).unwrap();
        });
        let clone = near.try_clone().unwrap();
        let sender = thread::spawn(move || clone.send_to(&[1], far_addr).unwrap());
        let mut buf = [0; 2];
        assert_eq!(near.recv_from(&mut buf).unwrap(), (1, far_addr));
        assert_eq!(buf[0], 2);
        sender.join().unwrap();
        echo.join().unwrap();
    });
}

#[test]
fn two_clones_receive_each_a_message() {
    each_family(|host| {
        let (near, addr) = bound(host);
        let (far, _) = bound(host);
        let clone = near.try_clone().unwrap();
        let (tell, told) = channel();
        let others = [(near, tell.clone()), (clone, tell)].map(|(socket, tell)| {
            thread::spawn(move || {
                let mut buf = [0];
                socket.recv_from(&mut buf).unwrap();
                tell.send(buf[0]).unwrap();
            })
        });
        far.send_to(&[1], addr).unwrap();
        let first = told.recv().unwrap();
        far.send_to(&[2], addr).unwrap();
        assert_eq!((first, told.recv().unwrap()), (1, 2));
        for other in others {
            other.join().unwrap();
        }
    });
}

#[test]
fn two_clones_send_both() {
    each_family(|host| {
        let (near, _) = bound(host);
        let (far, addr) = bound(host);
        let clone = near.try_clone().unwrap();
        let other = thread::spawn(move || clone.send_to(&[1], addr).unwrap());
        near.send_to(&[2], addr).unwrap();
        let mut got = [0; 2];
        for one in &mut got {
            assert_eq!(far.recv(std::slice::from_mut(one)).unwrap(), 1);
        }
        got.sort_unstable();
        assert_eq!(got, [1, 2]);
        other.join().unwrap();
    });
}

#[test]
fn a_socket_shows_its_address_and_its_number() {
    run(|| {
        let (socket, addr) = bound_v4();
        let shown = format!("UdpSocket {{ addr: {addr}, fd: {} }}", socket.as_raw_fd());
        assert_eq!(format!("{socket:?}"), shown);
    });
}

#[test]
fn limits_of_a_socket_are_as_they_were_set() {
    run(|| {
        let (socket, _) = bound_v4();
        keeps_limits!(socket);
    });
}

#[test]
fn receiving_ends_with_its_limit() {
    run(|| {
        let (socket, addr) = bound_v4();
        socket.set_read_timeout(Some(SHORT)).unwrap();
        let mut buf = [0; 11];
        times_out(|| socket.recv_from(&mut buf));
        socket.send_to(b"hello world", addr).unwrap();
        assert_eq!(socket.recv_from(&mut buf).unwrap(), (11, addr));
        assert_eq!(&buf, b"hello world");
        times_out(|| socket.recv(&mut buf));
        times_out(|| socket.peek(&mut buf));
    });
}

#[test]
fn a_non_blocking_socket_does_not_wait() {
    each_family(|host| {
        let (socket, addr) = bound(host);
        socket.set_nonblocking(true).unwrap();
        socket.set_nonblocking(false).unwrap();
        socket.connect(addr).unwrap();
        socket.set_nonblocking(true).unwrap();
        assert_eq!(refused(socket.recv(&mut [0])), ErrorKind::WouldBlock);
        assert_eq!(refused(socket.recv_from(&mut [0])), ErrorKind::WouldBlock);
        socket.send(&[1]).unwrap();
        assert_eq!(socket.recv(&mut [0]).unwrap(), 1);
    });
}

#[test]
fn settings_of_a_socket_are_as_they_were_set() {
    run(|| {
        let (socket, _) = bound_v4();
        socket.set_ttl(100).unwrap();
        assert_eq!(socket.ttl().unwrap(), 100);
        for on in [true, false] {
            socket.set_broadcast(on).unwrap();
            assert_eq!(socket.broadcast().unwrap(), on);
            socket.set_multicast_loop_v4(on).unwrap();
            assert_eq!(socket.multicast_loop_v4().unwrap(), on);
        }
        socket.set_multicast_ttl_v4(7).unwrap();
        assert_eq!(socket.multicast_ttl_v4().unwrap(), 7);
        assert!(socket.take_error().unwrap().is_none());
    });
}

#[test]
fn a_message_that_is_too_large_is_refused_whole() {
    run(|| {
        let (socket, addr) = bound_v4();
        assert!(socket.send_to(&vec![0; 70_000], addr).is_err());
        socket.connect(addr).unwrap();
        assert!(socket.send(&vec![0; 70_000]).is_err());
        let largest = vec![7; 65_507];
        assert_eq!(socket.send(&largest).unwrap(), largest.len());
        assert_eq!(socket.recv(&mut vec![0; 70_000]).unwrap(), largest.len());
    });
}

#[test]
fn a_group_is_joined_once_and_left() {
    run(|| {
        let member = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0)).unwrap();
        let (group, here) = (Ipv4Addr::new(239, 7, 7, 8), Ipv4Addr::LOCALHOST);
        member.join_multicast_v4(&group, &here).unwrap();
        assert_eq!(refused(member.join_multicast_v4(&group, &here)), ErrorKind::AddrInUse);
        member.leave_multicast_v4(&group, &here).unwrap();
        let gone = member.leave_multicast_v4(&group, &here);
        assert_eq!(refused(gone), ErrorKind::AddrNotAvailable);
    });
}
