//! What a fork asks of the runtime, on both sides; for `osier-process` alone.
//!
//! A fork copies one OS thread. So before it, threads of ours that have nothing to do are sent home, and whoever is left
//! is named: locks that those hold would stay locked in the child for ever. In the child all tasks but the one
//! that forks are copies that never run again: nothing of theirs is dropped, as it is the parent's, and the
//! reactor is let go first, since taking a descriptor out of the shared one takes it out of the parent's. The child goes on
//! on the stack of the task that forked, as if that were an OS thread's, and never returns from there. The call itself, and
//! all that makes a copy a child, is not here.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use crate::clock;
use crate::hub;
use crate::sys::{alone, post};
use crate::thread::crews;

pub use crate::sys::mask::{Held, hold, hold_none};

/// How long threads of ours that are at work are waited for. One that has just handed over its result has to come free
/// yet, on a busy machine not at once.
const PATIENCE: Duration = Duration::from_millis(50);
/// How long the kernel may list a thread that has ended.
const AFTERGLOW: Duration = Duration::from_millis(100);
/// How often it is asked meanwhile.
const PAUSE: Duration = Duration::from_micros(50);

/// How many forks there were between the program's start and this process.
static GENERATION: AtomicU32 = AtomicU32::new(0);

/// Tells a process from the one that it was forked from: what keeps this number knows when it has become a copy.
#[inline]
pub fn generation() -> u32 {
    GENERATION.load(Ordering::Relaxed)
}

/// Whether this OS thread is the only one. One system call.
///
/// # Errors
/// Where the system does not say which threads there are (`/proc/self/task`).
pub fn is_alone() -> io::Result<bool> {
    alone::is_alone()
}

/// Sends idle threads of ours home; the names of the OS threads that are there besides this one.
///
/// # Errors
/// Where the system does not say which threads there are (`/proc/self/task`).
///
/// # Blocking
/// Stops the OS thread while others end: microseconds if they are idle, some milliseconds otherwise.
pub fn other_threads() -> io::Result<Vec<String>> {
    let first = threads()?;
    if first.is_empty() {
        return Ok(first);
    }
    crews::retire_all(PATIENCE);
    let until: Instant = clock::system() + AFTERGLOW;
    loop {
        let left = threads()?;
        if left.is_empty() || clock::system() >= until {
            return Ok(left);
        }
        clock::nap(PAUSE);
    }
}

/// The names of all OS threads of the process but this one.
fn threads() -> io::Result<Vec<String>> {
    if is_alone()? {
        return Ok(Vec::new()); // their names take five system calls more
    }
    let me = rustix::thread::gettid().as_raw_nonzero().get().to_string();
    let mut names = Vec::new();
    for entry in fs::read_dir("/proc/self/task")? {
        let entry = entry?;
        if entry.file_name() == *me {
            continue;
        }
        // One that has ended meanwhile has no name any more.
        if let Ok(name) = fs::read_to_string(entry.path().join("comm")) {
            names.push(name.trim_end().to_string());
        }
    }
    Ok(names)
}

/// Holds the signals back that tasks wait for, until what this gives is dropped; in the child by [`in_child`].
pub fn hold_signals() -> Held {
    post::hold_all()
}

/// Leaves the parent's hubs and tasks behind and calls `body`, in a child that was just forked.
///
/// There it can `run` a hub of its own. Whatever else was on this thread's stacks never goes on; a panic that `body` lets through aborts.
///
/// # Errors
/// Handed to `body`: the child has no descriptors left.
pub fn in_child(held: Held, body: impl FnOnce(io::Result<()>) -> Infallible) -> ! {
    struct Abort;
    impl Drop for Abort {
        fn drop(&mut self) {
            process::abort();
        }
    }
    let _abort = Abort;
    GENERATION.fetch_add(1, Ordering::Relaxed);
    post::desert();
    drop(held);
    let deserted = hub::desert();
    match body(deserted) {}
}

/// Whether a hub runs on this OS thread, so that tasks can be spawned.
pub fn in_hub() -> bool {
    hub::hub(|hub| hub.is_some())
}

/// Whether the caller may fork: it is not unwinding, nor run by the hub itself.
pub fn may_fork() -> bool {
    let in_hub = hub::hub(|hub| hub.is_some());
    !std::thread::panicking() && (!in_hub || hub::is_in_task())
}
