//! For tests of code that runs in tasks: time and order under control, and a network in memory.
//!
//! A test that sleeps is slow, and one that relies on the order in which tasks run is right by chance.
//! [`run`] is [`osier::run`](crate::run) with both in hand:
//!
//! - **Time** is virtual. It stands still while a task can run, and jumps to the next timer when none can.
//!   `sleep(Duration::from_secs(3600))` takes no time, and exactly an hour by [`clock::now`](crate::clock::now).
//! - **Order** is drawn by lot, from a seed that is printed if the run panics. `OSIER_SEED` sets it, and the same
//!   tasks run in the same order again.
//!
//! [`check`] does that for many seeds. [`pair`] and [`Wire`] make streams in memory that are slow, break, and
//! hand over small pieces. [`wait_all_parked`] waits until nothing moves.
//!
//! ```
//! use std::time::Duration;
//! use osier::{clock, testing};
//!
//! let slow = || osier::sleep(Duration::from_secs(3600));
//! testing::run(|| {
//!     let began = clock::now();
//!     let result = osier::timeout(Duration::from_secs(60), slow);
//!     assert!(result.is_err());
//!     assert_eq!(clock::now() - began, Duration::from_secs(60));
//! });
//! ```
//!
//! # The world outside
//!
//! Descriptors and other OS threads work under a virtual clock as ever, but they do not know it. While a task waits for
//! one (a socket, [`thread::offload`](crate::thread::offload), a wait whose reason says that its wake comes from
//! outside), time does not jump at once: the world outside has [`Config::patience`] to say something,
//! 50 ms by the system's clock if nothing else is said, and each time that a task has run it has that long again.
//! If no timer is set, it has as long as it takes. So a test whose peers are all tasks of the same hub can set it to zero,
//! as what one writes to a socket of this machine is there for the other at once; one that talks to another process
//! wants more than its slowest answer takes. `OSIER_SEED` repeats the order of a run only
//! as far as the world outside repeats itself.
//!
//! Other OS threads have the system's clock. A task that computes until some time
//! has come waits for ever, as time stands still for it: [`advance`] moves it. One that gives way until then does not:
//! after some ten thousand switches at a stretch time begins to creep. What asks the system for the time,
//! `Instant::elapsed` first of all, is not asked by us.
//!
//! - `config`: how a run is to go, and the run
//! - `check`: many seeds, one after another
//! - `now`: moving time, and waiting until nothing moves
//! - `pipe`: one direction of a wire, a state machine
//! - `wire`: what a pair is to be like
//! - `stream`: the two ends

mod check;
mod config;
mod now;
mod pipe;
mod stream;
mod wire;

pub use crate::random::Random;
pub use check::check;
pub use config::{Config, run};
pub use now::{advance, wait_all_parked};
pub use stream::Stream;
pub use wire::{Wire, pair};
