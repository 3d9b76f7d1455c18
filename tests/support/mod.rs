//! What several test files say: child processes, the log, what the process holds, tasks and greenlets to look at.
#![allow(dead_code, unused_imports, reason = "each test file uses a part of it")]

mod child;
mod greenlets;
mod log;
mod process;
mod turns;

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

pub(crate) use child::in_child;
pub(crate) use greenlets::{endless, up};
pub(crate) use log::{logged, make_the_log_panic, somebody_logged};
pub(crate) use process::{open_fds, os_threads, rss_kib};
pub(crate) use turns::Turns;

/// Longer than any test: who waits for that waits for something else.
pub(crate) const FOREVER: Duration = Duration::from_secs(3600);
/// Long enough for a timer to be told from none.
pub(crate) const SHORT: Duration = Duration::from_millis(5);

/// Calls a closure when it goes.
pub(crate) struct OnDrop<F: FnOnce()>(Option<F>);

impl<F: FnOnce()> OnDrop<F> {
    pub(crate) fn new(f: F) -> OnDrop<F> {
        OnDrop(Some(f))
    }
}

impl<F: FnOnce()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        if let Some(f) = self.0.take() {
            f();
        }
    }
}

/// Parks until somebody kills the task; it has no waker.
pub(crate) fn wait_for_nobody() {
    osier::deliver(osier::park(osier::Reason::new("waiting for nobody"), None, || {}));
}

/// Calls `f` and swallows whatever it unwinds with.
pub(crate) fn swallow(f: impl FnOnce()) -> bool {
    catch_unwind(AssertUnwindSafe(f)).is_err()
}

/// What `f` panics with.
pub(crate) fn payload_of<T>(f: impl FnOnce() -> T) -> Box<dyn Any + Send> {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it was to panic"),
        Err(payload) => payload,
    }
}

/// The text that `f` panics with.
pub(crate) fn text_of<T>(f: impl FnOnce() -> T) -> String {
    let payload = payload_of(f);
    let text = payload.downcast_ref::<String>().cloned();
    text.or_else(|| payload.downcast_ref::<&str>().map(|text| text.to_string()))
        .expect("a panic with a text")
}

/// A run by a virtual clock, in the order that is promised.
pub(crate) fn virtually<T>(f: impl FnOnce() -> T) -> T {
    osier::testing::Config::new().shuffled(false).run(f)
}

/// Keeps the OS thread busy: no other task runs.
pub(crate) fn spin(length: Duration) {
    let began = osier::clock::now();
    while began.elapsed() < length {
        std::hint::spin_loop();
    }
}
