//! Which descriptors are ready, and who waits for them: the one folder that names mio.
//!
//! `readiness` is what is believed of one descriptor, `guests` who waits for one that nobody registers, `token` how the kernel's answers find their
//! way back, `poll` the reactor itself. It calls no task and blocks only in
//! [`Reactor::poll`]; whom to wake is its owner's type.

mod guests;
mod poll;
mod readiness;
mod token;

#[cfg(test)]
mod test;

pub(crate) use mio::Waker;
pub(crate) use poll::{Owner, Reactor, WaitError};
pub(crate) use readiness::Direction;
pub(crate) use token::Key;
