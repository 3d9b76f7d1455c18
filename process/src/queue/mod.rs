//! Queues between processes: many put, many get, and each item is had by one.
//!
//! As those of [`osier_runtime::queue`], with items that serde can encode. A queue goes to another process by being moved, or a
//! clone of it, into the closure of a fork; as an argument of a function that is started; or within a value that is sent.
//!
//! | | holds | |
//! |---|---|---|
//! | [`Queue`] | any number or at most so many | |
//! | [`JoinableQueue`] | the same | knows when all is dealt with |
//! | [`SimpleQueue`] | any number | puts and gets, and nothing else |
//!
//! What was put is in a ring of shared memory as soon as that has room, and until then with the process that has put it: a task of its hub sends it on. At the
//! process' end the rest is sent in one piece, so no process waits at its end for somebody who gets, and whoever waits for a process may do so before it
//! gets anything. What is lost is what a process that is killed had not sent yet, and what it had got.
//!
//! Inside:
//!
//! - `slots`: places of a queue with a size, pure numbers in shared memory
//! - `ledger`: what was put and is not done, the same
//! - `owner`: whose a place is, and whether that process lives
//! - `bell`: waiting for what another process does to such numbers
//! - `core`: what processes share of a queue
//! - `here`: what a process has of it for itself
//! - `ring`: items in shared memory, put and taken by one process at a time; `hold`: being that process
//! - `lane`: the ring, and the socket for what does not go there; waiting for items
//! - `road`: items on their way: sent, or kept until there is room, or sent in one piece
//! - `batch`: many items in one piece
//! - `exit`: what is done before the process ends or stops
//! - `handle`, `joinable`, `simple`: the queues by name; `getting`: half of the first; `watch`: as one of several things
//!   to wait for
//! - `error`: why an item was not put, or none was had

mod batch;
mod bell;
mod core;
mod error;
mod exit;
mod getting;
mod handle;
mod here;
mod hold;
mod joinable;
mod lane;
#[cfg(test)]
mod lane_tests;
mod ledger;
mod owner;
mod ring;
#[cfg(test)]
mod ring_tests;
mod road;
mod simple;
mod slots;
mod watch;

pub use error::{GetError, PutError};
pub use handle::Queue;
pub use joinable::JoinableQueue;
pub use simple::SimpleQueue;
