//! Descriptors and handles that cannot be: refused where they are made, or by the compiler.

mod support;

use std::fs::{self, File};
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;

use osier::io::{Got, Source};
use osier::{sleep, spawn, yield_now};
use support::{FOREVER, SHORT, in_child, spin, text_of};

fn pair() -> (Source<UnixStream>, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    (Source::new(near), far)
}

#[test]
fn what_cannot_be_polled_is_an_error_where_it_is_waited_for_hu_11() {
    osier::run(|| {
        let file = File::open("/proc/self/exe").unwrap();
        let source = Source::new(file);
        let would_block =
            |_: &File| -> std::io::Result<Got<()>> { Err(ErrorKind::WouldBlock.into()) };
        let error = source.read(None, would_block).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PermissionDenied, "what epoll says of a file");
        sleep(Duration::from_millis(1)); // the hub goes on
    });
}

#[test]
fn a_pool_of_no_threads_is_refused_where_it_is_made_hu_11() {
    assert!(text_of(|| osier::thread::Pool::new("none", 0)).contains("a pool of no threads"));
}

#[test]
fn a_peer_that_closes_wakes_whoever_waits_hu_13() {
    osier::run(|| {
        let (near, far) = pair();
        let reader = spawn(move || {
            near.read(None, |mut near| {
                near.read(&mut [0; 8]).map(|value| Got { value, drained: false })
            })
        });
        yield_now();
        drop(far);
        assert_eq!(reader.join().unwrap().unwrap(), 0, "the end");
    });
}

#[test]
fn a_socket_cannot_be_closed_under_whoever_waits_but_be_shut_down_hu_13() {
    osier::run(|| {
        let (near, _far) = pair();
        let near = std::rc::Rc::new(near);
        let waits = near.clone();
        let reader = spawn(move || waits.wait_readable(None));
        yield_now();
        near.get_ref().shutdown(std::net::Shutdown::Both).unwrap();
        near.wake();
        reader.join().unwrap().unwrap();
    });
}

/// Puts something else in the place of this process's only epoll.
#[expect(unsafe_code, reason = "only so can a descriptor be closed that is somebody else's")]
fn break_the_epoll() {
    let is_epoll = |entry: &fs::DirEntry| {
        fs::read_link(entry.path()).is_ok_and(|at| at.as_os_str() == "anon_inode:[eventpoll]")
    };
    let entries = fs::read_dir("/proc/self/fd").unwrap().map(Result::unwrap);
    let epolls: Vec<_> = entries.filter(is_epoll).collect();
    assert!(!epolls.is_empty());
    for epoll in epolls {
        let number = epoll.file_name().to_str().unwrap().parse().unwrap();
        // SAFETY: whatever owned it still has a descriptor of that number afterwards.
        let mut epoll = unsafe { OwnedFd::from_raw_fd(number) };
        rustix::io::dup2(File::open("/dev/null").unwrap(), &mut epoll).unwrap();
        assert_eq!(epoll.into_raw_fd(), number);
    }
}

#[test]
fn a_hub_whose_epoll_is_closed_goes_on_by_other_means_hu_13() {
    let child = in_child("a_hub_whose_epoll_is_closed_goes_on_by_other_means_hu_13", || {
        let lines = support::logged(|| {
            osier::run(|| {
                let (near, mut far) = pair();
                let reader = spawn(move || {
                    near.wait_readable(None).unwrap();
                    let until = osier::clock::deadline(SHORT);
                    near.read(None, |mut near| {
                        near.read(&mut [0; 8]).map(|value| Got { value, drained: false })
                    })
                    .unwrap();
                    near.wait_readable(until).unwrap_err().kind()
                });
                yield_now();
                break_the_epoll();
                let writer = thread::spawn(move || {
                    spin(SHORT);
                    far.write_all(&[7]).unwrap();
                    far
                });
                sleep(SHORT);
                assert_eq!(reader.join().unwrap(), ErrorKind::TimedOut);
                assert!(osier::timeout(SHORT, || sleep(FOREVER)).is_err());
                assert_eq!(osier::thread::offload(|| 7), 7);
                assert!(writer.join().unwrap().as_raw_fd() > 0);
            });
        });
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("the hub cannot poll its descriptors any more"), "{lines:?}");
    });
    assert!(child.status.success(), "{}", String::from_utf8_lossy(&child.stderr));
}
