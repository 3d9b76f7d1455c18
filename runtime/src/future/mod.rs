//! Async code and tasks: each can wait for the other.
//!
//! - `block_on`: a future, in a task
//! - `after`: a time, as a future
//! - `handles`: joins and calls as futures, receivers as streams

mod after;
mod block_on;
mod handles;

pub use after::{After, after, after_until};
pub use block_on::block_on;
