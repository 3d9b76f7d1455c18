//! The resolver with a system that the test plays.

use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

use super::*;
use osier_runtime::clock;

/// A gate at which calls stand until it is opened.
struct Gate {
    open: Mutex<bool>,
    opened: Condvar,
    /// Calls that have come to the gate.
    calls: AtomicUsize,
}

impl Gate {
    const fn new() -> Self {
        Gate { open: Mutex::new(false), opened: Condvar::new(), calls: AtomicUsize::new(0) }
    }

    fn pass(&self) {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let open = self.open.lock().unwrap();
        drop(self.opened.wait_while(open, |open| !*open).unwrap());
    }

    fn open(&self) {
        *self.open.lock().unwrap() = true;
        self.opened.notify_all();
    }

    fn await_calls(&self, n: usize) {
        while self.calls.load(Ordering::SeqCst) < n {
            // The one who is to call may be a task of this thread, or on another.
            osier_runtime::yield_now();
            thread::yield_now();
        }
    }
}

/// A pool has no end, so each test leaves one behind.
fn pool(threads: usize) -> &'static Pool {
    Box::leak(Box::new(Pool::new("dns-test", threads)))
}

fn loopback() -> Vec<SocketAddr> {
    vec!["127.0.0.1:0".parse().unwrap()]
}

fn soon() -> Option<Instant> {
    clock::deadline(Duration::from_millis(10))
}

#[test]
fn equal_names_cost_one_call_c_06() {
    static GATE: Gate = Gate::new();
    let resolver = Resolver::new(pool(4), |_| {
        GATE.pass();
        Ok(loopback())
    });
    thread::scope(|s| {
        let askers: Vec<_> = (0..8).map(|_| s.spawn(|| resolver.resolve("one", None))).collect();
        GATE.await_calls(1);
        while lock(&resolver.inflight).waiting("one", |_| true) < 8 {
            thread::yield_now();
        }
        GATE.open();
        for asker in askers {
            assert_eq!(*asker.join().unwrap().unwrap(), *loopback());
        }
    });
    assert_eq!(GATE.calls.load(Ordering::SeqCst), 1);
}

#[test]
fn the_time_limit_fires_and_later_look_ups_work_dn_03() {
    static GATE: Gate = Gate::new();
    let resolver = Resolver::new(pool(1), |_| {
        GATE.pass();
        Ok(loopback())
    });
    let error = resolver.resolve("slow", soon()).unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::TimedOut);
    // The call goes on; whoever asks now gets its answer and causes no second one.
    thread::scope(|s| {
        let asker = s.spawn(|| resolver.resolve("slow", None));
        GATE.await_calls(1);
        GATE.open();
        assert_eq!(*asker.join().unwrap().unwrap(), *loopback());
    });
    assert_eq!(*resolver.resolve("slow", None).unwrap(), *loopback());
}

#[test]
fn a_name_that_all_have_given_up_on_is_not_looked_up() {
    static GATE: Gate = Gate::new();
    static UNWANTED: AtomicUsize = AtomicUsize::new(0);
    let resolver = Resolver::new(pool(1), |name| {
        if name == "unwanted" {
            UNWANTED.fetch_add(1, Ordering::SeqCst);
        }
        GATE.pass();
        Ok(loopback())
    });
    thread::scope(|s| {
        let holder = s.spawn(|| resolver.resolve("holds the only thread", None));
        GATE.await_calls(1);
        resolver.resolve("unwanted", soon()).unwrap_err();
        GATE.open();
        holder.join().unwrap().unwrap();
    });
    resolver.resolve("the next in line", None).unwrap();
    assert_eq!(UNWANTED.load(Ordering::SeqCst), 0);
}

#[test]
fn every_waiter_gets_the_error() {
    static GATE: Gate = Gate::new();
    let resolver = Resolver::new(pool(1), |_| {
        GATE.pass();
        Err(io::Error::new(io::ErrorKind::InvalidInput, "no such name"))
    });
    thread::scope(|s| {
        let askers: Vec<_> = (0..2).map(|_| s.spawn(|| resolver.resolve("x", None))).collect();
        while lock(&resolver.inflight).waiting("x", |_| true) < 2 {
            thread::yield_now();
        }
        GATE.open();
        for asker in askers {
            let error = asker.join().unwrap().unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
            assert_eq!(error.to_string(), "no such name");
        }
    });
}

#[test]
fn a_look_up_holds_up_no_other_task_dn_03() {
    static GATE: Gate = Gate::new();
    osier_runtime::run(|| {
        let resolver = Rc::new(Resolver::new(pool(1), |_| {
            GATE.pass();
            Ok(loopback())
        }));
        let asker = osier_runtime::spawn({
            let resolver = Rc::clone(&resolver);
            move || resolver.resolve("slow", None).unwrap()
        });
        GATE.await_calls(1);
        let error = resolver.resolve("slow", soon()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(!asker.is_finished());
        GATE.open();
        assert_eq!(*asker.join().unwrap(), *loopback());
    });
}

#[test]
fn an_asker_that_is_killed_leaves_nothing_behind_dn_03() {
    static GATE: Gate = Gate::new();
    osier_runtime::run(|| {
        let resolver = Rc::new(Resolver::new(pool(1), |_| {
            GATE.pass();
            Ok(loopback())
        }));
        let ask = |limit: Option<Duration>| {
            let resolver = Rc::clone(&resolver);
            move || osier_runtime::timeout(limit, || resolver.resolve("slow", None).unwrap())
        };
        let [killed, late, patient] = [None, Some(Duration::from_millis(5)), None]
            .map(|limit| osier_runtime::spawn(ask(limit)));
        GATE.await_calls(1);
        killed.kill();
        assert!(killed.join().unwrap_err().is_killed());
        assert!(late.join().unwrap().is_err());
        let alive = |seat: &Weak<Seat>| seat.strong_count() > 0;
        assert_eq!(lock(&resolver.inflight).waiting("slow", alive), 1);
        GATE.open();
        assert_eq!(*patient.join().unwrap().unwrap(), *loopback());
    });
}
