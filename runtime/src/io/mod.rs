//! Waiting for descriptors: the floor that sockets and pipes stand on.
//!
//! - `source`: a descriptor that tasks wait on
//! - `registration`: its tie to the reactor of the hub it was last used on
//! - `glance`: one direction of a descriptor, waited for along with other things
//! - `kernel`: the wait where no task can wait

mod glance;
mod kernel;
mod registration;
mod source;

#[cfg(test)]
mod test;

pub(crate) use glance::Glance;
pub(crate) use kernel::is_readable;
pub use source::{Got, Source};
