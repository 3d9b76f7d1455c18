//! What an edge-triggered reactor could miss, and must not.
#![cfg(feature = "net")]

mod place;

use std::cell::Cell;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::{Duration, Instant};

use osier::io::{Got, Source};
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

/// A source that the reactor watches from now on.
fn watched(near: UnixStream) -> Source<UnixStream> {
    near.set_nonblocking(true).unwrap();
    let near = Source::new(near);
    let limit = osier::clock::deadline(Duration::from_millis(1));
    assert_eq!(read_byte(&near, limit, &Cell::new(0)).unwrap_err().kind(), ErrorKind::TimedOut);
    near
}

/// Reads a byte, and counts how often that is tried.
fn read_byte(
    near: &Source<UnixStream>,
    limit: Option<Instant>,
    tries: &Cell<usize>,
) -> std::io::Result<u8> {
    let mut byte = [0];
    near.read(limit, |mut near| {
        tries.set(tries.get() + 1);
        near.read_exact(&mut byte).map(|()| Got { value: byte[0], drained: false })
    })
}

/// Two sockets are ready at once. The task that is woken first closes the second, which a duplicate
/// keeps open, so that the kernel goes on to report it; a new socket gets its number, and
/// its place in the reactor. What happens to the old one is not told to who waits for the new one.
#[test]
fn an_event_of_a_closed_socket_wakes_nobody_who_has_its_number_so_06() {
    const FAR_UP: i32 = 950; // no other test of this process comes there
    osier::run(|| {
        let (first, mut first_peer) = UnixStream::pair().unwrap();
        let (duplicate, mut second_peer) = UnixStream::pair().unwrap();
        let (next, mut next_peer) = UnixStream::pair().unwrap();
        next.set_nonblocking(true).unwrap();
        let first = watched(first);
        let second = rustix::io::fcntl_dupfd_cloexec(&duplicate, FAR_UP).unwrap();
        let number = second.as_raw_fd();
        let second = watched(second.into());

        let tries = Rc::new(Cell::new(0));
        let count = tries.clone();
        let reader = osier::spawn(move || {
            read_byte(&first, None, &Cell::new(0)).unwrap();
            drop(second);
            let next = rustix::io::fcntl_dupfd_cloexec(next, number).unwrap();
            assert_eq!(next.as_raw_fd(), number, "the number is used again");
            read_byte(&Source::new(UnixStream::from(next)), None, &count).unwrap()
        });
        // The hub has nothing else to do, so it asks the kernel for all there is.
        let look = || osier::sleep(Duration::from_millis(2));
        osier::yield_now();
        first_peer.write_all(b"1").unwrap();
        second_peer.write_all(b"2").unwrap();
        look();
        assert_eq!(tries.get(), 1, "it waits");
        second_peer.write_all(b"2").unwrap();
        look();
        assert_eq!(tries.get(), 1, "and is not woken for the old one");
        next_peer.write_all(b"3").unwrap();
        assert_eq!(reader.join().unwrap(), b'3');
        assert_eq!(tries.get(), 2, "but for its own");
        drop(duplicate);
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
