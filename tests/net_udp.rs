//! UDP through the facade: what a program sees of `UdpSocket` besides what `std_net` holds of all sockets.
//!
//! What can be is run outside of any hub and in a task.
#![cfg(feature = "net")]
#![expect(clippy::disallowed_methods, reason = "a test measures with the real clock")]

mod place;

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::OwnedFd;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use osier::net::UdpSocket;

use place::{Place, everywhere};

const SHORT: Duration = Duration::from_millis(20);

/// Longer than any wait of these tests, even on a busy machine.
const LONG: Duration = Duration::from_secs(10);

fn bound() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

#[test]
fn a_task_that_waits_for_a_message_stops_no_other_so_01() {
    osier::run(|| {
        let (near, addr) = bound();
        let receivers = (0..50).map(|_| near.try_clone().unwrap()).map(|socket| {
            osier::spawn(move || {
                let mut buf = [0; 4];
                let n = socket.recv(&mut buf).unwrap();
                assert_eq!((n, &buf), (4, b"hub!"));
            })
        });
        let receivers: Vec<_> = receivers.collect();
        osier::yield_now();
        assert!(receivers.iter().all(|receiver| !receiver.is_finished()));
        let (far, _) = bound();
        for _ in &receivers {
            far.send_to(b"hub!", addr).unwrap();
        }
        assert!(osier::join_all(receivers).into_iter().all(|end| end.is_ok()));
    });
}

#[test]
fn one_receives_while_one_sends_so_04() {
    osier::run(|| {
        let (near, addr) = bound();
        let near = Rc::new(near);
        let (far, far_addr) = bound();
        let waits = Rc::clone(&near);
        let receiver = osier::spawn(move || waits.recv_from(&mut [0; 8]).unwrap());
        osier::yield_now();
        near.send_to(b"there", far_addr).unwrap();
        assert_eq!(far.recv_from(&mut [0; 8]).unwrap(), (5, addr));
        assert!(!receiver.is_finished());
        far.send_to(b"back", addr).unwrap();
        assert_eq!(receiver.join().unwrap(), (4, far_addr));
    });
}

#[test]
fn a_second_receiver_is_refused_and_the_first_keeps_waiting_so_05() {
    osier::run(|| {
        let (near, addr) = bound();
        let near = Rc::new(near);
        let waits = Rc::clone(&near);
        let first = osier::spawn(move || waits.recv(&mut [0; 8]).unwrap());
        osier::yield_now();
        let mut buf = [0; 8];
        let refused =
            [near.recv(&mut buf), near.peek(&mut buf)].map(|result| result.unwrap_err().kind());
        assert_eq!(refused, [ErrorKind::ResourceBusy; 2]);
        assert_eq!(near.recv_from(&mut buf).unwrap_err().kind(), ErrorKind::ResourceBusy);
        assert!(!first.is_finished());
        near.send_to(b"first", addr).unwrap();
        assert_eq!(first.join().unwrap(), 5);
        near.send_to(b"next", addr).unwrap();
        assert_eq!(near.recv(&mut buf).unwrap(), 4, "free again");
    });
}

