//! Whether a call of libc may switch tasks where it was made.
//!
//! Whether a task runs, and one that may wait, is the runtime's to say ([`Beneath::begin`]). Here is what it cannot know: that
//! this is a copy of the process, or a handler of a signal.
//!
//! # Why unsafe
//! The kernel is asked, with pointers to what it fills in.

use std::cell::Cell;
use std::mem::zeroed;
use std::ptr;

use osier_runtime::beneath::{self, Beneath, Ears};

use super::kernel::raw;

thread_local! {
    /// A hub of this thread, by its number, and the process that it was first seen in.
    static HOME: Cell<(u32, i32)> = const { Cell::new((0, 0)) };
}

/// The right to wait in a task, if this is a place for it; otherwise the OS thread waits.
pub(crate) fn enter(ears: Ears) -> Option<Beneath> {
    let hub = beneath::hub_number()?;
    (is_home(hub) && !is_on_alternate_stack()).then(|| Beneath::begin(ears))?
}

/// Whether the hub is of this process, and not a copy that a `fork` or `vfork` has made.
fn is_home(hub: u32) -> bool {
    // SAFETY: it takes no arguments.
    let pid = unsafe { raw(libc::SYS_getpid, [0; 6]) } as i32;
    let (known, home) = HOME.get();
    if known != hub {
        HOME.set((hub, pid));
        return true;
    }
    home == pid
}

/// Whether this is the handler of a signal, on a stack of its own.
fn is_on_alternate_stack() -> bool {
    // SAFETY: it is plain numbers and a pointer that nobody follows.
    let mut stack: libc::stack_t = unsafe { zeroed() };
    // SAFETY: the kernel fills in what the pointer is to, and changes nothing.
    let result = unsafe {
        raw(
            libc::SYS_sigaltstack,
            [ptr::null::<()>() as usize, &raw mut stack as usize, 0, 0, 0, 0],
        )
    };
    result == 0 && stack.ss_flags & libc::SS_ONSTACK != 0
}
