//! Thread-locals of which each task has its own value.

use std::cell::Cell;
use std::thread::LocalKey;

use crate::hub::{expect_hub, is_in_task};

/// Gives each task of this hub its own value of a thread-local.
///
/// For libraries that keep something in a thread-local for the length of a call, as `scoped-tls`
/// does: the value is saved when a task is left and restored when it is entered again; a task that
/// has not set it finds `fresh`. From here on every switch of this hub costs a detour; it lasts
/// until the hub's run ends. Once it is registered, calls for the same thread-local change nothing.
///
/// The task that calls this goes on with the value that the thread has had so far, and what it
/// leaves in it when it ends is the thread's again after the run (`fresh`, if it never ends). So ask for it
/// in the main task: a library that cleans up after itself then leaves the thread as it found it.
///
/// # Panics
/// Outside of a task.
///
/// # Blocking
/// Switches tasks, once: so that the exchange begins with the task that asks for it.
///
/// ```
/// use std::cell::Cell;
///
/// thread_local!(static DEPTH: Cell<usize> = const { Cell::new(0) });
///
/// osier::run(|| {
///     osier::local::preserve(&DEPTH, 0);
///     DEPTH.set(3);
///     let other = osier::spawn(|| DEPTH.get());
///     assert_eq!(other.join().unwrap(), 0);
///     assert_eq!(DEPTH.get(), 3);
/// });
/// ```
pub fn preserve<T>(key: &'static LocalKey<Cell<T>>, fresh: T)
where
    T: Copy + PartialEq + 'static,
{
    assert!(is_in_task(), "local::preserve outside of a task");
    expect_hub("a thread-local was registered", |hub| hub.preserve(key, fresh));
    crate::park::yield_now();
}
