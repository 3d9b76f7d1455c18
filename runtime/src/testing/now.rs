//! Moving time, and waiting until nothing moves.

use std::time::Duration;

use crate::clock;
use crate::hub::is_in_task;
use crate::lull::idle;

/// Moves the virtual clock of this run on.
///
/// Timers that have come due by it go off when the hub looks next, not before the next wait.
///
/// # Panics
/// When the clock of this thread is the system's.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use std::time::Duration;
/// use osier::{clock, testing};
///
/// testing::run(|| {
///     let began = clock::now();
///     testing::advance(Duration::from_secs(7)); // a long computation, say
///     assert_eq!(clock::now() - began, Duration::from_secs(7));
/// });
/// ```
pub fn advance(by: Duration) {
    assert!(clock::is_virtual(), "only a virtual clock can be moved: use testing::run");
    clock::advance(by);
}

/// Waits until every other task is parked.
///
/// Then nothing moves until a timer goes off, or the world outside says something: time does not jump before
/// this returns. Several that wait for it go on one by one.
///
/// # Panics
/// Outside of a task.
///
/// # Blocking
/// Switches tasks.
///
/// ```
/// use std::{cell::Cell, rc::Rc, time::Duration};
/// use osier::testing;
///
/// testing::run(|| {
///     let steps = Rc::new(Cell::new(0));
///     let walker = steps.clone();
///     osier::spawn(move || {
///         (0..10).for_each(|_| osier::yield_now());
///         walker.set(1);
///         osier::sleep(Duration::from_secs(1));
///         walker.set(2);
///     });
///     testing::wait_all_parked();
///     assert_eq!(steps.get(), 1); // it sleeps now
/// });
/// ```
pub fn wait_all_parked() {
    assert!(is_in_task(), "wait_all_parked is for a task that may wait: use testing::run");
    idle();
}
