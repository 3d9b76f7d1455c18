//! Handles of one socket: clones, std's types, plain descriptors.
#![cfg(feature = "net")]

mod place;

use std::io::{ErrorKind, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, OwnedFd};
use std::time::Duration;

use osier::net::TcpStream;

use place::{everywhere, pair};

const SHORT: Duration = Duration::from_millis(20);

#[test]
fn a_clone_outlives_its_original_so_07() {
    everywhere(|_| {
        let (near, mut far) = pair();
        let mut clone = near.try_clone().unwrap();
        drop(near);
        far.set_read_timeout(Some(SHORT)).unwrap();
        assert_eq!(far.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut, "still open");
        clone.write_all(b"x").unwrap();
        drop(clone);
        let mut text = String::new();
        far.read_to_string(&mut text).unwrap();
        assert_eq!(text, "x");
    });
}

#[test]
fn a_descriptor_given_away_stays_open_and_waits_again_so_07() {
    everywhere(|_| {
        let (near, mut far) = pair();
        let number = near.as_raw_fd();
        let fd = OwnedFd::from(near);
        assert_eq!(fd.as_raw_fd(), number);
        let mut std_stream = std::net::TcpStream::from(fd);
        // A thread, because std's read stops this one with all its tasks.
        let writer = std::thread::spawn(move || {
            osier::sleep(SHORT);
            far.write_all(b"x").unwrap();
        });
        // In non-blocking mode this would be WouldBlock.
        assert_eq!(std_stream.read(&mut [0; 8]).unwrap(), 1);
        writer.join().unwrap();
    });
}

#[test]
fn limits_and_mode_survive_the_way_to_std_and_back_so_07() {
    everywhere(|_| {
        let (near, mut far) = pair();
        near.set_read_timeout(Some(SHORT)).unwrap();
        let theirs = near.into_std().unwrap();
        assert_eq!(theirs.read_timeout().unwrap(), Some(SHORT));
        let mut ours = TcpStream::from_std(theirs).unwrap();
        assert_eq!(ours.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        ours.set_read_timeout(None).unwrap();
        ours.set_nonblocking(true).unwrap();
        let mut theirs = ours.into_std().unwrap();
        assert_eq!(theirs.read_timeout().unwrap(), None);
        assert_eq!(theirs.read(&mut [0]).unwrap_err().kind(), ErrorKind::WouldBlock);
        let mut ours = TcpStream::from_std(theirs).unwrap();
        far.write_all(b"x").unwrap();
        assert_eq!(ours.read(&mut [0]).unwrap(), 1);
    });
}

#[test]
fn a_clone_gone_to_std_does_not_make_the_other_block_so_07() {
    everywhere(|_| {
        let (near, mut far) = pair();
        // The open file is in blocking mode from here on, and both descriptors with it.
        let theirs = near.try_clone().unwrap().into_std().unwrap();
        let mut ours = near;
        ours.set_read_timeout(Some(SHORT)).unwrap();
        assert_eq!(ours.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        let mut bufs = [0; 2];
        let result = ours.read_vectored(&mut [IoSliceMut::new(&mut bufs)]);
        assert_eq!(result.unwrap_err().kind(), ErrorKind::TimedOut);
        far.write_all(b"x").unwrap();
        assert_eq!(ours.read(&mut [0]).unwrap(), 1);
        drop(theirs);
    });
}

#[test]
fn a_unix_socket_in_a_tcp_stream_loses_nothing_so_07() {
    everywhere(|_| {
        let (a, b) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut ours = TcpStream::from(OwnedFd::from(a));
        (&b).write_all(b"ab").unwrap();
        let mut buf = [0; 8];
        assert_eq!(ours.read(&mut buf).unwrap(), 2);
        (&b).write_all(b"c").unwrap();
        assert_eq!(ours.read(&mut buf).unwrap(), 1);
        assert!(ours.peer_addr().is_err());
    });
}

#[test]
fn what_is_no_socket_fails_in_every_call_so_07() {
    everywhere(|_| {
        let file = std::fs::File::open("/dev/null").unwrap();
        let mut stream = TcpStream::from(OwnedFd::from(file));
        assert!(stream.read(&mut [0]).is_err());
        assert!(stream.write(&[0]).is_err());
        assert!(stream.as_fd().as_raw_fd() > 0);
    });
}
