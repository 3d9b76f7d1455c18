//! What types that tasks wait on are made of: who stands in line, and who looks on from outside.
//!
//! - `list`: the first-come-first-served line of those who wait for one thing, each handed its own
//! - `waitable`: what can be waited for together with others, and how it is noticed
//! - `polled`: one thing, waited for as a future
//! - `outside`: the same for what belongs to several OS threads

mod list;
mod outside;
mod polled;
#[cfg(test)]
mod tests;
mod waitable;

pub(crate) use list::{Ticket, WaitList, stand};
pub(crate) use outside::{Envoy, Envoys};
pub(crate) use polled::Polled;
pub(crate) use waitable::{Lookout, Watchers, sealed};
pub use waitable::{Waitable, Watcher};
