//! What tasks of one hub share things by: locks, permits, events.
//!
//! Named as in std and in Python's `threading`. Nothing in here is atomic, and nothing is `Send`: it is for the tasks of one
//! OS thread. A wait here suspends its task, where std's would stop the thread, and with it the
//! task that is to let go.
//!
//! Between two waits nothing else runs: what is not held across one (a `Cell`, a `RefCell`) needs no lock at all.
//!
//! - **Who waits is served first come, first served.** Whoever lets go while others wait hands over to the first of them,
//!   and nobody takes it on the way: not even the one that lets go, should it want it back at once.
//!   So nobody starves, and a lock held across a wait by each of many is passed round in order.
//! - **A kill does not poison**, nor does a time-out; a panic does, where std's lock of that name has poison. A waiter that is killed or
//!   times out while it is being handed something keeps it, or passes it on.
//! - **A deadlock is reported**: with everybody who waits, and for locks with those who hold them.
//! - Forms: `lock` waits, `try_lock` never does, `lock_timeout` and `lock_deadline` wait for that long. The same with `acquire`, `read`,
//!   `write`, `wait`.
//! - **In a destructor while its task unwinds, and outside of a task,** there is no waiting. What is free is had as ever, and what is
//!   not is an error that says [`Refused`](AcquireError::Refused), never a guard.

mod access;
mod barrier;
mod bounded;
mod condition;
mod error;
mod event;
mod lock;
mod mutex;
mod once;
mod once_cell;
mod owner;
mod permits;
mod rlock;
mod rounds;
mod rwlock;
mod semaphore;
#[cfg(test)]
mod tests;

pub use barrier::{Barrier, BrokenBarrier};
pub use bounded::BoundedSemaphore;
pub use condition::{Condition, Guard};
pub use error::{AcquireError, LockError, Locked};
pub use event::Event;
pub use mutex::{Mutex, MutexGuard};
pub use once::Once;
pub use once_cell::OnceCell;
pub use rlock::{RLock, RLockGuard};
pub use rwlock::{RwLock, RwLockReadGuard, RwLockWriteGuard};
pub use semaphore::{Permit, Semaphore};
