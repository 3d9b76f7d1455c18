//! Starting a process as a copy of this one.
//!
//! ```text
//! parent                                    child
//! threads sent home, stdout flushed
//! fork ---------------------------------->  waits at the gate
//! pidfd: or kill it, and that is an error
//! drops the closure: the stakes that go
//! are what the child was handed
//! opens the gate with their numbers ----->  leaves the hub, gives up all other ends
//!                                           becomes itself, runs the closure on a new hub
//! ```
//!
//! If the parent dies before it opens the gate, the child ends: it has done nothing.

use std::convert::Infallible;
use std::fs::File;
use std::io::{self, Read, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};

use osier_runtime::fork as runtime;
use rustix::pipe::{PipeFlags, pipe_with};

use super::body::{give_up, live};
use super::child::Child;
use super::identity::{self, Identity};
use super::parent::Origin;
use super::{Process, StartError, exit, family, lifeline};
use crate::log;
use crate::sys::fork::{self as sys, Side, exit_now};
use crate::wire::{give_up_all_but, staked};

/// Starts a process; `name` says who it is, `body` is what it does.
pub(super) fn fork(
    name: impl FnOnce() -> Identity,
    body: impl FnOnce() -> i32,
) -> Result<Process, StartError> {
    prepare()?;
    let (gate, opener) = pipe_with(PipeFlags::CLOEXEC)?;
    let (gate, opener) = (File::from(gate), File::from(opener));
    let origin = Origin {
        pid: std::process::id(),
        name: identity::with(|me| me.name.clone()),
        line: lifeline::for_child()?,
        lasts: true, // the only thread of a process is its first
    };
    log::prepare()?;
    let reserved = gate.try_clone()?; // for the child's pidfd
    let me = name();
    let _ = io::stdout().flush(); // or what is in its buffer would be printed twice
    let held = runtime::hold_signals();
    match sys::fork()? {
        Side::Child => {
            drop((reserved, opener));
            runtime::in_child(held, |left| begin(left, gate, me, origin, body))
        }
        Side::Parent(pid) => {
            drop((held, reserved, gate, origin));
            let child = Child::adopt(pid, me.name, me.daemon)?;
            open(opener, body);
            child.look_after();
            log::look_after(family::has_some);
            Ok(Process::of(child))
        }
    }
}

/// Sees to it that this process can be copied.
fn prepare() -> Result<(), StartError> {
    if !runtime::may_fork() {
        return Err(StartError::NoTask);
    }
    if identity::with(|me| me.daemon) {
        return Err(StartError::Daemonic);
    }
    exit::arm();
    family::living(); // reaps
    let others = runtime::other_threads()?;
    if others.is_empty() { Ok(()) } else { Err(StartError::OtherThreads(others)) }
}

/// Lets the child begin, with what was handed to it.
fn open(mut opener: File, body: impl FnOnce() -> i32) {
    let before = staked();
    // A destructor that panics, of what the child has a copy of, is no failure of the start; the panic hook has told of it.
    let _ = catch_unwind(AssertUnwindSafe(|| drop(body)));
    let after = staked();
    let handed: Vec<u8> = before.difference(&after).flat_map(|n| n.to_le_bytes()).collect();
    let count = (handed.len() as u64 / 8).to_le_bytes();
    // It fails if somebody has killed the child already.
    let _ = opener.write_all(&count).and_then(|()| opener.write_all(&handed));
}

/// The child's first steps.
fn begin(
    left: io::Result<()>,
    gate: File,
    me: Identity,
    origin: Origin,
    body: impl FnOnce() -> i32,
) -> Infallible {
    family::forget();
    exit::forget_hooks();
    lifeline::let_go();
    log::forget();
    let Ok(handed) = pass(gate) else { exit_now(1) };
    if let Err(error) = left.and_then(|()| give_up_all_but(&handed)) {
        give_up(&error);
    }
    live(me, origin, body)
}

/// Waits at the gate for the numbers of what was handed over.
fn pass(mut gate: File) -> io::Result<Vec<u64>> {
    let mut number = [0; 8];
    gate.read_exact(&mut number)?;
    let count = u64::from_le_bytes(number);
    (0..count)
        .map(|_| {
            gate.read_exact(&mut number)?;
            Ok(u64::from_le_bytes(number))
        })
        .collect()
}
