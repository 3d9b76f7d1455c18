//! Queues between tasks of one hub.
//!
//! [`Queue`] and its kinds are gevent's: one handle that all share, `put` and `get`, and an end that is
//! declared by [`shutdown`](AnyQueue::shutdown). [`channel`](crate::channel) has the other shape: two ends, and an
//! end when one side has gone. Both can be branches of a [`select`](mod@crate::select). To reach another OS thread takes the
//! channels of [`thread`](crate::thread).
//!
//! | | kept | gives |
//! |---|---|---|
//! | [`Queue`] | any number or at most so many | the first |
//! | [`LifoQueue`] | the same | the last |
//! | [`PriorityQueue`] | the same | the smallest |
//! | [`JoinableQueue`] | the same, and counts what is unfinished | the first |
//! | [`SimpleQueue`] | any number, without an end | the first |
//! | [`Channel`] | nothing | what somebody puts just then |

mod any_queue;
mod core;
mod error;
mod heap;
mod iter;
mod joinable;
mod kind;
mod line;
mod making;
mod names;
mod peek;
mod simple;
mod state;
mod wait;

pub use any_queue::AnyQueue;
pub(crate) use core::Core;
pub use error::{GetError, PutError};
pub use iter::{IntoIter, Iter};
pub(crate) use kind::Pipe;
pub use kind::{Bounded, Counted, Direct, Fifo, Kind, Lifo, Smallest};
pub(crate) use line::Place;
pub use names::{Channel, JoinableQueue, LifoQueue, PriorityQueue, Queue};
pub use simple::SimpleQueue;
pub(crate) use wait::{Claim, Wait};
