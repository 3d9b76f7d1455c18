//! TCP through the facade: what a program sees of `TcpStream` and `TcpListener`.
//!
//! Each test runs outside of any hub and in a task.
#![cfg(feature = "net")]
#![expect(clippy::disallowed_methods, reason = "a test measures with the real clock")]

mod place;

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use osier::net::{TcpListener, TcpStream, ToSocketAddrs};

use place::{everywhere, pair, refusing};

const SHORT: Duration = Duration::from_millis(20);

/// Longer than any wait of these tests, even on a busy machine.
const LONG: Duration = Duration::from_secs(10);

fn elapsed<R>(f: impl FnOnce() -> R) -> (R, Duration) {
    let start = Instant::now();
    let value = f();
    (value, start.elapsed())
}

#[test]
fn a_stream_reads_and_writes_as_std_does_so_01() {
    everywhere(|_| {
        let (mut near, mut far) = pair();
        near.write_all(b"to be peeked at").unwrap();
        let mut buf = [0; 5];
        assert_eq!(far.peek(&mut buf).unwrap(), 5);
        assert_eq!(&buf, b"to be");
        let mut all = [0; 15];
        far.read_exact(&mut all).unwrap();
        assert_eq!(&all, b"to be peeked at");

        let parts = [IoSlice::new(b"one "), IoSlice::new(b""), IoSlice::new(b"two")];
        assert_eq!(far.write_vectored(&parts).unwrap(), 7);
        let (mut a, mut b) = ([0; 3], [0; 8]);
        let mut bufs = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
        assert_eq!(near.read_vectored(&mut bufs).unwrap(), 7);
        assert_eq!((&a, &b[..4]), (b"one", &b" two"[..]));

        near.shutdown(Shutdown::Write).unwrap();
        assert_eq!(far.read(&mut buf).unwrap(), 0);
        far.write_all(b"still open this way").unwrap();
        drop(far);
        let mut rest = String::new();
        near.read_to_string(&mut rest).unwrap();
        assert_eq!(rest, "still open this way");
    });
}

#[test]
fn more_slices_than_the_kernel_takes_are_a_short_call_so_01() {
    everywhere(|_| {
        let (mut near, mut far) = pair();
        let parts = vec![IoSlice::new(b"x"); 3000];
        assert_eq!(near.write_vectored(&parts).unwrap(), 1024);
        let mut bytes = [0; 1024];
        far.read_exact(&mut bytes).unwrap();
    });
}

#[test]
fn options_are_those_of_the_socket_so_01() {
    everywhere(|_| {
        let (near, far) = pair();
        assert_eq!(near.peer_addr().unwrap(), far.local_addr().unwrap());
        assert!(!near.nodelay().unwrap());
        near.set_nodelay(true).unwrap();
        assert!(near.nodelay().unwrap());
        near.set_ttl(12).unwrap();
        assert_eq!(near.ttl().unwrap(), 12);
        near.set_linger(Some(Duration::from_secs(3))).unwrap();
        assert_eq!(near.linger().unwrap(), Some(Duration::from_secs(3)));
        near.set_linger(None).unwrap();
        assert!(near.take_error().unwrap().is_none());
        let debug = format!("{near:?}");
        assert!(debug.starts_with("TcpStream { addr: 127.0.0.1:"), "{debug}");
    });
}

#[test]
fn lingering_zero_resets_the_connection_so_01() {
    everywhere(|_| {
        let (near, mut far) = pair();
        near.set_linger(Some(Duration::ZERO)).unwrap();
        drop(near);
        assert_eq!(far.read(&mut [0]).unwrap_err().kind(), ErrorKind::ConnectionReset);
    });
}

#[test]
fn empty_reads_and_writes_return_at_once_so_01() {
    everywhere(|_| {
        let (mut near, _far) = pair();
        assert_eq!(near.read(&mut []).unwrap(), 0);
        assert_eq!(near.peek(&mut []).unwrap(), 0);
        assert_eq!(near.write(&[]).unwrap(), 0);
        assert_eq!(near.write_vectored(&[]).unwrap(), 0);
        near.write_all(&[]).unwrap();
    });
}

