//! Sleeping.

use std::time::{Duration, Instant};

use crate::cancel::deliver;
use crate::clock;
use crate::hub::is_in_task;
use crate::park::{park, yield_now};
use crate::task::{Reason, Wake};

/// Suspends the task for at least that long.
///
/// Never ends early; it may end up to about a millisecond late, which is how finely the kernel's
/// poll is told to wait. Zero gives way once. Outside of a task, and in one that unwinds, it stops
/// the OS thread, as std's does.
///
/// # Blocking
/// Switches tasks.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let began = Instant::now();
/// osier::run(|| {
///     let nap = || osier::sleep(Duration::from_millis(10));
///     osier::join_all((0..1000).map(|_| osier::spawn(nap)));
/// });
/// assert!(began.elapsed() >= Duration::from_millis(10));
/// ```
pub fn sleep(length: Duration) {
    if length.is_zero() {
        return yield_now();
    }
    match clock::now().checked_add(length) {
        _ if !is_in_task() => clock::sleep_in_kernel(length),
        Some(deadline) => nap(Some(deadline)),
        None => nap(None),
    }
}

/// Suspends the task until that moment, as [`sleep`] does.
///
/// One that is past gives way once.
///
/// # Blocking
/// Switches tasks.
///
/// ```
/// use std::time::{Duration, Instant};
///
/// osier::run(|| osier::sleep_until(Instant::now() + Duration::from_millis(1)));
/// ```
pub fn sleep_until(deadline: Instant) {
    let left = deadline.saturating_duration_since(clock::now());
    if left.is_zero() {
        yield_now();
    } else if is_in_task() {
        nap(Some(deadline));
    } else {
        clock::sleep_in_kernel(left);
    }
}

fn nap(deadline: Option<Instant>) {
    // An unparker that was made for another wait, which then did not begin, may end this one.
    while deliver(park(Reason::new("sleeping"), deadline, || {})) == Wake::Woken {}
}
