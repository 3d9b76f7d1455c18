//! Other programs: starting them, talking to them, waiting for them, as in [`std::process`], name by name.
//!
//! A program changes `use std::process::Command` to `use osier::process::subprocess::Command` and is done: what waits
//! lets the other tasks run. Processes of *this* program are [`Process`](crate::Process)es.
//!
//! Unlike std's, a [`Child`] that is dropped leaves no zombie, `communicate` talks both ways however much there is to be
//! said, and an end can be waited for with a limit or among other things.
//!
//! - `command`: what to start, and how
//! - `child`: a program that runs
//! - `talk`: all that is said to it and by it
//! - `orphans`: ended programs that nobody has waited for

mod child;
mod command;
mod orphans;
mod talk;

pub use child::Child;
pub use command::Command;
pub use talk::TimedOut;

#[doc(no_inline)]
pub use std::process::{ExitStatus, Output, Stdio};