#[test]
fn connections_come_in_order_through_an_iterator_so_01() {
    everywhere(|_| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let addr = listener.local_addr().unwrap();
        let clients: Vec<_> = (0..3).map(|_| TcpStream::connect(addr).unwrap()).collect();
        let taken = listener.incoming().take(2).map(Result::unwrap).collect::<Vec<_>>();
        let last = listener.into_incoming().next().unwrap().unwrap();
        for (client, peer) in clients.iter().zip(taken.iter().chain([&last])) {
            assert_eq!(client.local_addr().unwrap(), peer.peer_addr().unwrap());
        }
    });
}

#[test]
fn a_name_connects_to_the_address_that_listens_so_01() {
    everywhere(|_| {
        // "localhost" may be ::1 first, where nobody listens.
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let stream = TcpStream::connect(("localhost", port)).unwrap();
        assert_eq!(stream.peer_addr().unwrap().port(), port);
        let (_held, refusing) = refusing();
        let addrs = [refusing, listener.local_addr().unwrap()];
        let stream = TcpStream::connect(&addrs[..]).unwrap();
        assert_eq!(stream.peer_addr().unwrap(), addrs[1]);
    });
}

#[test]
fn a_large_write_arrives_whole_so_02() {
    everywhere(|place| {
        let (mut near, mut far) = pair();
        let sent: Vec<u8> = (0..8_000_000_u32).map(|i| (i % 251) as u8).collect();
        let copy = sent.clone();
        let writer = place.beside(move || near.write_all(&copy));
        let mut got = Vec::new();
        far.read_to_end(&mut got).unwrap();
        writer.join().unwrap();
        assert!(got == sent);
    });
}

#[test]
fn the_write_limit_of_write_all_is_for_the_whole_so_02() {
    everywhere(|place| {
        let (mut near, mut far) = pair();
        let reader = place.beside(move || {
            // Progress all the time, so that no single wait is as long as the limit.
            let mut buf = vec![0; 64 * 1024];
            while far.read(&mut buf).is_ok_and(|n| n > 0) {
                osier::sleep(Duration::from_millis(2));
            }
        });
        let limit = Duration::from_millis(60);
        near.set_write_timeout(Some(limit)).unwrap();
        let (result, took) = elapsed(|| near.write_all(&vec![0; 256 << 20]));
        assert_eq!(result.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(took >= limit && took < LONG, "{took:?}");
        drop(near);
        reader.join();
    });
}

#[test]
fn what_can_be_sent_is_sent_however_short_the_limit_so_02() {
    everywhere(|_| {
        let (mut near, mut far) = pair();
        near.set_write_timeout(Some(Duration::from_nanos(1))).unwrap();
        near.write_all(b"at least one attempt").unwrap();
        drop(near);
        let mut text = String::new();
        far.read_to_string(&mut text).unwrap();
        assert_eq!(text, "at least one attempt");
    });
}

#[test]
fn a_read_limit_fires_and_the_connection_goes_on_so_03() {
    everywhere(|_| {
        let (mut near, mut far) = pair();
        near.set_read_timeout(Some(SHORT)).unwrap();
        let (result, took) = elapsed(|| near.read(&mut [0; 8]));
        let error = result.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TimedOut);
        assert!(error.to_string().contains("timed out"), "{error}");
        assert!(took >= SHORT && took < LONG, "{took:?}");

        far.write_all(b"late").unwrap();
        let mut buf = [0; 4];
        near.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"late");
    });
}

#[test]
fn limits_are_std_s_but_belong_to_the_handle_so_03() {
    everywhere(|_| {
        let (near, _far) = pair();
        assert_eq!(near.read_timeout().unwrap(), None);
        let zero = near.set_read_timeout(Some(Duration::ZERO)).unwrap_err();
        assert_eq!(zero.kind(), ErrorKind::InvalidInput);
        near.set_read_timeout(Some(SHORT)).unwrap();
        near.set_write_timeout(Some(LONG)).unwrap();
        let clone = near.try_clone().unwrap();
        assert_eq!(clone.read_timeout().unwrap(), Some(SHORT));
        assert_eq!(clone.write_timeout().unwrap(), Some(LONG));
        clone.set_read_timeout(None).unwrap();
        assert_eq!(near.read_timeout().unwrap(), Some(SHORT));
    });
}

