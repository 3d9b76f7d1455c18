//! Making a copy of the process, and ending one at once.

use std::io;

use rustix::process::Pid;

/// Where code goes on after a fork.
pub(crate) enum Side {
    /// In the copy.
    Child,
    /// In the process that was copied; its child.
    Parent(Pid),
}

/// Makes a copy of the process, with this OS thread alone.
///
/// libc's own, so that what libraries do at a fork is done: malloc's among them.
///
/// # Errors
///
/// As `fork(2)`: too many processes, no memory. When there is another OS thread, which might be in the middle of anything,
/// under any lock.
pub(crate) fn fork() -> io::Result<Side> {
    if !osier_runtime::fork::is_alone()? {
        return Err(io::Error::other("a process with other OS threads cannot be forked"));
    }
    // SAFETY: there is one thread, and it is here, so the copy is whole.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Side::Child),
        pid => Ok(Side::Parent(Pid::from_raw(pid).expect("a child has a number"))),
    }
}

/// Ends the process: nothing is flushed, no destructor and no handler is run.
pub(crate) fn exit_now(code: i32) -> ! {
    // SAFETY: it takes a number and does not return.
    unsafe { libc::_exit(code) }
}

/// Has `f` called when the process ends by `exit` or by the end of `main`.
///
/// Forked children inherit that.
pub(crate) fn at_exit(f: extern "C" fn()) {
    // SAFETY: a function of the program lives as long as it does. Without memory for the entry it is not called.
    let _ = unsafe { libc::atexit(f) };
}
