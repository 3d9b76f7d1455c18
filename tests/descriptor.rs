//! Descriptors and handles that cannot be: refused where they are made, or by the compiler.

mod support;

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use osier::io::{Got, Source};
use osier::{sleep, spawn, yield_now};
use support::text_of;

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
