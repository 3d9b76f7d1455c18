//! Private half of `osier`; use `osier::process`.
//!
//! Processes that wait as tasks do: starting them, waiting for them, and what passes between them. What users see of it they see
//! as `osier::process`, whose docs are the ones to read. HACKING.md has the map.

mod log;
pub mod pipe;
pub mod pool;
#[doc(hidden)]
pub mod process;
pub mod queue;
mod stamp;
pub mod subprocess;
pub mod sync;
#[allow(unsafe_code)]
mod sys;
mod wire;
mod words;
mod workers;

pub use log::log_to_parent;
pub use process::{
    AtExit, Builder, Current, Exit, ExitStatus, Function, Parent, Process, Run, Signature,
    StartError, StillRunning, active_children, at_exit, cpu_count, current, exit, parent,
    set_authkey,
};
pub use wire::{Bytes, Parcel, Passed, RecvError, SendError, Socket, Stake};
pub use workers::{Counter, Crew, Ended, Worker, WorkerStatus, Workers, WorkersError};
