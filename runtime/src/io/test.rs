use std::io::{ErrorKind, Read, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::thread;
use std::time::Duration;

use super::{Got, Source};
use crate::{clock, hub, run, sleep, spawn, timeout, yield_now};

const SHORT: Duration = Duration::from_millis(5);

#[test]
fn a_hub_whose_epoll_refuses_goes_on_by_other_means_hu_13() {
    run(|| {
        let (near, mut far) = UnixStream::pair().expect("two sockets");
        near.set_nonblocking(true).expect("a socket");
        let near = Source::new(near);
        let reader = spawn(move || {
            let read = |mut near: &UnixStream| {
                near.read(&mut [0; 8]).map(|value| Got { value, drained: false })
            };
            assert_eq!(near.read(None, read).expect("what was sent"), 1);
            near.wait_readable(clock::deadline(SHORT)).map_err(|error| error.kind())
        });
        yield_now(); // the reader waits
        hub::expect_hub("a test", |hub| hub.reactor.borrow_mut().sabotage());
        let writer = thread::spawn(move || {
            clock::sleep_in_kernel(SHORT);
            far.write_all(&[7]).expect("somebody reads");
            far
        });
        sleep(SHORT);
        assert_eq!(reader.join().expect("no panic"), Err(ErrorKind::TimedOut));
        assert!(timeout(SHORT, || sleep(Duration::MAX)).is_err());
        assert_eq!(crate::thread::offload(|| 7), 7);
        writer.join().expect("no panic");
    });
}

#[test]
fn a_reader_without_a_limit_holds_nobody_up_where_epoll_refuses_hu_13() {
    run(|| {
        let (near, mut far) = UnixStream::pair().expect("two sockets");
        near.set_nonblocking(true).expect("a socket");
        let near = Rc::new(Source::new(near));
        let waits = near.clone();
        let reader = spawn(move || waits.wait_readable(None));
        yield_now();
        hub::expect_hub("a test", |hub| hub.reactor.borrow_mut().sabotage());
        sleep(SHORT); // the reader has been sent to ask by itself
        assert!(!reader.is_finished());
        let other = near.clone();
        let killed =
            spawn(move || other.wait_writable(None).and_then(|()| other.wait_readable(None)));
        sleep(SHORT);
        killed.kill();
        assert!(killed.join().expect_err("it waits").is_killed());
        assert!(timeout(SHORT, || near.wait_readable(None)).is_err());
        far.write_all(&[7]).expect("room");
        reader.join().expect("no panic").expect("something to read");
    });
}
