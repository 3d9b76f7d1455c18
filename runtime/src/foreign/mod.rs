//! Waits of code that knows nothing of tasks, for `osier-monkey`, which stands in for the calls of libc.
//!
//! - `gate`: whether a task may wait here
//! - `wait`: waiting for descriptors that somebody else owns, for a time, for one's turn
//! - `shut`: telling those who wait that a descriptor is being closed
//!
//! Nothing here unwinds: callers may be C. A kill or a time-out that is due ends a wait with
//! [`Met::Cancelled`] and stays in store for the next wait of ours.

mod gate;
mod shut;
mod wait;

#[cfg(test)]
mod test;

pub use gate::{end_of_stack, in_task, leave_behind, may_wait};
pub use shut::{forget, is_awaited, shut};
pub use wait::{Met, give_way, sleep, wait};
