//! Where a test runs: outside of any hub, where the kernel waits, or in a task, where the reactor
//! does. What sockets do is to be the same.

#![allow(dead_code, unused_imports, reason = "no test file uses all of it")]

mod loopback;

use std::thread;

pub(crate) use loopback::{pair, refusing};

/// One of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Thread,
    Task,
}

/// Runs a test in both places.
pub(crate) fn everywhere(test: impl Fn(Place)) {
    test(Place::Thread);
    osier::run(|| test(Place::Task));
}

impl Place {
    /// Runs `f` beside the caller: on a thread of its own, or in a task of the same thread.
    pub(crate) fn beside<T: Send + 'static>(
        self,
        f: impl FnOnce() -> T + Send + 'static,
    ) -> Beside<T> {
        match self {
            Place::Thread => Beside::Thread(thread::spawn(f)),
            Place::Task => Beside::Task(osier::spawn(f)),
        }
    }
}

/// What runs beside the test.
pub(crate) enum Beside<T> {
    Thread(thread::JoinHandle<T>),
    Task(osier::JoinHandle<T>),
}

impl<T> Beside<T> {
    /// Its result; a panic there is one here.
    pub(crate) fn join(self) -> T {
        match self {
            Beside::Thread(handle) => handle.join().unwrap(),
            Beside::Task(handle) => handle.join().unwrap(),
        }
    }
}
