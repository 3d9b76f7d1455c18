//! What an edge-triggered reactor could miss, and must not.
#![cfg(feature = "net")]

mod place;

use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::time::Duration;

use osier::net::{Shutdown, TcpListener, TcpStream};
use rustix::net::{SendFlags, send};

use place::{everywhere, pair};

const SHORT: Duration = Duration::from_millis(20);

/// Makes the stream wait once, so that the reactor watches it from then on.
fn watch(stream: &TcpStream) {
    stream.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    let mut reader = stream;
    assert_eq!(reader.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
    stream.set_read_timeout(None).unwrap();
}

#[test]
fn an_end_behind_a_short_read_is_seen_so_01() {
    everywhere(|_| {
        let (mut near, mut far) = pair();
        watch(&near);
        // Both arrive before anybody looks: one edge for the two of them.
        far.write_all(b"last words").unwrap();
        drop(far);
        osier::sleep(SHORT);
        assert_eq!(near.read(&mut [0; 64]).unwrap(), 10);
        assert_eq!(near.read(&mut [0; 64]).unwrap(), 0);
        assert_eq!(near.read(&mut [0; 64]).unwrap(), 0, "and stays so");
    });
}

#[test]
fn a_reset_behind_a_short_read_is_seen_so_01() {
    everywhere(|_| {
        let (mut near, mut far) = pair();
        watch(&near);
        near.write_all(b"unread").unwrap();
        far.write_all(b"last words").unwrap();
        osier::sleep(SHORT);
        // Closing with unread data resets, and drops what the other end has not read.
        drop(far);
        osier::sleep(SHORT);
        let first = near.read(&mut [0; 64]);
        let reset = |result: &std::io::Result<usize>| {
            result.as_ref().is_err_and(|e| e.kind() == ErrorKind::ConnectionReset)
        };
        assert!(reset(&first) || first.is_ok_and(|n| n == 10) && reset(&near.read(&mut [0; 64])));
    });
}

#[test]
fn data_behind_an_urgent_byte_is_seen_so_01() {
    everywhere(|_| {
        let (mut near, far) = pair();
        watch(&near);
        // A read stops at the mark, short of its buffer, though there is more behind it.
        (&far).write_all(b"before").unwrap();
        send(&far, b"!", SendFlags::OOB).unwrap();
        (&far).write_all(b"behind").unwrap();
        osier::sleep(SHORT);
        assert_eq!(near.read(&mut [0; 64]).unwrap(), 6);
        assert_eq!(near.read(&mut [0; 64]).unwrap(), 6);
    });
}

#[test]
fn data_that_comes_between_a_short_read_and_the_wait_is_seen_so_01() {
    everywhere(|place| {
        let (mut near, mut far) = pair();
        watch(&near);
        for _ in 0..3 {
            far.write_all(b"one").unwrap();
            assert_eq!(near.read(&mut [0; 64]).unwrap(), 3);
            far.write_all(b"two").unwrap();
            assert_eq!(near.read(&mut [0; 64]).unwrap(), 3);
        }
        let writer = place.beside(move || {
            osier::sleep(SHORT);
            far.write_all(b"three").unwrap();
            far
        });
        assert_eq!(near.read(&mut [0; 64]).unwrap(), 5);
        writer.join();
    });
}

#[test]
fn a_peek_takes_nothing_from_what_is_known_so_01() {
    everywhere(|_| {
        let (mut near, mut far) = pair();
        watch(&near);
        far.write_all(b"once").unwrap();
        for _ in 0..3 {
            assert_eq!(near.peek(&mut [0; 64]).unwrap(), 4);
        }
        assert_eq!(near.read(&mut [0; 64]).unwrap(), 4);
    });
}

#[test]
fn a_full_buffer_is_not_taken_for_the_end_so_01() {
    everywhere(|_| {
        let (mut near, mut far) = pair();
        watch(&near);
        far.write_all(b"123456").unwrap();
        osier::sleep(SHORT);
        for _ in 0..3 {
            assert_eq!(near.read(&mut [0; 2]).unwrap(), 2);
        }
        near.set_read_timeout(Some(SHORT)).unwrap();
        assert_eq!(near.read(&mut [0; 2]).unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

/// The same connection under a number that other tests of this process do not come to.
fn renumbered(stream: TcpStream) -> TcpStream {
    const FAR_UP: i32 = 900;
    let again = rustix::io::fcntl_dupfd_cloexec(stream.into_std().unwrap(), FAR_UP).unwrap();
    TcpStream::from_std(again.into()).unwrap()
}

#[test]
fn a_descriptor_used_again_wakes_no_stranger_so_06() {
    osier::run(|| {
        let (near, far) = pair();
        let near = renumbered(near);
        let number = near.as_raw_fd();
        watch(&near);
        far.shutdown(Shutdown::Both).unwrap();
        // Its end is reported to the reactor, but to nobody yet when the number changes hands.
        drop((near, far));
        let (next, _other) = pair();
        let mut next = renumbered(next);
        assert_eq!(next.as_raw_fd(), number, "the number is used again");
        next.set_read_timeout(Some(SHORT)).unwrap();
        assert_eq!(next.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn a_number_given_to_std_and_taken_back_is_watched_anew_so_07() {
    osier::run(|| {
        let (mut near, mut far) = pair();
        for round in 0..3_u8 {
            watch(&near);
            far.write_all(&[round]).unwrap();
            near = TcpStream::from_std(near.into_std().unwrap()).unwrap();
            let mut got = [9];
            near.read_exact(&mut got).unwrap();
            assert_eq!(got, [round]);
        }
    });
}

#[test]
fn a_clone_that_is_closed_leaves_the_other_watched_so_07() {
    osier::run(|| {
        let (mut near, mut far) = pair();
        let clone = near.try_clone().unwrap();
        watch(&near);
        watch(&clone);
        drop(clone);
        let writer = osier::spawn(move || {
            osier::sleep(SHORT);
            far.write_all(b"x").unwrap();
        });
        assert_eq!(near.read(&mut [0]).unwrap(), 1);
        writer.join().unwrap();
    });
}

#[test]
fn a_socket_can_go_to_another_hub_and_come_back_so_01() {
    osier::run(|| {
        let (near, mut far) = pair();
        watch(&near);
        let there = std::thread::spawn(move || {
            osier::run(move || {
                let mut near = near;
                watch(&near);
                near.write_all(b"from there").unwrap();
                let mut got = [0; 4];
                near.read_exact(&mut got).unwrap();
                assert_eq!(&got, b"here");
                near
            })
        });
        let mut got = [0; 10];
        far.read_exact(&mut got).unwrap();
        assert_eq!(&got, b"from there");
        far.write_all(b"here").unwrap();
        let mut near = osier::thread::offload(|| there.join().unwrap());
        far.write_all(b"back").unwrap();
        assert_eq!(near.read(&mut [0; 64]).unwrap(), 4);
    });
}

#[test]
fn connections_that_wait_in_the_queue_are_all_taken_so_01() {
    everywhere(|place| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let server = place.beside(move || {
            let streams: Vec<_> = listener.incoming().take(300).map(Result::unwrap).collect();
            // One edge may stand for many connections.
            streams.len()
        });
        let clients: Vec<_> = (0..300).map(|_| TcpStream::connect(addr).unwrap()).collect();
        assert_eq!(server.join(), 300);
        drop(clients);
    });
}
