//! Descriptors that go along with data, through Unix sockets of both kinds.
#![cfg(feature = "net")]

#[path = "support/child.rs"]
mod child;
mod place;

use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use osier::net::unix::{UnixDatagram, UnixStream};
use rustix::io::{FdFlags, fcntl_getfd};
use rustix::process::{Resource, Rlimit, setrlimit};

use child::in_child;
use place::everywhere;

/// A pipe's two ends: to be told by what comes through it.
fn pipe() -> (File, File) {
    let (read, write) = std::io::pipe().unwrap();
    (OwnedFd::from(read).into(), OwnedFd::from(write).into())
}

/// Whether what is written to the one can be read from the other.
fn is_one_pipe(mut read: File, mut write: File) -> bool {
    write.write_all(b"through").unwrap();
    drop(write);
    let mut text = String::new();
    read.read_to_string(&mut text).unwrap();
    text == "through"
}

#[test]
fn a_descriptor_comes_with_the_data_it_was_sent_with_so_01() {
    everywhere(|place| {
        let (near, far) = UnixStream::pair().unwrap();
        let (read, write) = pipe();
        let sender = place.beside(move || {
            (&near).write_all(b"before").unwrap();
            assert_eq!(near.send_with_fds(b"with", &[write.as_fd()]).unwrap(), 4);
            (&near).write_all(b"behind").unwrap();
        });
        let mut buf = [0; 64];
        let mut got = Vec::new();
        let mut fds = Vec::new();
        while got.len() < 16 {
            let received = far.recv_with_fds(&mut buf).unwrap();
            assert!(!received.is_truncated);
            got.extend_from_slice(&buf[..received.bytes]);
            fds.extend(received.fds);
        }
        assert_eq!(got, b"beforewithbehind");
        let [fd] = <[OwnedFd; 1]>::try_from(fds).unwrap();
        assert!(fcntl_getfd(&fd).unwrap().contains(FdFlags::CLOEXEC));
        sender.join();
        assert!(is_one_pipe(read, fd.into()));
    });
}

#[test]
fn data_behind_a_descriptor_is_seen_by_who_waits_so_01() {
    everywhere(|place| {
        let (near, mut far) = UnixStream::pair().unwrap();
        // Waits once, so that the reactor watches it from then on; then one edge for all that comes.
        far.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
        assert_eq!(far.read(&mut [0]).unwrap_err().kind(), ErrorKind::TimedOut);
        far.set_read_timeout(None).unwrap();
        let sender = place.beside(move || {
            let (read, _write) = pipe();
            near.send_with_fds(b"with", &[read.as_fd()]).unwrap();
            (&near).write_all(b"behind").unwrap();
            near
        });
        let _near = sender.join();
        let mut buf = [0; 10];
        // A read ends where the descriptor does, short of its buffer; it is closed.
        far.read_exact(&mut buf).unwrap();
        assert_eq!(&buf, b"withbehind");
    });
}

#[test]
fn a_message_brings_its_descriptors_so_01() {
    everywhere(|place| {
        let (near, far) = UnixDatagram::pair().unwrap();
        let receiver = place.beside(move || far.recv_with_fds(&mut [0; 8]).unwrap());
        let (read, write) = pipe();
        // An empty message is one, unlike an empty piece of a stream.
        near.send_with_fds(b"", &[read.as_fd(), write.as_fd()]).unwrap();
        drop((read, write));
        let received = receiver.join();
        assert_eq!((received.bytes, received.is_truncated), (0, false));
        let [read, write] = <[OwnedFd; 2]>::try_from(received.fds).unwrap();
        assert!(is_one_pipe(read.into(), write.into()));
    });
}

#[test]
fn what_would_lose_descriptors_is_refused_so_01() {
    everywhere(|_| {
        let (near, far) = UnixStream::pair().unwrap();
        let file = File::open("/dev/null").unwrap();
        let without_data = near.send_with_fds(b"", &[file.as_fd()]).unwrap_err();
        assert_eq!(without_data.kind(), ErrorKind::InvalidInput);
        let most: Vec<BorrowedFd<'_>> = vec![file.as_fd(); 253];
        near.send_with_fds(b"x", &most).unwrap();
        assert_eq!(far.recv_with_fds(&mut [0]).unwrap().fds.len(), 253);
        let too_many: Vec<BorrowedFd<'_>> = vec![file.as_fd(); 254];
        let refused = near.send_with_fds(b"x", &too_many).unwrap_err();
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        // None at all is plain data.
        near.send_with_fds(b"abc", &[]).unwrap();
        assert_eq!(far.recv_with_fds(&mut [0; 8]).unwrap().bytes, 3);
    });
}

#[test]
fn descriptors_that_do_not_fit_into_the_process_are_reported_so_01() {
    let test = "descriptors_that_do_not_fit_into_the_process_are_reported_so_01";
    let output = in_child(test, || {
        osier::run(|| {
            let (near, far) = UnixStream::pair().unwrap();
            let file = File::open("/dev/null").unwrap();
            near.send_with_fds(b"x", &[file.as_fd(), file.as_fd()]).unwrap();
            let few = Rlimit { current: Some(32), maximum: Some(32) };
            setrlimit(Resource::Nofile, few).unwrap();
            let mut all: Vec<File> = std::iter::from_fn(|| file.try_clone().ok()).collect();
            all.pop(); // room for one of the two
            let received = far.recv_with_fds(&mut [0; 8]).unwrap();
            println!("{} {} {}", received.bytes, received.fds.len(), received.is_truncated);
        });
    });
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(said.contains("1 1 true"), "{said}");
}
