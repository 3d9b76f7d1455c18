//! Waiting for descriptors: the floor that sockets and pipes stand on.
//!
//! - `source`: a descriptor that tasks wait on
//! - `registration`: its tie to the reactor of the hub it was last used on
//! - `kernel`: the wait where no task can wait

mod kernel;
mod registration;
mod source;

#[cfg(test)]
mod test;

pub use source::{Got, Source};