#[test]
fn an_empty_message_is_waited_for_so_01() {
    everywhere(|place| {
        let (near, addr) = bound();
        let (far, from) = bound();
        let sender = place.beside(move || far.send_to(b"", addr).unwrap());
        assert_eq!(near.recv_from(&mut []).unwrap(), (0, from));
        assert_eq!(sender.join(), 0);
        near.set_nonblocking(true).unwrap();
        assert_eq!(near.recv(&mut []).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn messages_that_come_at_once_are_all_taken_so_01() {
    everywhere(|place| {
        let (near, addr) = bound();
        // Waits once, so that the reactor watches it from then on; then one edge for all of them.
        near.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(near.recv(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        let sender = place.beside(move || {
            let (far, _) = bound();
            (0..20).for_each(|n| assert_eq!(far.send_to(&[n], addr).unwrap(), 1));
        });
        sender.join();
        near.set_read_timeout(Some(LONG)).unwrap();
        for n in 0..20 {
            let mut buf = [0; 64];
            assert_eq!((near.recv(&mut buf).unwrap(), buf[0]), (1, n));
        }
    });
}

#[test]
fn a_limit_is_the_handle_s_and_leaves_the_socket_usable_so_03() {
    everywhere(|_| {
        let (near, addr) = bound();
        let other = near.try_clone().unwrap();
        near.set_read_timeout(Some(SHORT)).unwrap();
        assert_eq!(other.read_timeout().unwrap(), None);
        let began = Instant::now();
        assert_eq!(near.recv_from(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(began.elapsed() >= SHORT && began.elapsed() < LONG);
        near.send_to(b"x", addr).unwrap();
        assert_eq!(near.recv(&mut [0]).unwrap(), 1);
    });
}

#[test]
fn a_time_limit_around_a_receive_ends_it_so_03() {
    osier::run(|| {
        let (near, addr) = bound();
        assert!(osier::timeout(SHORT, || near.recv(&mut [0])).is_err());
        near.send_to(b"x", addr).unwrap();
        assert_eq!(near.recv(&mut [0]).unwrap(), 1);
    });
}

#[test]
fn a_kill_ends_a_receive_and_closes_the_socket_so_06() {
    osier::run(|| {
        let (near, addr) = bound();
        let receiver = osier::spawn(move || near.recv(&mut [0]));
        osier::yield_now();
        assert_eq!(UdpSocket::bind(addr).unwrap_err().kind(), ErrorKind::AddrInUse);
        receiver.kill();
        assert!(receiver.join().unwrap_err().is_killed());
        UdpSocket::bind(addr).unwrap();
    });
}

#[test]
fn a_destructor_that_receives_while_its_task_unwinds_waits_in_the_kernel_so_06() {
    struct Last(UdpSocket, Rc<std::cell::Cell<usize>>);
    impl Drop for Last {
        fn drop(&mut self) {
            self.1.set(self.0.recv(&mut [0; 8]).unwrap());
        }
    }
    osier::run(|| {
        let (near, addr) = bound();
        let got = Rc::new(std::cell::Cell::new(0));
        let last = Last(near, Rc::clone(&got));
        let task = osier::spawn(move || {
            let _last = last;
            osier::sleep(LONG);
        });
        osier::yield_now();
        let sender = std::thread::spawn(move || {
            std::thread::sleep(SHORT); // the receiver is to wait
            bound().0.send_to(b"last", addr).unwrap()
        });
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        assert_eq!((got.get(), sender.join().unwrap()), (4, 4));
    });
}

#[test]
fn limits_and_mode_of_a_socket_survive_the_way_to_std_and_back_so_07() {
    everywhere(|_| {
        let (near, addr) = bound();
        near.set_read_timeout(Some(SHORT)).unwrap();
        let theirs = near.into_std().unwrap();
        assert_eq!(theirs.read_timeout().unwrap(), Some(SHORT));
        assert_eq!(theirs.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let ours = UdpSocket::from_std(theirs).unwrap();
        assert_eq!(ours.recv(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        let ours = UdpSocket::from(OwnedFd::from(ours));
        assert_eq!(ours.read_timeout().unwrap(), None);
        ours.send_to(b"x", addr).unwrap();
        assert_eq!(ours.recv_from(&mut [0]).unwrap(), (1, addr));
    });
}

#[test]
fn a_clone_that_is_given_to_std_does_not_make_the_other_block_so_07() {
    osier::run(|| {
        let (near, addr) = bound();
        let theirs = near.try_clone().unwrap().into_std().unwrap(); // blocking, as is the open file
        let receiver = osier::spawn(move || near.recv(&mut [0; 8]).unwrap());
        osier::yield_now();
        assert!(!receiver.is_finished());
        theirs.send_to(b"x", addr).unwrap();
        assert_eq!(receiver.join().unwrap(), 1);
    });
}

#[test]
fn a_socket_goes_to_another_hub_and_comes_back_so_11() {
    osier::run(|| {
        let (near, addr) = bound();
        let near = Arc::new(near);
        let far = bound().0;
        let there = Arc::clone(&near);
        let thread = std::thread::spawn(move || {
            osier::run(|| {
                let receiver = osier::spawn(move || there.recv(&mut [0; 8]).unwrap());
                osier::yield_now();
                far.send_to(b"there", addr).unwrap();
                assert_eq!(receiver.join().unwrap(), 5);
                far
            })
        });
        let far = thread.join().unwrap();
        let back = Arc::clone(&near);
        let receiver = osier::spawn(move || back.recv(&mut [0; 8]).unwrap());
        osier::yield_now();
        far.send_to(b"back", addr).unwrap();
        assert_eq!(receiver.join().unwrap(), 4);
    });
}

#[test]
fn a_refused_message_is_the_error_of_the_next_call_so_08() {
    everywhere(|_| {
        let (near, _) = bound();
        let gone = bound().1;
        near.connect(gone).unwrap();
        near.send(b"anybody?").unwrap();
        let mut buf = [0];
        assert_eq!(near.recv(&mut buf).unwrap_err().kind(), ErrorKind::ConnectionRefused);
        near.set_nonblocking(true).unwrap();
        assert_eq!(near.recv(&mut buf).unwrap_err().kind(), ErrorKind::WouldBlock, "once");
    });
}

#[test]
fn a_refusal_wakes_who_waits_for_an_answer_so_08() {
    osier::run(|| {
        let near = Rc::new(bound().0);
        near.connect(bound().1).unwrap(); // that socket is gone again
        let waits = Rc::clone(&near);
        let receiver = osier::spawn(move || waits.recv(&mut [0]).unwrap_err().kind());
        osier::yield_now();
        assert!(!receiver.is_finished());
        near.send(b"anybody?").unwrap();
        assert_eq!(receiver.join().unwrap(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn addresses_are_tried_in_turn_so_08() {
    everywhere(|_| {
        let (near, _) = bound();
        let (far, addr) = bound();
        let other: SocketAddr = (Ipv6Addr::LOCALHOST, addr.port()).into();
        assert_eq!(near.send_to(b"abc", &[other, addr][..]).unwrap(), 3);
        assert_eq!(far.recv(&mut [0; 8]).unwrap(), 3);
        near.send_to(b"abcd", ("localhost", addr.port())).unwrap();
        assert_eq!(far.recv(&mut [0; 8]).unwrap(), 4);
        near.send_to(b"", &[other][..]).unwrap_err();
        // What is the message's fault is no reason to try the next one.
        let too_large = near.send_to(&vec![0; 70_000], &[addr, other][..]).unwrap_err();
        assert_eq!(too_large.raw_os_error(), Some(rustix::io::Errno::MSGSIZE.raw_os_error()));
    });
}

#[test]
fn broadcasts_go_out_when_they_are_allowed_so_01() {
    everywhere(|_| {
        let all = UdpSocket::bind("0.0.0.0:0").unwrap();
        let to = (Ipv4Addr::new(127, 255, 255, 255), all.local_addr().unwrap().port());
        let (near, from) = bound();
        assert_eq!(near.send_to(b"all", to).unwrap_err().kind(), ErrorKind::PermissionDenied);
        near.set_broadcast(true).unwrap();
        near.send_to(b"all", to).unwrap();
        assert_eq!(all.recv_from(&mut [0; 8]).unwrap(), (3, from));
    });
}

/// A group that no other test uses, a member of it, and a sender that reaches it within this machine.
fn group(place: Place) -> (Ipv4Addr, UdpSocket, UdpSocket) {
    let group = Ipv4Addr::new(239, 7, 7, 20 + place as u8);
    let member = UdpSocket::bind("0.0.0.0:0").unwrap();
    member.join_multicast_v4(&group, &Ipv4Addr::LOCALHOST).unwrap();
    let sender = bound().0;
    sender.set_multicast_if_v4(&Ipv4Addr::LOCALHOST).unwrap();
    assert_eq!(sender.multicast_if_v4().unwrap(), Ipv4Addr::LOCALHOST);
    (group, member, sender)
}

#[test]
fn members_have_what_is_sent_to_their_group_so_01() {
    everywhere(|place| {
        let (group, member, sender) = group(place);
        let to = (group, member.local_addr().unwrap().port());
        sender.send_to(b"to all", to).unwrap();
        assert_eq!(member.recv(&mut [0; 16]).unwrap(), 6);

        member.leave_multicast_v4(&group, &Ipv4Addr::LOCALHOST).unwrap();
        sender.send_to(b"to members", to).unwrap();
        member.set_nonblocking(true).unwrap();
        assert_eq!(member.recv(&mut [0; 16]).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn groups_of_ipv6_are_joined_once_and_left_so_01() {
    everywhere(|_| {
        let socket = UdpSocket::bind((IpAddr::from(Ipv6Addr::UNSPECIFIED), 0)).unwrap();
        let group: Ipv6Addr = "ff12::7:7".parse().unwrap();
        let loopback = 1;
        socket.join_multicast_v6(&group, loopback).unwrap();
        let again = socket.join_multicast_v6(&group, loopback).unwrap_err();
        assert_eq!(again.kind(), ErrorKind::AddrInUse);
        socket.leave_multicast_v6(&group, loopback).unwrap();
        let gone = socket.leave_multicast_v6(&group, loopback).unwrap_err();
        assert_eq!(gone.kind(), ErrorKind::AddrNotAvailable);

        socket.set_multicast_loop_v6(false).unwrap();
        assert!(!socket.multicast_loop_v6().unwrap());
        socket.set_multicast_hops_v6(7).unwrap();
        assert_eq!(socket.multicast_hops_v6().unwrap(), 7);
        socket.set_multicast_if_v6(loopback).unwrap();
        assert_eq!(socket.multicast_if_v6().unwrap(), loopback);
    });
}
