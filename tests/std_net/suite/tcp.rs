//! Connections: data, its end, vectors, shutting down.

use std::io::{ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::{Ipv4Addr, Shutdown};

use super::places::{byte, each_family, linked, listening, run};
use crate::way::net::TcpStream;
use crate::way::{channel, thread};

#[test]
fn what_one_end_writes_the_other_reads() {
    each_family(|host| {
        let (listener, addr) = listening(host);
        let client = thread::spawn(move || {
            let mut stream = TcpStream::connect(addr).unwrap();
            stream.write_all(&[99]).unwrap();
            stream.local_addr().unwrap()
        });
        let (stream, peer) = listener.accept().unwrap();
        assert_eq!(byte(stream), 99);
        assert_eq!(client.join().unwrap(), peer);
    });
}

#[test]
fn a_closed_connection_reads_as_ended_again_and_again() {
    each_family(|host| {
        let (listener, addr) = listening(host);
        let client = thread::spawn(move || drop(TcpStream::connect(addr).unwrap()));
        let mut stream = listener.accept().unwrap().0;
        assert_eq!(stream.read(&mut [0; 4]).unwrap(), 0);
        assert_eq!(stream.read(&mut [0; 4]).unwrap(), 0);
        client.join().unwrap();
    });
}

#[test]
fn data_before_the_end_is_read_before_it() {
    each_family(|host| {
        let (mut near, mut far) = linked(host);
        far.write_all(b"the last").unwrap();
        drop(far);
        let mut buf = [0; 5];
        near.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"the l");
        assert_eq!(near.read_exact(&mut buf).unwrap_err().kind(), ErrorKind::UnexpectedEof);
        assert_eq!(near.read(&mut buf).unwrap(), 0);
    });
}

#[test]
fn a_write_to_a_closed_connection_goes_out_or_fails_as_such() {
    each_family(|host| {
        let (mut near, far) = linked(host);
        drop(far);
        // The first may go out: that the other end is gone is known only by its answer. Some later one cannot.
        let failed = (0..10_000).find_map(|_| near.write(&[0; 64]).err()).unwrap();
        let gone =
            [ErrorKind::ConnectionReset, ErrorKind::BrokenPipe, ErrorKind::ConnectionAborted];
        assert!(gone.contains(&failed.kind()), "{failed}");
    });
}

#[test]
fn a_read_returns_what_there_is() {
    each_family(|host| {
        let (mut near, mut far) = linked(host);
        let other = thread::spawn(move || {
            far.write_all(&[10]).unwrap();
            byte(far)
        });
        let mut buf = [0; 10];
        assert_eq!(near.read(&mut buf).unwrap(), 1);
        near.write_all(&[1]).unwrap();
        assert_eq!(other.join().unwrap(), 1);
    });
}

#[test]
fn empty_reads_and_writes_take_nothing() {
    each_family(|host| {
        let (mut near, mut far) = linked(host);
        assert_eq!(near.write(&[]).unwrap(), 0);
        far.write_all(&[7]).unwrap();
        assert_eq!(near.read(&mut []).unwrap(), 0);
        assert_eq!(byte(near), 7);
    });
}

#[test]
fn a_read_fills_one_buffer_after_the_other() {
    each_family(|host| {
        let (mut near, mut far) = linked(host);
        assert_eq!(near.write(&[10, 11, 12]).unwrap(), 3);
        let (mut a, mut b, mut c) = ([], [0], [0; 3]);
        let mut bufs = [IoSliceMut::new(&mut a), IoSliceMut::new(&mut b), IoSliceMut::new(&mut c)];
        assert_eq!(far.read_vectored(&mut bufs).unwrap(), 3);
        assert_eq!((b, c), ([10], [11, 12, 0]));
    });
}

#[test]
fn a_write_empties_one_buffer_after_the_other() {
    each_family(|host| {
        let (mut near, mut far) = linked(host);
        let parts = [IoSlice::new(&[]), IoSlice::new(&[10]), IoSlice::new(&[11, 12])];
        assert_eq!(near.write_vectored(&parts).unwrap(), 3);
        let mut buf = [0; 3];
        far.read_exact(&mut buf).unwrap();
        assert_eq!(buf, [10, 11, 12]);
    });
}

#[test]
fn much_data_arrives_whole_and_in_order() {
    run(|| {
        let (mut near, mut far) = linked(Ipv4Addr::LOCALHOST.into());
        let data: Vec<u8> = (0..3_000_000_u32).map(|n| (n % 251) as u8).collect();
        let expected = data.clone();
        let writer = thread::spawn(move || near.write_all(&data).unwrap());
        let mut got = Vec::new();
        far.read_to_end(&mut got).unwrap();
        writer.join().unwrap();
        assert!(got == expected, "{} bytes", got.len());
    });
}

#[test]
fn an_end_that_is_shut_down_for_writing_still_reads() {
    each_family(|host| {
        let (mut near, mut far) = linked(host);
        let other = thread::spawn(move || {
            assert_eq!(far.read(&mut [0]).unwrap(), 0);
            far.write_all(&[1]).unwrap();
        });
        near.shutdown(Shutdown::Write).unwrap();
        assert_eq!(near.write(&[1]).unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!(byte(near), 1);
        other.join().unwrap();
    });
}

#[test]
fn shutting_down_holds_for_every_handle() {
    each_family(|host| {
        let (mut first, _far) = linked(host);
        let mut before = first.try_clone().unwrap();
        first.shutdown(Shutdown::Write).unwrap();
        assert!(first.write(&[0]).is_err());
        first.shutdown(Shutdown::Read).unwrap();
        assert_eq!(first.read(&mut [0]).unwrap(), 0);
        let mut after = first.try_clone().unwrap();
        for handle in [&mut before, &mut after] {
            assert!(handle.write(&[0]).is_err());
            assert_eq!(handle.read(&mut [0]).unwrap(), 0);
            // A second time may be refused, and does no harm.
            let _ = handle.shutdown(Shutdown::Both);
        }
    });
}

#[test]
fn shutting_down_ends_a_read_that_waits() {
    each_family(|host| {
        let (near, _far) = linked(host);
        let mut waits = near.try_clone().unwrap();
        let (began, begun) = channel();
        let reader = thread::spawn(move || {
            began.send(()).unwrap();
            waits.read(&mut [0]).unwrap()
        });
        begun.recv().unwrap();
        thread::yield_now();
        near.shutdown(Shutdown::Read).unwrap();
        assert_eq!(reader.join().unwrap(), 0);
    });
}
