//! Starting a process anew, to call a registered function.
//!
//! What it is to do is sent before it is started, so that nothing that can go wrong with it is left for later:
//! who it is, with the lifeline; then the arguments. It reads both before it does anything else.

use std::io;
use std::os::fd::{AsFd, OwnedFd};

use serde::{Deserialize, Serialize};

use super::body::{give_up, live};
use super::child::Child;
use super::function::lookup;
use super::identity::{self, Identity};
use super::parent::Origin;
use super::{Process, StartError, exit, family, lifeline};
use crate::log;
use crate::sys::entry::enter_by;
use crate::sys::launch::launch;
use crate::wire::{Parcel, Passed, RecvError, Socket, for_a_start};

/// What a new process is told first.
#[derive(Serialize, Deserialize)]
struct Letter {
    function: String,
    me: Identity,
    parent: String,
    line: Passed<OwnedFd>,
    lasts: bool,
    log: Option<log::Given>,
}

/// Starts a process; `name` says who it is.
pub(super) fn spawn<A: Serialize>(
    name: impl FnOnce() -> Identity,
    function: &str,
    args: &A,
) -> Result<Process, StartError> {
    if identity::with(|me| me.daemon) {
        return Err(StartError::Daemonic);
    }
    exit::arm();
    family::living(); // reaps
    let args = for_a_start(|| Parcel::pack(args))?;
    let (near, far) = Socket::pair()?;
    let line = Passed(lifeline::for_child()?);
    let me = name();
    let lasts = rustix::thread::gettid() == rustix::process::getpid();
    let parent = identity::with(|me| me.name.clone());
    let log = log::given()?;
    let letter = Letter { function: function.to_string(), me, parent, line, lasts, log };
    // What cannot be sent of it is the line: no descriptors are left.
    let letter_parcel = Parcel::pack(&letter).map_err(io::Error::from).map_err(StartError::Io)?;
    near.try_send(&letter_parcel)?;
    near.try_send(&args)?;
    let pid = launch(far.as_fd())?;
    let child = Child::adopt(pid, letter.me.name, letter.me.daemon)?;
    child.look_after();
    log::look_after(family::has_some);
    Ok(Process::of(child))
}

enter_by!(boot);

/// Where a process begins that was started so.
fn boot(fd: OwnedFd, parent: u32) -> ! {
    let (letter, args) = match read(fd) {
        Ok(both) => both,
        Err(error) => give_up(&error.into()),
    };
    if let Some(given) = letter.log {
        log::begin_anew(given);
    }
    let origin =
        Origin { pid: parent, name: letter.parent, line: letter.line.0, lasts: letter.lasts };
    let function = letter.function;
    let body = move || match lookup(&function).map(|entry| (entry.run)(args)) {
        Some(Ok(code)) => code,
        Some(Err(error)) => give_up(&error.into()),
        None => give_up(&io::Error::other(format!("this program has no function {function}"))),
    };
    match live(letter.me, origin, body) {}
}

fn read(fd: OwnedFd) -> Result<(Letter, Parcel), RecvError> {
    let socket = Socket::new(fd)?;
    Ok((socket.recv(None)?.unpack()?, socket.recv(None)?))
}
