//! Waiting for descriptors: the floor that sockets and pipes stand on.
//!
//! - `source`: a descriptor that tasks wait on
//! - `registration`: its tie to the reactor of the hub it was last used on
//! - `glance`: one direction of a descriptor, waited for along with other things
//! - `pipe`: bytes from one descriptor to another
//! - `kernel`: the wait where no task can wait

mod glance;
mod kernel;
mod pipe;
mod registration;
mod source;

#[cfg(test)]
mod test;

pub(crate) use glance::Glance;
pub(crate) use kernel::is_readable;
pub use pipe::{PipeReader, PipeWriter, pipe};
pub use source::{Got, Source};
