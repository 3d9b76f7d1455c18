//! What a forked child has copies of: hubs, handles of tasks, the registrations of sockets. It acts on none of them.

#[path = "support/alone.rs"]
mod alone;
#[path = "support/kills.rs"]
mod kills;

use std::cell::{Cell, RefCell};
use std::fs;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use alone::tests;
use kills::PATIENCE;
use osier::Hub;
use osier::io::{Got, Source};
use osier::process::Process;

/// A socket that a task waits on, and its other end.
fn socket() -> (Rc<Source<UnixStream>>, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    near.set_nonblocking(true).unwrap();
    let near = Source::new(near);
    near.share();
    (Rc::new(near), far)
}

/// Waits for a byte.
fn read(near: &Source<UnixStream>) -> std::io::Result<usize> {
    let mut byte = [0];
    near.read(osier::clock::deadline(PATIENCE), |mut near: &UnixStream| {
        near.read(&mut byte).map(|value| Got { value, drained: false })
    })
}

/// Whether an epoll of this process watches that number.
fn is_watched(number: i32) -> bool {
    let all = fs::read_dir("/proc/self/fdinfo").unwrap();
    let texts = all.flatten().filter_map(|entry| fs::read_to_string(entry.path()).ok());
    let watches = |text: String| {
        let mut watched = text.lines().filter_map(|line| line.strip_prefix("tfd:"));
        watched.any(|rest| rest.split_whitespace().next() == Some(&number.to_string()))
    };
    texts.into_iter().any(watches)
}

/// The text of a panic.
fn text_of(f: impl FnOnce()) -> String {
    let payload = catch_unwind(AssertUnwindSafe(f)).expect_err("it is to panic");
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(ToString::to_string)).expect("a text")
}

const NOT_OURS: &str = "not of this process, but of the one that it was forked from";

tests! {
    #[test]
    fn a_child_has_no_copy_of_its_parents_epoll_c_01() {
        osier::run(|| {
            let (near, mut far) = socket();
            let reader = osier::spawn({
                let near = near.clone();
                move || read(&near)
            });
            osier::yield_now(); // it waits: the socket is registered
            let number = near.get_ref().as_raw_fd();
            assert!(is_watched(number));
            let process = Process::fork(move || assert!(!is_watched(number)));
            assert!(process.unwrap().join().is_success());
            far.write_all(b"x").unwrap();
            assert_eq!(reader.join().unwrap().unwrap(), 1);
        });
    }

    #[test]
    fn a_hub_of_the_parent_is_refused_and_keeps_its_events_c_01() {
        let hub = Rc::new(Hub::new().unwrap());
        let (near, mut far) = socket();
        let step = |far: &mut UnixStream| {
            hub.run(|| {
                let near = near.clone();
                let reader = osier::spawn(move || read(&near));
                osier::yield_now();
                far.write_all(b"x").unwrap();
                assert_eq!(reader.join().unwrap().unwrap(), 1);
            });
        };
        step(&mut far);
        let sources = Rc::new(RefCell::new(Some(near.clone())));
        let (theirs, copy) = (hub.clone(), sources.clone());
        let process = Process::fork(move || {
            let text = text_of(|| theirs.run(|| drop(copy.take())));
            assert!(text.contains(NOT_OURS), "{text}");
            copy.borrow().iter().for_each(|near| near.wake());
            drop(copy.take());
        });
        assert!(process.unwrap().join().is_success());
        step(&mut far);
    }

    #[test]
    fn what_waits_in_a_hub_of_the_parent_is_not_dropped_in_a_child_c_01() {
        struct Loud(UnixStream);
        impl Drop for Loud {
            fn drop(&mut self) {
                let _ = (&self.0).write_all(&std::process::id().to_le_bytes());
            }
        }
        let (mut near, far) = UnixStream::pair().unwrap();
        let hub = Rc::new(Cell::new(Some(Hub::new().unwrap())));
        let (ours, loud) = (hub.take().unwrap(), Loud(far));
        let _call = ours.handle().spawn(move || drop(loud));
        hub.set(Some(ours));
        let copy = hub.clone();
        let process = Process::fork(move || drop(copy.take()));
        assert!(process.unwrap().join().is_success());
        drop(hub.take());
        let mut said = Vec::new();
        near.read_to_end(&mut said).unwrap();
        assert_eq!(said, std::process::id().to_le_bytes(), "once, and here");
    }

    #[test]
    fn tasks_of_the_parent_are_not_joined_nor_killed_in_a_child_c_01() {
        osier::run(|| {
            let done = osier::spawn(|| 6);
            let task = Rc::new(osier::spawn(|| { osier::sleep(Duration::from_millis(30)); 7 }));
            osier::yield_now();
            let (copy, done) = (task.clone(), Rc::new(done));
            let copy_done = done.clone();
            let process = Process::fork(move || {
                assert_eq!(copy_done.value(), Some(&6)); // that is known here
                copy_done.wait();
                copy.kill(); // to no avail
                let text = text_of(|| copy.wait());
                assert!(text.contains(NOT_OURS), "{text}");
                let text = text_of(|| assert!(copy.join_timeout(Duration::from_millis(1)).is_none()));
                assert!(text.contains(NOT_OURS), "{text}");
            });
            assert!(process.unwrap().join().is_success());
            task.wait();
            assert_eq!(task.value(), Some(&7));
        });
    }

    #[test]
    fn a_handle_of_the_parents_hub_says_that_it_is_none_in_a_child_c_01() {
        osier::run(|| {
            let handle = osier::handle();
            let begun = RefCell::new(Some(handle.spawn(|| osier::sleep(Duration::from_millis(30)))));
            osier::yield_now();
            let begun = Rc::new(begun);
            let (theirs, copy) = (handle.clone(), begun.clone());
            let process = Process::fork(move || {
                let error = theirs.spawn(|| 1).join().unwrap_err();
                assert!(error.to_string().contains(NOT_OURS), "{error}");
                let begun = copy.take().unwrap();
                begun.kill(); // to no avail
                let error = begun.join().unwrap_err();
                assert!(error.to_string().contains(NOT_OURS), "{error}");
            });
            assert!(process.unwrap().join().is_success());
            begun.take().unwrap().join().unwrap();
            assert_eq!(handle.spawn(|| 1).join().unwrap(), 1);
        });
    }
}
