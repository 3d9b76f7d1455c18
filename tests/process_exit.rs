//! What is called at the end of a process, and what is dropped there.

#[path = "support/alone.rs"]
mod alone;

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::Duration;

use alone::tests;
use osier::process::{AtExit, ExitStatus, Passed, Process, at_exit, exit, functions};

functions! {
    fn finalizes(say: Passed<UnixStream>) { finalize(say.0) }
}

/// How a body ends.
type End = fn() -> i32;

/// Says something when it goes.
struct Says(UnixStream, &'static str);

impl Drop for Says {
    fn drop(&mut self) {
        say(&self.0, self.1);
    }
}

fn say(mut to: &UnixStream, what: &str) {
    to.write_all(what.as_bytes()).unwrap();
}

/// Has that said at the end.
fn later(to: &UnixStream, priority: i32, what: &'static str) -> AtExit {
    let to = to.try_clone().unwrap();
    at_exit(priority, move || say(&to, what))
}

/// What children say on the other end, to the end, and how the process ended.
fn said(f: impl FnOnce(UnixStream) -> Process) -> (String, ExitStatus) {
    let (mut near, far) = UnixStream::pair().unwrap();
    let status = f(far).join();
    let mut text = String::new();
    near.read_to_string(&mut text).unwrap();
    (text, status)
}

fn finalize(to: UnixStream) {
    later(&to, 0, "c"); // whose handle goes, and which is called all the same
    later(&to, 0, "b"); // of equal ones the last first
    later(&to, -1, "d");
    let called = later(&to, 5, "now ");
    let cancelled = later(&to, 9, "never");
    later(&to, 1, "a");
    assert!(called.is_pending() && called.call() && !called.is_pending());
    assert!(!called.call() && !called.cancel(), "it is called once");
    assert!(cancelled.cancel() && !cancelled.cancel() && !cancelled.call());
    let body = Says(to.try_clone().unwrap(), "body ");
    at_exit(2, move || {
        later(&to, 7, "A"); // one that comes meanwhile is called in its turn
    });
    drop(body);
}

tests! {
    #[test]
    fn by_priority_then_the_last_first_each_once_and_none_that_was_cancelled_pr_21b() {
        osier::run(|| {
            let forked = said(|far| Process::fork(move || finalize(far)).unwrap());
            assert_eq!(forked, ("now body Aabcd".to_string(), ExitStatus::Code(0)));
            let anew = said(|far| Process::spawn(finalizes, (Passed(far),)).unwrap());
            assert_eq!(anew, forked);
        });
    }

    #[test]
    fn what_is_cancelled_or_called_is_dropped_at_once_pr_21b() {
        let (mut near, far) = UnixStream::pair().unwrap();
        let captured = Says(far.try_clone().unwrap(), "dropped ");
        assert!(at_exit(0, move || drop(captured)).cancel());
        let captured = Says(far.try_clone().unwrap(), "dropped ");
        assert!(at_exit(0, move || say(&captured.0, "called ")).call());
        drop(far);
        let mut text = String::new();
        near.read_to_string(&mut text).unwrap();
        assert_eq!(text, "dropped called dropped ");
    }

    #[test]
    fn a_copy_calls_nothing_that_its_parent_has_registered_pr_21b() {
        osier::run(|| {
            let parent = |far: UnixStream| Process::fork(move || {
                let parents = later(&far, 0, "parent");
                let copy = Process::fork(move || {
                    assert!(!parents.is_pending() && !parents.call() && !parents.cancel());
                    assert!(later(&far, 0, "copy ").is_pending());
                });
                assert!(copy.unwrap().join().is_success());
            });
            let (text, status) = said(|far| parent(far).unwrap());
            assert_eq!((text.as_str(), status), ("copy parent", ExitStatus::Code(0)));
        });
    }

    #[test]
    fn values_of_a_body_go_before_hooks_are_called_and_an_exit_drops_nothing_pr_21b() {
        let ends: [(End, &str, i32); 3] = [
            (|| 3, "captured local captured hook daemon ", 3),
            (|| panic!("on purpose"), "captured local captured daemon hook ", 1),
            (|| exit(4), "captured hook ", 4),
        ];
        osier::run(|| {
            for (end, want, code) in ends {
                let (text, status) = said(|far| {
                    // Twice: the copy here goes at the start.
                    let captured = Says(far.try_clone().unwrap(), "captured ");
                    Process::fork(move || {
                        later(&far, 0, "hook ");
                        let held = Says(far.try_clone().unwrap(), "daemon ");
                        let waits = move || {
                            let _held = held;
                            osier::sleep(Duration::from_secs(3600));
                        };
                        osier::Builder::new().daemon(true).spawn(waits).unwrap();
                        osier::yield_now();
                        let _captured = &captured;
                        let _local = Says(far.try_clone().unwrap(), "local ");
                        end()
                    }).unwrap()
                });
                assert_eq!((text.as_str(), status), (want, ExitStatus::Code(code)));
            }
        });
    }
}
