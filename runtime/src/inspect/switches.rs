//! Whether a piece of code lets others run, as an assertion.

use std::time::Duration;

use crate::hub::{Hub, expect_hub, hub};
use crate::task::TaskId;

/// Ends the measure, however the code ends.
struct Measured(TaskId);

impl Drop for Measured {
    fn drop(&mut self) {
        hub(|hub| hub.and_then(|hub| hub.stop_probe(self.0)));
    }
}

/// Calls `f` and panics unless it lets other tasks run.
///
/// With a limit, also if it runs longer than that, by the system's clock, without letting them. For tests of code that
/// is not to hold the hub up; see [`watch`](super::watch()) for a program at work.
///
/// # Panics
/// When `f` does not switch tasks, or not often enough; outside of a task.
///
/// # Blocking
/// As `f`. Meanwhile a switch costs some 100 ns more.
///
/// ```
/// use std::time::Duration;
/// use osier::inspect::assert_switches;
///
/// osier::run(|| {
///     assert_switches(None, || osier::sleep(Duration::from_millis(1)));
///     assert_switches(Duration::from_secs(1), osier::yield_now);
/// });
/// ```
#[track_caller]
pub fn assert_switches<R>(longest: impl Into<Option<Duration>>, f: impl FnOnce() -> R) -> R {
    let longest = longest.into();
    let me = crate::spawn::current().id();
    expect_hub("switches were asserted", |hub| hub.start_probe(me));
    let measured = Measured(me);
    let result = f();
    let probe = expect_hub("switches were asserted", |hub: &Hub| hub.stop_probe(me));
    std::mem::forget(measured);
    let probe = probe.expect("the run is the same, as a task does not leave it");
    assert!(probe.switches > 0, "no other task could run: there was no wait in it");
    if let Some(limit) = longest {
        let held = probe.longest;
        assert!(held <= limit, "no other task could run for {held:.1?}; the limit is {limit:.1?}");
    }
    result
}
