//! What runs before `main` in a process that was started to call a registered function.
//!
//! The loader calls it as it calls constructors of C++. So the program's `main` never runs in such
//! a process, and nobody can forget to hook it up; a program that starts itself without end needs no guard. In
//! every other process it looks for one variable and returns. Tried before: a call that `main` begins with.
//! Whoever forgets it gets a second run of the whole program, and the harness of `#[test]` has no place for it.

use std::os::fd::{BorrowedFd, FromRawFd, OwnedFd};

use super::fork::exit_now;

/// The variable of the environment that says: call a function. Its value is the parent's number.
pub(crate) const MARK: &str = "OSIER_PROCESS_PARENT";
/// Where what is to be called, and with what, is received from.
pub(crate) const BOOT: i32 = 3;

/// Has `$boot` called with the descriptor and the parent's number, in a process that was started so.
macro_rules! enter_by {
    ($boot:path) => {
        #[allow(unsafe_code)]
        const _: () = {
            /// In a section that the loader reads, and nobody may drop.
            #[used]
            // SAFETY: the section is an array of such functions.
            #[unsafe(link_section = ".init_array")]
            static ENTRY: extern "C" fn() = enter;

            extern "C" fn enter() {
                $crate::sys::entry::enter($boot);
            }
        };
    };
}
pub(crate) use enter_by;

/// What the loader calls.
pub(crate) fn enter(boot: fn(OwnedFd, u32) -> !) {
    let Some(parent) = std::env::var_os(MARK) else { return };
    let parent = parent.to_str().and_then(|text| text.parse().ok());
    let open = rustix::io::fcntl_getfd(
        // SAFETY: the process has just begun; if somebody gave it no such descriptor, the call says so.
        unsafe { BorrowedFd::borrow_raw(BOOT) },
    );
    let (Some(parent), Ok(_)) = (parent, open) else {
        eprintln!("osier: {MARK} is set, but not by a process that starts this one; unset it");
        exit_now(1);
    };
    // SAFETY: nothing else runs in this process. `main` has not begun, and never will.
    unsafe { std::env::remove_var(MARK) };
    furnish();
    // What std does before `main`: a write that nobody reads is an error, and not the end.
    // SAFETY: no handler is installed.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_IGN) };
    // SAFETY: it is open, was given to this process for this, and nobody else knows of it.
    boot(unsafe { OwnedFd::from_raw_fd(BOOT) }, parent)
}

/// Puts something in the places of the first three descriptors, if nothing is there: what is opened next must not be
/// taken for stdout.
fn furnish() {
    for number in 0..BOOT {
        // SAFETY: if it is not open, the call says so.
        let place = unsafe { BorrowedFd::borrow_raw(number) };
        if rustix::io::fcntl_getfd(place).is_err() {
            // The lowest number that is free is this one.
            if let Ok(null) = std::fs::File::options().read(true).write(true).open("/dev/null") {
                std::mem::forget(null);
            }
        }
    }
}