#[test]
fn a_handle_in_non_blocking_mode_never_waits_so_03() {
    everywhere(|_| {
        let (mut near, mut far) = pair();
        near.set_nonblocking(true).unwrap();
        assert_eq!(near.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(near.peek(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let full = near.write_all(&vec![0; 64 << 20]).unwrap_err();
        assert_eq!(full.kind(), ErrorKind::WouldBlock);
        near.set_nonblocking(false).unwrap();
        far.write_all(b"x").unwrap();
        assert_eq!(near.read(&mut [0]).unwrap(), 1);

        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn a_refused_connection_says_so_so_08() {
    everywhere(|_| {
        let (_held, addr) = refusing();
        let error = TcpStream::connect(addr).unwrap_err();
        let std_error = std::net::TcpStream::connect(addr).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
        assert_eq!(error.raw_os_error(), std_error.raw_os_error());
        let error = TcpStream::connect_timeout(&addr, LONG).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn addresses_that_are_none_say_so_so_08() {
    everywhere(|_| {
        for wrong in ["127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1"] {
            let error = TcpStream::connect(wrong).unwrap_err();
            let std_error = std::net::TcpStream::connect(wrong).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::InvalidInput);
            assert_eq!(error.to_string(), std_error.to_string());
        }
        let none: [std::net::SocketAddr; 0] = [];
        assert_eq!(TcpStream::connect(&none[..]).unwrap_err().kind(), ErrorKind::InvalidInput);
    });
}

#[test]
fn a_connection_that_is_not_answered_times_out_so_08() {
    everywhere(|_| {
        let zero = TcpStream::connect_timeout(&refusing().1, Duration::ZERO).unwrap_err();
        assert_eq!(zero.kind(), ErrorKind::InvalidInput);
        // A full accept queue drops SYNs, so that the connection hangs without any network.
        let (_held, addr) = unanswering();
        let (result, took) = elapsed(|| TcpStream::connect_timeout(&addr, SHORT));
        assert_eq!(result.unwrap_err().kind(), ErrorKind::TimedOut);
        assert!(took >= SHORT && took < LONG, "{took:?}");
    });
}

/// A listener whose queue is full, and the address at which it does not answer.
fn unanswering() -> (Vec<OwnedFd>, std::net::SocketAddr) {
    let (fd, addr) = refusing();
    rustix::net::listen(&fd, 0).unwrap();
    let mut held = vec![fd];
    while let Ok(stream) = std::net::TcpStream::connect_timeout(&addr, SHORT) {
        held.push(stream.into());
    }
    (held, addr)
}

#[test]
fn after_a_shutdown_calls_fail_as_std_s_do_so_10() {
    everywhere(|_| {
        let (mut near, _far) = pair();
        near.shutdown(Shutdown::Both).unwrap();
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let mut theirs = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        theirs.shutdown(Shutdown::Both).unwrap();

        let outcome = |r: io::Result<usize>| r.map_err(|e| e.kind());
        assert_eq!(outcome(near.read(&mut [0])), outcome(theirs.read(&mut [0])));
        let written = outcome(near.write(&[0]));
        assert_eq!(written, Err(ErrorKind::BrokenPipe));
        assert_eq!(written, outcome(theirs.write(&[0])));
        // A second shutdown is as good as std's, whatever that is.
        let again = |r: io::Result<()>| r.map_err(|e| e.kind());
        assert_eq!(again(near.shutdown(Shutdown::Both)), again(theirs.shutdown(Shutdown::Both)));
    });
}

#[test]
fn an_address_in_use_says_so_so_08() {
    everywhere(|_| {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let error = TcpListener::bind(listener.local_addr().unwrap()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::AddrInUse);
    });
}

#[test]
fn sockets_can_be_made_from_all_that_std_takes_so_01() {
    everywhere(|_| {
        fn takes(addr: impl ToSocketAddrs) {
            assert_eq!(addr.to_socket_addrs().unwrap().next().unwrap().port(), 9);
        }
        let ip = std::net::Ipv4Addr::LOCALHOST;
        takes("127.0.0.1:9");
        takes(String::from("[::1]:9"));
        takes(("127.0.0.1", 9));
        takes((String::from("::1"), 9));
        takes((ip, 9));
        takes((std::net::IpAddr::from(ip), 9));
        takes(std::net::SocketAddrV4::new(ip, 9));
        takes(&[std::net::SocketAddr::from((ip, 9))][..]);
    });
}
