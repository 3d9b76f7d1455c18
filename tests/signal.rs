//! Signals that tasks wait for. Each test has one of its own, as a signal is the whole process'.

mod support;

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use osier::signal::{self, Signal, Signals};
use osier::{Waitable, iwait, spawn, timeout, yield_now};
use rustix::process::{getpid, kill_process};
use support::{SHORT, Turns};

fn raise(signal: Signal) {
    let known = [
        rustix::process::Signal::USR1,
        rustix::process::Signal::USR2,
        rustix::process::Signal::HUP,
        rustix::process::Signal::WINCH,
        rustix::process::Signal::CONT,
        rustix::process::Signal::ALARM,
        rustix::process::Signal::CHILD,
        rustix::process::Signal::INT,
        rustix::process::Signal::QUIT,
        rustix::process::Signal::TSTP,
    ];
    let known = known.into_iter().find(|known| known.as_raw() == signal.number());
    kill_process(getpid(), known.expect("one of these")).expect("it is our own");
}

#[test]
fn each_who_waits_is_told() {
    osier::run(|| {
        let turns = Turns::new();
        let waiters: Vec<_> = (0..3).map(|_| spawn(|| signal::wait([Signal::USR2]))).collect();
        while turns.count() < 5 {
            yield_now();
        }
        assert!(waiters.iter().all(|waiter| !waiter.is_finished()));
        raise(Signal::USR2);
        for waiter in waiters {
            assert_eq!(waiter.join().unwrap().unwrap(), Signal::USR2);
        }
    });
}

#[test]
fn what_came_before_the_wait_is_not_lost() {
    osier::run(|| {
        let signals = Signals::new([Signal::HUP, Signal::HUP]).unwrap();
        assert_eq!(signals.try_wait(), None);
        assert!(!signals.is_ready());
        raise(Signal::HUP);
        // Any OS thread of the process may be the one that is interrupted, now or in a moment.
        while !signals.is_ready() {
            yield_now();
        }
        assert_eq!(signals.try_wait(), Some(Signal::HUP));
        raise(Signal::HUP);
        assert_eq!(signals.wait().unwrap(), Signal::HUP);
        let late = signals.wait_timeout(Duration::from_millis(1)).unwrap_err();
        assert_eq!(late.kind(), ErrorKind::TimedOut);
    });
}

#[test]
fn a_handler_runs_in_a_task_each_time_and_survives_a_panic() {
    osier::run(|| {
        let seen = Rc::new(RefCell::new(Vec::new()));
        let noted = seen.clone();
        let handler = signal::on([Signal::WINCH], move |signal| {
            noted.borrow_mut().push(signal);
            assert!(noted.borrow().len() != 1, "the first one fails");
            osier::sleep(SHORT); // it may wait
            noted.borrow_mut().push(signal);
        });
        let handler = handler.unwrap();
        for count in [1, 3] {
            raise(Signal::WINCH);
            while seen.borrow().len() < count {
                yield_now();
            }
        }
        drop(handler);
        yield_now();
        raise(Signal::WINCH); // for nobody
        osier::sleep(SHORT);
        assert_eq!(seen.borrow().len(), 3);
    });
}

#[test]
fn what_cannot_be_caught_is_an_error() {
    for number in [9, 19] {
        let signal = Signal::new(number).unwrap();
        let error = Signals::new([Signal::CONT, signal]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput, "{signal}");
    }
    assert_eq!((Signal::new(0), Signal::new(65), Signal::new(-1)), (None, None, None));
    // And the one that could is let go again: by default it goes on, which is nothing.
    raise(Signal::CONT);
}

#[test]
fn a_second_task_on_the_same_is_told_to_make_its_own() {
    osier::run(|| {
        let signals = Rc::new(Signals::new([Signal::ALRM]).unwrap());
        let theirs = signals.clone();
        let first = spawn(move || theirs.wait());
        yield_now();
        assert_eq!(signals.wait().unwrap_err().kind(), ErrorKind::ResourceBusy);
        raise(Signal::ALRM);
        assert_eq!(first.join().unwrap().unwrap(), Signal::ALRM);
    });
}

#[test]
fn it_is_one_of_several_things_to_wait_for() {
    osier::run(|| {
        let signals = Signals::new([Signal::CHLD]).unwrap();
        let slow = spawn(|| osier::sleep(Duration::from_secs(60)));
        spawn(|| raise(Signal::CHLD));
        let things: [&dyn Waitable; 2] = [&slow, &signals];
        assert_eq!(iwait(things).next().map(|(place, _)| place), Some(1));
        assert_eq!(signals.try_wait(), Some(Signal::CHLD));
        slow.kill();
    });
}

#[test]
fn a_plain_thread_waits_too_and_a_run_that_waits_is_no_deadlock() {
    let signals = Signals::new([Signal::INT]).unwrap();
    let (say, said) = mpsc::channel();
    let other = thread::spawn(move || {
        osier::run(|| {
            let begun = spawn(signal::ctrl_c);
            yield_now();
            say.send(()).unwrap();
            begun.join().unwrap()
        })
    });
    said.iter().next().unwrap();
    raise(Signal::INT);
    assert_eq!(signals.wait().unwrap(), Signal::INT);
    other.join().unwrap().unwrap();
}

#[test]
fn a_wait_that_is_cut_short_lets_go() {
    osier::run(|| {
        let fds = || std::fs::read_dir("/proc/self/fd").unwrap().count();
        drop(Signals::new([Signal::TSTP]).unwrap()); // letterboxes are kept
        let before = fds();
        for _ in 0..50 {
            assert!(timeout(Duration::ZERO, || signal::wait([Signal::TSTP])).is_err());
        }
        // Other tests wait at the same time, so not to the last one.
        assert!(fds() < before + 40, "{} from {before}", fds());
    });
}

#[test]
fn they_have_names() {
    let all =
        [Signal::HUP, Signal::QUIT, Signal::PIPE, Signal::TERM].map(|signal| signal.to_string());
    assert_eq!(all, ["SIGHUP", "SIGQUIT", "SIGPIPE", "SIGTERM"]);
    assert_eq!(Signal::new(40).unwrap().to_string(), "signal 40");
}
