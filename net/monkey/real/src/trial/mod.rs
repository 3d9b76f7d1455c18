//! Asks 200 times at once, in a process of its own, and judges how long it took and on how many threads.
//!
//! Each trial is run three times: on plain OS threads, which shows what the crate and the server can do, on tasks of one thread, and
//! on tasks that are killed while they wait. The servers are this process's, so that the other one has the asking alone; if it
//! hangs, it is killed, and the servers end here.
//!
//! A program of trials has `harness = false`. It takes the arguments that `cargo test` hands on: a part of a
//! name (`'redis (tasks)'`), `--list`.

mod alone;
mod child;
mod crowd;
mod judge;
mod program;

pub use alone::{Test, alone};
pub use child::{End, run};
pub use crowd::{Crowd, Mode, Outcome, Way, Ways};
pub use program::{AT_ONCE, LIMIT, THREADS, Trial, WAIT, main};
