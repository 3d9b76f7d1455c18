//! Unmodified blocking code on green threads.
//!
//! A program that says `use osier_monkey as _;` has the libc calls that `std` and C libraries wait in
//! defined here: in a task they let the other tasks run, anywhere else they are the kernel's as before.
//!
//! ```
//! use std::time::{Duration, Instant};
//!
//! use osier_monkey as _;
//!
//! let began = Instant::now();
//! osier::run(|| {
//!     let nap = || std::thread::sleep(Duration::from_millis(50)); // std's own
//!     osier::join_all((0..100).map(|_| osier::spawn(nap)));
//! });
//! assert!(began.elapsed() < Duration::from_secs(1));
//! ```
//!
//! # What one takes on
//!
//! That line ends a rule which all code relies on that never heard of tasks: nobody else runs on this thread during my
//! system call. A lock that lets its own thread in again does not keep two tasks apart; what is kept in a thread-local
//! for the length of a call may be another task's when that returns. [`osier::no_switch`](https://docs.rs/osier) turns it off around a library.
//!
//! # What runs unmodified
//!
//! Tried with 200 tasks at once against real servers, on one OS thread, and killed while they wait; the folder `real` beside this
//! package has the programs, the figures, and what to know of each crate.
//!
//! | crate | by | notes |
//! |---|---|---|
//! | ureq, attohttpc, minreq | std | no time-out for ureq and minreq, or see below |
//! | tungstenite, lettre, redis, bmemcached | std | |
//! | mysql | std | its pool, too |
//! | native-tls | OpenSSL over std | |
//! | curl | libcurl | names on a thread for each look-up |
//! | diesel, and whatever stands on libpq | libpq | |
//! | rusqlite | SQLite | in a pool of threads; what sleeps beneath SQLite never switches |
//! | postgres, reqwest::blocking | tokio | no: `offload` |
//! | r2d2, and what has it for its pool (memcache) | parking_lot | no |
//!
//! # What is so and what is not
//!
//! - A kill or a time-out of ours does not unwind out of a call of libc: that fails with `ECANCELED`, and the task unwinds at
//!   its next wait of ours. A sleep is over early then. So a loop that has no such wait and takes no notice of errors
//!   (`for stream in listener.incoming().flatten()`) cannot be killed: end it at an error.
//! - What the user has set on a descriptor holds: `O_NONBLOCK`, `SO_RCVTIMEO`, `SO_SNDTIMEO`.
//! - On the descriptors 0, 1 and 2 no call of `read`, `write` or the like switches, nor on regular files ([`patch_files`]).
//! - A wait for a descriptor that is closed, or replaced by `dup2`, ends with `EBADF`.
//! - A signal does not interrupt a wait in a task, unless the call takes a mask of signals.
//! - Never in a signal handler, in a child of `vfork`, in a destructor while a task unwinds.
//! - Who calls the kernel without libc (rustix, Go) is not seen; nor are locks of files. Nor is `pthread_cancel`.
//! - A sleep beneath SQLite (its busy handler) stays the kernel's, or another task would come into the same connection in the midst
//!   of a statement. SQLite that is loaded by `dlopen` is not seen.
//! - ureq with a time-out set looks names up on a thread of its own and waits for that by std's `mpsc`, which knows OS threads
//!   only: give it a resolver (`osier::net` has one), or no time-out.
//!
//! # Why unsafe
//! What is defined here is called by C, with C's pointers, and calls the kernel with them.
#![cfg(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu"))]
#![allow(unsafe_code)]

mod accept;
mod asking;
mod bounded;
mod children;
mod close;
mod connect;
mod errand;
mod errno;
mod files;
mod futex;
mod gate;
mod many;
mod names;
mod options;
mod parts;
mod patience;
mod pidfd;
mod pipe;
mod poll;
mod read;
mod real;
mod receive;
mod report;
mod select;
mod send;
mod sleep;
mod splice;
mod sqlite;
mod table;
mod threads;
mod vfork;
mod write;

pub use report::{Binding, Report, is_patched, report};

/// Says whether calls on regular files go through a pool of OS threads.
///
/// `open`, `read`, `write`, `pread`, `pwrite`, `readv`, `writev`, `fsync` and `fdatasync` are meant; never on the descriptors 0, 1 and 2. They do not at first:
/// mostly a file is in memory, and the hop to a thread and back takes longer. Such a call is not cut short by a kill.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// osier_monkey::patch_files(true);
/// let text = osier::run(|| std::fs::read_to_string("/proc/version"));
/// assert!(text.unwrap().starts_with("Linux"));
/// ```
pub fn patch_files(on: bool) {
    files::patch(on);
}
