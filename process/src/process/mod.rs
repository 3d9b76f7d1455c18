//! Processes: starting them, waiting for them, and being one.
//!
//! - `builder`: how a process is to be
//! - `function`, `signature`: functions that can be called in another process, by name
//! - `fork`, `spawn`: the two ways to start one
//! - `handle`: the process as its starter sees it
//! - `run`: processes as types
//! - `child`, `family`: what is known of children, and all of them
//! - `status`: how a process has ended
//! - `identity`: what a process knows of itself
//! - `parent`, `lifeline`: what it knows of its parent, and how it hears of its end
//! - `body`: the life of a child, from its first step to its last
//! - `exit`: what happens at the end of any process
//! - `error`: why a process was not started

mod body;
mod builder;
mod child;
mod error;
mod exit;
mod family;
mod fork;
mod function;
mod handle;
mod identity;
mod lifeline;
mod parent;
mod run;
mod signature;
mod spawn;
mod status;
#[cfg(test)]
#[allow(unsafe_code)] // in what the macro makes, which is of this crate here
mod tests;

pub use builder::Builder;
pub use error::StartError;
pub use exit::{AtExit, Exit, at_exit, exit};
pub use family::active_children;
pub(crate) use function::functions;
pub use function::{Function, lookup};
pub use handle::{Process, StillRunning};
pub use identity::{Current, cpu_count, current, set_authkey};
pub use parent::{Parent, parent};
pub use run::Run;
pub use signature::Signature;
pub use status::ExitStatus;

#[doc(hidden)]
pub use function::{Encoding, Ending, Entry, FUNCTIONS, Ignored, Outcome, Unencoded, invoke};
#[doc(hidden)]
pub use linkme;
