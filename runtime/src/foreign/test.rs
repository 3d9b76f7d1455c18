use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::time::Duration;

use super::{Met, give_way, in_task, may_wait, shut, sleep, wait};
use crate::{clock, join_all, no_switch, run, spawn, timeout, yield_now};

const SHORT: Duration = Duration::from_millis(5);
const IN: u32 = libc::EPOLLIN as u32;
const OUT: u32 = libc::EPOLLOUT as u32;

fn pair() -> (UnixStream, UnixStream) {
    UnixStream::pair().expect("two sockets")
}

fn to_read(fd: RawFd) -> Met {
    wait(&[(fd, IN)], None)
}

fn here() -> usize {
    let mark = 0_u8;
    std::hint::black_box(&raw const mark) as usize
}

#[test]
fn two_readers_and_a_writer_wait_for_one_descriptor() {
    run(|| {
        let (near, mut far) = pair();
        near.set_nonblocking(true).expect("a socket");
        while (&near).write(&[0; 65536]).is_ok() {}
        let fd = near.as_raw_fd();
        let writer = spawn(move || wait(&[(fd, OUT)], None));
        let readers: Vec<_> = (0..2).map(|_| spawn(move || to_read(fd))).collect();
        yield_now();
        far.write_all(b"x").expect("room");
        for met in join_all(readers) {
            assert_eq!(met.expect("no panic"), Met::Ready);
        }
        assert!(!writer.is_finished());
        let mut heap = vec![0; 1 << 20];
        far.set_nonblocking(true).expect("a socket");
        while std::io::Read::read(&mut far, &mut heap).is_ok() {}
        assert_eq!(writer.join().expect("no panic"), Met::Ready);
    });
}

#[test]
fn what_is_ready_already_and_what_comes_again_is_seen() {
    run(|| {
        let (near, mut far) = pair();
        for _ in 0..3 {
            far.write_all(b"x").expect("room");
            assert_eq!(to_read(near.as_raw_fd()), Met::Ready);
            let over = wait(&[(far.as_raw_fd(), IN)], clock::deadline(SHORT));
            assert_eq!(over, Met::TimedOut);
        }
    });
}

#[test]
fn a_number_that_is_another_file_by_now_is_waited_for_anew() {
    run(|| {
        let (near, _far) = pair();
        let fd = near.as_raw_fd();
        assert_eq!(wait(&[(fd, IN)], clock::deadline(SHORT)), Met::TimedOut);
        let twin = near.try_clone().expect("a number more"); // keeps what the kernel knows
        drop(near);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let other = rustix::io::dup(&listener).expect("a number more");
        assert_eq!(other.as_raw_fd().min(listener.as_raw_fd()), fd, "the lowest that is free");
        let _client = TcpStream::connect(listener.local_addr().unwrap()).expect("a listener");
        assert_eq!(to_read(fd), Met::Ready);
        drop(twin);
    });
}

#[test]
fn who_waits_for_what_is_closed_is_told() {
    run(|| {
        let (near, far) = pair();
        let (fd, other) = (near.as_raw_fd(), far.as_raw_fd());
        let one = spawn(move || to_read(fd));
        let both = spawn(move || wait(&[(other, IN), (fd, IN)], None));
        yield_now();
        shut(fd..=fd);
        drop(near);
        assert_eq!(one.join().expect("no panic"), Met::Gone);
        assert_eq!(both.join().expect("no panic"), Met::Gone);
    });
}

#[test]
fn a_close_on_another_thread_is_seen() {
    run(|| {
        let (near, _far) = pair();
        let fd = near.as_raw_fd();
        let one = spawn(move || to_read(fd));
        yield_now();
        let closer = std::thread::spawn(move || {
            shut(fd..=fd);
            drop(near);
        });
        assert_eq!(one.join().expect("no panic"), Met::Gone);
        closer.join().expect("no panic");
    });
}

