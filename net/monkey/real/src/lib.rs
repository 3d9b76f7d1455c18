//! Unmodified blocking crates against real servers.
//!
//! What the programs in `tests` are made of. Nothing here knows of green threads: the same handlers run on plain OS threads, as a
//! control, and on tasks once a program says `use osier_monkey as _;`. README.md has the table of results.
//!
//! - [`clients`]: for each crate what its user would write to ask once, blocking
//! - [`servers`]: what is asked: daemons of the system, and small servers of our own where a delay is wanted
//! - [`trial`]: asks 200 times at once, in a process of its own, and judges how long it took and on how many threads
#![forbid(unsafe_code)]

pub mod clients;
pub mod servers;
pub mod trial;
