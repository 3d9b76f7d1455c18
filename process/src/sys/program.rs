//! What is done in a new process before its program begins.
//!
//! Between the fork and the program nothing is safe but system calls: no memory is asked for, no lock is taken.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::Command;

use rustix::io::fcntl_dupfd_cloexec;

/// Has it begin a session of its own.
pub(crate) fn new_session(command: &mut Command) {
    // SAFETY: one system call.
    unsafe { command.pre_exec(|| check(libc::setsid())) };
}

/// Sets its umask.
pub(crate) fn umask(command: &mut Command, mask: u32) {
    let set = move || {
        // SAFETY: it takes a number and cannot fail.
        unsafe { libc::umask(mask) };
        Ok(())
    };
    // SAFETY: one system call.
    unsafe { command.pre_exec(set) };
}

/// Descriptors to be handed over are kept above the numbers that one asks for, or one would take the other's place.
const ABOVE: i32 = 512;

/// Hands it a descriptor under that number.
pub(crate) fn pass(command: &mut Command, fd: OwnedFd, number: i32) {
    // If nobody has that number it is taken here: std's own pipe, which tells of a failed start, must not have it.
    let taken = fcntl_dupfd_cloexec(&fd, number).ok().filter(|fd| fd.as_raw_fd() == number);
    let fd = fcntl_dupfd_cloexec(&fd, ABOVE).unwrap_or(fd);
    let pass = move || {
        let (_taken, fd) = (&taken, fd.as_raw_fd());
        // SAFETY: they take numbers. In the new process nobody else knows of descriptors.
        check(unsafe {
            match fd == number {
                true => libc::fcntl(fd, libc::F_SETFD, 0), // without it, it is closed
                false => libc::dup2(fd, number),
            }
        })
    };
    // SAFETY: one system call.
    unsafe { command.pre_exec(pass) };
}

fn check(result: i32) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}
