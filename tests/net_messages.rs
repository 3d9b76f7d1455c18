//! Unix messages through the facade: what a program sees of `UnixDatagram` besides what `std_net` holds of all sockets.
//!
//! What can be is run outside of any hub and in a task.
#![cfg(feature = "net")]

mod place;

use std::io::ErrorKind;
use std::net::Shutdown;
use std::os::linux::net::SocketAddrExt;
use std::process;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use osier::net::unix::{SocketAddr, UnixDatagram};

use place::everywhere;

const SHORT: Duration = Duration::from_millis(20);

/// A socket with a name that nobody else has.
fn named() -> (UnixDatagram, SocketAddr) {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let name = format!("osier net_messages {} {number}", process::id());
    let name = SocketAddr::from_abstract_name(name).unwrap();
    (UnixDatagram::bind_addr(&name).unwrap(), name)
}

/// Sends until the receiver's queue is full, and says how many it took.
fn fill(to: &SocketAddr) -> u32 {
    let sender = UnixDatagram::unbound().unwrap();
    sender.set_nonblocking(true).unwrap();
    (0..).find(|_| sender.send_to_addr(b"fill", to).is_err()).unwrap()
}

#[test]
fn who_sends_to_a_full_queue_stops_no_other_task_so_01() {
    osier::run(|| {
        let (near, name) = named();
        let filled = fill(&name);
        let senders = [(); 3].map(|()| {
            let name = name.clone();
            osier::spawn(move || {
                let sender = UnixDatagram::unbound().unwrap();
                sender.send_to_addr(b"at last", &name).unwrap()
            })
        });
        osier::sleep(SHORT);
        assert!(senders.iter().all(|sender| !sender.is_finished()));
        let mut buf = [0; 16];
        for _ in 0..filled {
            assert_eq!(near.recv(&mut buf).unwrap(), 4);
        }
        for _ in &senders {
            assert_eq!(near.recv(&mut buf).unwrap(), 7);
        }
        assert!(osier::join_all(senders).into_iter().all(|end| end.is_ok()));
    });
}

#[test]
fn tasks_that_share_a_socket_may_all_wait_for_room_elsewhere_so_01() {
    osier::run(|| {
        let sender = Rc::new(UnixDatagram::unbound().unwrap());
        let ends = [(); 2].map(|()| named());
        let tasks = ends.each_ref().map(|(_, name)| {
            fill(name);
            let (sender, name) = (Rc::clone(&sender), name.clone());
            osier::spawn(move || sender.send_to_addr(b"at last", &name).unwrap())
        });
        osier::yield_now();
        // The second has room first: whoever waits for it is not behind the other.
        let [first, second] = tasks;
        let mut buf = [0; 16];
        while ends[1].0.recv(&mut buf).unwrap() == 4 {}
        assert_eq!(second.join().unwrap(), 7);
        assert!(!first.is_finished());
        while ends[0].0.recv(&mut buf).unwrap() == 4 {}
        assert_eq!(first.join().unwrap(), 7);
    });
}

#[test]
fn who_is_connected_to_a_full_queue_reaches_another_so_01() {
    osier::run(|| {
        let (_full, full_name) = named();
        fill(&full_name);
        let (near, name) = named();
        fill(&name);
        let sender = UnixDatagram::unbound().unwrap();
        sender.connect_addr(&full_name).unwrap();
        let to = name.clone();
        let task = osier::spawn(move || sender.send_to_addr(b"at last", &to).unwrap());
        osier::yield_now();
        let mut buf = [0; 16];
        while near.recv(&mut buf).unwrap() == 4 {}
        assert_eq!(task.join().unwrap(), 7);
    });
}

#[test]
fn a_full_buffer_here_is_waited_for_so_02() {
    everywhere(|place| {
        // Connected back to the sender, it has room for it always: what fills is the sender's own buffer.
        let (near, name) = named();
        let (sender, sender_name) = named();
        near.connect_addr(&sender_name).unwrap();
        let task = place.beside(move || {
            for n in 0..2_000_u32 {
                let mut message = [0; 1024];
                message[..4].copy_from_slice(&n.to_ne_bytes());
                assert_eq!(sender.send_to_addr(&message, &name).unwrap(), 1024);
            }
        });
        for n in 0..2_000_u32 {
            let mut buf = [0; 2048];
            assert_eq!(near.recv(&mut buf).unwrap(), 1024);
            assert_eq!(buf[..4], n.to_ne_bytes());
        }
        task.join();
    });
}

