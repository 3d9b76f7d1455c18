//! Signals, as something that tasks wait for.
//!
//! A handler of the system may do next to nothing, and runs in the middle of whatever was interrupted. So here the
//! handler only notes that the signal has come, and tasks are told: one that waits ([`Signals`], [`wait`], [`ctrl_c`]),
//! or a new one for each ([`on`]). As many as like may wait for the same signal, on any OS thread; each is told. A handler that was
//! there before is called as well.
//!
//! While somebody waits for a signal, the process does not do what it otherwise would on it, such as end.
//! When nobody does any more it is as before. A forked child does what the process did before, too: what its
//! parent waits for is not its business.
//!
//! Signals are not counted by the system: several of a kind may arrive as one.
//!
//! - `number`: which signal
//! - `signals`: waiting for some
//! - `handler`: tasks that a signal starts

mod handler;
mod number;
mod signals;

pub use handler::{Handler, on};
pub use number::Signal;
pub use signals::{Signals, ctrl_c, wait};