#[test]
fn a_close_that_is_heard_of_late_is_not_of_what_has_the_number_now() {
    run(|| {
        let (near, mut far) = pair();
        let fd = near.as_raw_fd();
        let one = spawn(move || to_read(fd));
        yield_now();
        // Its word waits in the inbox: nobody here looks up before the join of the task.
        std::thread::spawn(move || shut(fd..=fd)).join().expect("no panic");
        one.kill();
        let other = spawn(move || {
            yield_now();
            to_read(fd)
        });
        far.write_all(b"").expect("nothing");
        let writer = spawn(move || {
            sleep(clock::deadline(SHORT));
            far.write_all(b"x").expect("room");
            far
        });
        assert_ne!(one.join().ok(), Some(Met::Ready));
        assert_eq!(other.join().expect("no panic"), Met::Ready);
        drop(writer.join());
        drop(near);
    });
}

#[test]
fn what_was_closed_unseen_shows_by_and_by() {
    run(|| {
        let (near, _far) = pair();
        let fd = near.as_raw_fd();
        let one = spawn(move || to_read(fd));
        yield_now();
        let twin = near.try_clone().expect("a number more");
        drop(near); // nothing says so
        assert_eq!(one.join().expect("no panic"), Met::Gone);
        drop(twin);
    });
}

#[test]
fn what_comes_after_a_look_is_told() {
    run(|| {
        let (near, mut far) = pair();
        let fd = near.as_raw_fd();
        let reader = spawn(move || to_read(fd));
        // Looked at after 10 ms.
        crate::sleep(Duration::from_millis(15));
        far.write_all(b"x").expect("room");
        let met = reader.join_timeout(Duration::from_secs(5)).map(|met| met.copied());
        assert_eq!(met.expect("it is told").expect("no panic"), Met::Ready);
    });
}

#[test]
fn a_kill_is_told_and_stays_in_store() {
    run(|| {
        let (near, _far) = pair();
        let near = Rc::new(near);
        let fd = near.as_raw_fd();
        let seen = Rc::new(std::cell::Cell::new(0));
        let told = seen.clone();
        let task = spawn(move || {
            assert_eq!(to_read(fd), Met::Cancelled);
            assert_eq!(to_read(fd), Met::Cancelled);
            assert_eq!(sleep(clock::deadline(SHORT)), Met::TimedOut, "it was due before");
            give_way();
            told.set(1);
            crate::sleep(SHORT);
            told.set(2);
        });
        yield_now();
        task.kill();
        assert!(task.join().expect_err("it was killed").is_killed());
        assert_eq!(seen.get(), 1);
        let limit = timeout(SHORT, || {
            assert_eq!(to_read(fd), Met::Cancelled);
            crate::sleep(SHORT);
        });
        assert!(limit.is_err());
        assert_eq!(timeout(SHORT, || sleep(None)), Ok(Met::Cancelled));
    });
}

#[test]
fn who_never_takes_a_kill_keeps_nobody_from_running_nor_the_run_from_its_end() {
    let began = clock::now();
    let turns = Rc::new(std::cell::Cell::new(0));
    let count = turns.clone();
    run(move || {
        let (near, far) = pair();
        let deaf = crate::Builder::new().daemon(true).spawn(move || {
            let _far = &far;
            loop {
                let _ = wait(&[(near.as_raw_fd(), IN)], None);
            }
        });
        let naps = || loop {
            sleep(clock::deadline(SHORT));
        };
        let sleeper = crate::Builder::new().daemon(true).spawn(naps);
        yield_now();
        deaf.expect("a stack").kill();
        sleeper.expect("a stack").kill();
        for _ in 0..3 {
            yield_now();
            count.set(count.get() + 1);
        }
    });
    assert_eq!(turns.get(), 3);
    assert!(clock::now() - began < Duration::from_secs(5), "as for those under a shield");
}

#[test]
fn a_task_may_wait_on_a_stack_of_ours() {
    assert!(!in_task() && may_wait(here()).is_none());
    let outside = here();
    run(move || {
        assert!(in_task() && may_wait(here()).is_some());
        assert!(may_wait(outside).is_none());
        no_switch(|| assert!(may_wait(here()).is_none()));
        struct Unwinds;
        impl Drop for Unwinds {
            fn drop(&mut self) {
                assert!(may_wait(here()).is_none());
            }
        }
        let unwinds = spawn(|| {
            let _unwinds = Unwinds;
            crate::sleep(Duration::MAX);
        });
        yield_now();
        unwinds.kill();
        let _ = unwinds.join();
        let mut generator =
            crate::greenlet::generator(|y| y.yield_all([may_wait(here()).is_some()]));
        assert_eq!(generator.next(), Some(true));
    });
}
