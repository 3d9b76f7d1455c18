//! Unix connections: paths, pairs, data and its end, limits, clones.

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

use super::places::{Folder, SHORT, byte, keeps_limits, refused, run, times_out};
use crate::way::unix::{SocketAddr, UnixDatagram, UnixListener, UnixStream};
use crate::way::{channel, thread};

/// The most bytes of a path, its NUL included.
const LONGEST: usize = 108;

#[test]
fn both_ends_talk_at_a_path() {
    run(|| {
        let folder = Folder::new();
        let path = folder.at("sock");
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(listener.local_addr().unwrap().as_pathname(), Some(path.as_path()));
        let server = thread::spawn(move || {
            let (mut stream, peer) = listener.accept().unwrap();
            assert!(peer.is_unnamed());
            let mut buf = [0; 5];
            stream.read_exact(&mut buf).unwrap();
            assert_eq!(&buf, b"hello");
            stream.write_all(b"world!").unwrap();
        });
        let mut stream = UnixStream::connect(&path).unwrap();
        assert_eq!(stream.peer_addr().unwrap().as_pathname(), Some(path.as_path()));
        assert!(stream.local_addr().unwrap().is_unnamed());
        stream.write_all(b"hello").unwrap();
        let mut rest = Vec::new();
        stream.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"world!");
        server.join().unwrap();
    });
}

#[test]
fn a_pair_talks_and_has_no_names() {
    run(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        assert!(near.local_addr().unwrap().is_unnamed());
        assert!(far.peer_addr().unwrap().is_unnamed());
        let other = thread::spawn(move || {
            let mut buf = [0; 5];
            far.read_exact(&mut buf).unwrap();
            assert_eq!(&buf, b"hello");
            far.write_all(b"world!").unwrap();
        });
        near.write_all(b"hello").unwrap();
        let mut rest = Vec::new();
        near.read_to_end(&mut rest).unwrap();
        assert_eq!(rest, b"world!");
        other.join().unwrap();
    });
}

#[test]
fn several_buffers_are_one_call() {
    run(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        let parts = [IoSlice::new(b"hello"), IoSlice::new(b" "), IoSlice::new(b"world!")];
        assert_eq!(near.write_vectored(&parts).unwrap(), 12);
        let (mut a, mut b) = ([0; 6], [0; 7]);
        let mut bufs = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b)];
        assert_eq!(far.read_vectored(&mut bufs).unwrap(), 12);
        assert_eq!((&a, &b), (b"hello ", b"world!\0"));
    });
}

#[test]
fn a_handle_and_its_clone_read_one_stream() {
    run(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        far.write_all(b"helloworld").unwrap();
        let mut clone = near.try_clone().unwrap();
        let mut buf = [0; 5];
        near.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"hello");
        clone.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"world");
    });
}

#[test]
fn connections_come_through_an_iterator() {
    run(|| {
        let folder = Folder::new();
        let path = folder.at("sock");
        let listener = UnixListener::bind(&path).unwrap();
        let server = thread::spawn(move || {
            let streams = listener.incoming().take(2).chain((&listener).into_iter().take(1));
            streams.map(|stream| byte(stream.unwrap())).collect::<Vec<_>>()
        });
        for n in 0..3 {
            UnixStream::connect(&path).unwrap().write_all(&[n]).unwrap();
        }
        assert_eq!(server.join().unwrap(), [0, 1, 2]);
    });
}

#[test]
fn a_path_that_is_too_long_is_refused() {
    run(|| {
        let folder = Folder::new();
        for path in [folder.long('a', LONGEST), folder.long('a', 2 * LONGEST)] {
            assert_eq!(refused(UnixStream::connect(&path)), ErrorKind::InvalidInput);
            assert_eq!(refused(UnixListener::bind(&path)), ErrorKind::InvalidInput);
            assert_eq!(refused(UnixDatagram::bind(&path)), ErrorKind::InvalidInput);
            assert_eq!(refused(SocketAddr::from_pathname(&path)), ErrorKind::InvalidInput);
        }
        let longest = folder.long('a', LONGEST - 1);
        let listener = UnixListener::bind(&longest).unwrap();
        let near = UnixStream::connect(&longest).unwrap();
        assert_eq!(near.peer_addr().unwrap().as_pathname(), Some(longest.as_path()));
        drop(listener);
    });
}