#[test]
fn a_buffer_that_is_full_before_the_queue_is_waited_for_so_02() {
    everywhere(|place| {
        const LARGE: usize = 64 << 10;
        let (near, name) = named();
        let task = place.beside(move || {
            let sender = UnixDatagram::unbound().unwrap();
            for n in 0..40 {
                assert_eq!(sender.send_to_addr(&vec![n; LARGE], &name).unwrap(), LARGE);
            }
        });
        let mut buf = vec![0; LARGE];
        for n in 0..40 {
            assert_eq!((near.recv(&mut buf).unwrap(), buf[LARGE - 1]), (LARGE, n));
        }
        task.join();
    });
}

#[test]
fn who_waits_for_room_can_be_ended_so_06() {
    osier::run(|| {
        let (near, name) = named();
        let filled = fill(&name);
        let sender = UnixDatagram::unbound().unwrap();
        assert!(osier::timeout(SHORT, || sender.send_to_addr(b"never", &name)).is_err());
        sender.set_write_timeout(Some(SHORT)).unwrap();
        let late = sender.send_to_addr(b"never", &name).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
        sender.set_write_timeout(None).unwrap();
        let task = osier::spawn(move || sender.send_to_addr(b"never", &name));
        osier::yield_now();
        task.kill();
        assert!(task.join().unwrap_err().is_killed());
        for _ in 0..filled {
            assert_eq!(near.recv(&mut [0; 16]).unwrap(), 4);
        }
        near.set_nonblocking(true).unwrap();
        assert_eq!(near.recv(&mut [0; 16]).unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_receiver_that_is_gone_ends_the_wait_for_room_so_06() {
    everywhere(|place| {
        let (near, name) = named();
        fill(&name);
        let task = place.beside(move || {
            UnixDatagram::unbound().unwrap().send_to_addr(b"never", &name).unwrap_err()
        });
        osier::sleep(SHORT); // it waits
        drop(near);
        assert_eq!(task.join().kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn shutdown_wakes_who_waits_for_a_message_so_06() {
    everywhere(|place| {
        let (near, _) = named();
        let near = Arc::new(near);
        let clone = near.try_clone().unwrap();
        let waits = Arc::clone(&near);
        let receivers = [
            place.beside(move || waits.recv(&mut [0]).unwrap()),
            place.beside(move || {
                let (n, from) = clone.recv_from(&mut [0]).unwrap();
                assert!(from.is_unnamed());
                n
            }),
        ];
        osier::sleep(Duration::from_millis(1)); // they wait
        // A name is no peer: it can be shut down all the same.
        let _ = near.shutdown(Shutdown::Read);
        assert_eq!(receivers.map(|receiver| receiver.join()), [0, 0]);
        assert!(near.recv_with_fds(&mut [0]).unwrap().fds.is_empty());
        near.set_nonblocking(true).unwrap();
        assert_eq!(near.recv(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock, "as in std");
    });
}

#[test]
fn what_was_sent_before_a_shutdown_is_received_so_10() {
    everywhere(|_| {
        let (near, far) = UnixDatagram::pair().unwrap();
        far.send(b"last").unwrap();
        near.shutdown(Shutdown::Both).unwrap();
        assert_eq!(near.recv(&mut [0; 8]).unwrap(), 4);
        assert_eq!(near.recv(&mut [0; 8]).unwrap(), 0);
        assert_eq!(near.send(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
    });
}

#[test]
fn a_second_receiver_of_messages_is_refused_so_05() {
    osier::run(|| {
        let (near, far) = UnixDatagram::pair().unwrap();
        let near = Rc::new(near);
        let waits = Rc::clone(&near);
        let first = osier::spawn(move || waits.recv(&mut [0; 8]).unwrap());
        osier::yield_now();
        assert_eq!(near.recv(&mut [0]).unwrap_err().kind(), ErrorKind::ResourceBusy);
        assert_eq!(near.peek_from(&mut [0]).unwrap_err().kind(), ErrorKind::ResourceBusy);
        far.send(b"first").unwrap();
        assert_eq!(first.join().unwrap(), 5);
    });
}
