//! Locks between processes, and what else they wait for each other by.
//!
//! All of these are shared with processes that are started after they were made, and with nobody else. A forked child has
//! them as they are, whether the closure captures them or a static holds them. One that begins anew takes them among
//! its arguments, where clones are the same lock as well. Encoding them for anything else is an error.
//!
//! - [`Lock`], [`RLock`]: one holder at a time; `RLock` for a task that may lock it again
//! - [`Semaphore`], [`BoundedSemaphore`]: so many at a time
//! - [`Condition`]: waiting, without the lock, until something has changed
//! - [`Event`]: waiting until it is set
//! - [`Barrier`]: waiting until all are there
//!
//! **What waits** is a task: the others of its hub go on. What is free costs no system call.
//!
//! **The order** is that in which they came. With two exceptions, as switching processes is slow: for a millisecond after
//! one of those in line was served, processes that run may be quicker than the next in line; and who was called and does
//! not come for a second, as it is stopped or its hub is busy, is passed over until it does.
//!
//! **Ends.** A process may end at any moment, also by SIGKILL. If it held a lock, the next holder is told: the lock is poisoned. Permits it had
//! are given back. If it waited, it is passed over. Whoever waits for it finds out after milliseconds, if nobody else is in front of it.
//! A kill or a time-out of a task does the same without any poison.
//!
//! **Deadlocks** between processes are none that a hub could see. [`dump`](osier_runtime::dump) shows for each waiting task which process holds what
//! it waits for, and the `Debug` of a lock the processes that hold it and wait for it.
//!
//! How it works stands in `process/src/sync/README.md`. Internally:
//!
//! - `line`: who waits; `permits`: who has what; both are state machines
//! - `bell`: what wakes a task of another process
//! - `wait`: waiting in a line; `gate`: having permits and waiting for them
//! - `lock`, `rlock`, `semaphore`, `bounded`, `condition`, `event`, `barrier`: what users see
//! - `action`: what is done at a barrier; `party`: one of those who wait there
//! - `error`: what is wrong with giving something back

mod action;
mod barrier;
mod bell;
mod bounded;
mod condition;
mod error;
mod event;
mod gate;
mod line;
mod lock;
mod party;
mod permits;
#[cfg(test)]
mod permits_tests;
mod rlock;
mod semaphore;
mod wait;

use crate::words;
#[cfg(test)]
use crate::words::mortal;

pub use barrier::{Barrier, BrokenBarrier};
pub use bounded::BoundedSemaphore;
pub use condition::{Condition, Guard};
pub use error::{NotHeld, TooMany};
pub use event::Event;
pub use lock::{Lock, LockGuard};
pub use osier_runtime::sync::{AcquireError, LockError, Locked};
pub use rlock::{RLock, RLockGuard};
pub use semaphore::{Permit, Semaphore};
