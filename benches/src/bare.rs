//! What the kernel alone takes to start and end processes.
//!
//! # Why unsafe
//! The bare copy of a process is libc's own `fork`, which nothing safe offers. Its invariant: there is one OS
//! thread, and the copy does nothing but end.

use std::io;
use std::process::{Command, Stdio};

use rustix::process::{Pid, WaitOptions, waitpid};

/// Copies the process; the copy ends at once, and is waited for.
///
/// # Errors
///
/// Those of `fork`, and when there are other OS threads.
pub(crate) fn fork() -> io::Result<()> {
    if std::fs::read_dir("/proc/self/task")?.count() != 1 {
        return Err(io::Error::other("a process with other OS threads is not copied"));
    }
    // SAFETY: there is one thread, and the copy calls nothing but `_exit`.
    let pid = unsafe {
        match libc::fork() {
            0 => libc::_exit(0),
            pid => pid,
        }
    };
    let Some(pid) = Pid::from_raw(pid.max(0)) else { return Err(io::Error::last_os_error()) };
    waitpid(Some(pid), WaitOptions::empty())?;
    Ok(())
}

/// The word after which this program ends at once.
pub(crate) const NOTHING: &str = "nothing";

/// Starts this program anew, by `posix_spawn`; it ends at once, and is waited for.
///
/// # Errors
///
/// Those of `posix_spawn`.
pub(crate) fn spawn() -> io::Result<()> {
    let mut command = Command::new("/proc/self/exe");
    let status = command.arg(NOTHING).stdin(Stdio::inherit()).status()?;
    if status.success() { Ok(()) } else { Err(io::Error::other(format!("{status}"))) }
}