#[test]
fn where_nobody_listens_there_is_no_connection() {
    run(|| {
        let folder = Folder::new();
        let path = folder.at("sock");
        assert_eq!(refused(UnixStream::connect(&path)), ErrorKind::NotFound);
        let listener = UnixListener::bind(&path).unwrap();
        assert_eq!(refused(UnixListener::bind(&path)), ErrorKind::AddrInUse);
        drop(listener);
        assert_eq!(refused(UnixStream::connect(&path)), ErrorKind::ConnectionRefused);
    });
}

#[test]
fn a_path_can_be_connected_to_by_its_address() {
    run(|| {
        let folder = Folder::new();
        let addr = SocketAddr::from_pathname(folder.at("sock")).unwrap();
        let listener = UnixListener::bind_addr(&addr).unwrap();
        let mut near = UnixStream::connect_addr(&addr).unwrap();
        near.write_all(&[3]).unwrap();
        assert_eq!(byte(listener.accept().unwrap().0), 3);
    });
}

#[test]
fn limits_of_a_unix_stream_are_as_they_were_set() {
    run(|| {
        let (stream, _far) = UnixStream::pair().unwrap();
        keeps_limits!(stream);
    });
}

#[test]
fn a_read_of_a_unix_stream_ends_with_its_limit() {
    run(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        near.set_read_timeout(Some(SHORT)).unwrap();
        far.write_all(b"hello world").unwrap();
        let mut buf = [0; 11];
        near.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"hello world");
        times_out(|| near.read_exact(&mut buf));
        far.write_all(&[2]).unwrap();
        assert_eq!(byte(near), 2);
    });
}

#[test]
fn a_write_of_a_unix_stream_ends_with_its_limit() {
    run(|| {
        let (mut near, _far) = UnixStream::pair().unwrap();
        near.set_write_timeout(Some(SHORT)).unwrap();
        let full = (0..10_000).find_map(|_| near.write(&[0; 65_536]).err()).unwrap();
        assert!(matches!(full.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{full}");
    });
}

#[test]
fn much_data_goes_through_a_unix_stream() {
    run(|| {
        let (mut near, mut far) = UnixStream::pair().unwrap();
        let data: Vec<u8> = (0..1_000_000_u32).map(|n| (n % 251) as u8).collect();
        let expected = data.clone();
        let writer = thread::spawn(move || near.write_all(&data).unwrap());
        let mut got = Vec::new();
        far.read_to_end(&mut got).unwrap();
        writer.join().unwrap();
        assert!(got == expected, "{} bytes", got.len());
    });
}

#[test]
fn in_non_blocking_mode_a_unix_stream_does_not_wait() {
    run(|| {
        let folder = Folder::new();
        let listener = UnixListener::bind(folder.at("sock")).unwrap();
        listener.set_nonblocking(true).unwrap();
        assert_eq!(refused(listener.accept()), ErrorKind::WouldBlock);
        let (mut near, mut far) = UnixStream::pair().unwrap();
        near.set_nonblocking(true).unwrap();
        assert_eq!(refused(near.read(&mut [0])), ErrorKind::WouldBlock);
        near.set_nonblocking(false).unwrap();
        far.write_all(&[6]).unwrap();
        assert_eq!(byte(near), 6);
    });
}

#[test]
fn shutting_down_ends_a_unix_read_that_waits() {
    run(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        let mut waits = near.try_clone().unwrap();
        let (began, begun) = channel();
        let reader = thread::spawn(move || {
            began.send(()).unwrap();
            waits.read(&mut [0]).unwrap()
        });
        begun.recv().unwrap();
        thread::yield_now();
        near.shutdown(Shutdown::Both).unwrap();
        assert_eq!(reader.join().unwrap(), 0);
        assert_eq!(refused(far.write(&[0])), ErrorKind::BrokenPipe);
        assert!(near.take_error().unwrap().is_none());
    });
}

#[test]
fn a_unix_end_that_is_shut_down_for_writing_still_reads() {
    run(|| {
        let (near, mut far) = UnixStream::pair().unwrap();
        near.shutdown(Shutdown::Write).unwrap();
        assert_eq!(far.read(&mut [0]).unwrap(), 0);
        far.write_all(&[1]).unwrap();
        assert_eq!(byte(near), 1);
    });
}
