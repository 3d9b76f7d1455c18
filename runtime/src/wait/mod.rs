//! What types that tasks wait on are made of: who stands in line, and who looks on from outside.
//!
//! - `list`: the first-come-first-served line of those who wait for one thing, each handed its own
//! - `waitable`: what can be waited for together with others, and how it is noticed

#![allow(dead_code, reason = "what is built on this comes piece by piece")]

mod list;
#[cfg(test)]
mod tests;
mod waitable;

#[allow(unused_imports, reason = "as above")]
pub(crate) use list::{Ticket, WaitList, stand};
#[allow(unused_imports, reason = "as above")]
pub(crate) use waitable::{Lookout, Watchers, sealed};
pub use waitable::{Waitable, Watcher};
