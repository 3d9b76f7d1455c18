//! `vfork`: a child that runs in its parent's memory, on its stack, until it calls `exec` or `_exit`.
//!
//! In it the task of the parent seems to run. If it waited, the child would go on with the other tasks of the parent. So it is
//! counted how many such children there are: while there are any, whoever would wait asks for its number. What libc does of that
//! kind inside (posix_spawn) calls none of our functions.
//!
//! # Why unsafe
//! A function that returns twice can only be written in assembler: the child's calls overwrite its frame, so the
//! return address is kept in a register, as libc does.

use std::arch::naked_asm;
use std::ffi::c_int;
use std::sync::atomic::{AtomicI32, Ordering};

use crate::errno;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![vfork];

/// How many children run in this process's memory. A child of `exec` takes none along.
static GOING_ON: AtomicI32 = AtomicI32::new(0);

/// Whether there is such a child, or may be.
#[inline]
pub(crate) fn is_going_on() -> bool {
    GOING_ON.load(Ordering::Relaxed) != 0
}

/// For a child that has memory of its own.
pub(crate) fn forget() {
    GOING_ON.store(0, Ordering::Relaxed);
}

/// See vfork(2).
///
/// # Safety
/// See vfork(2).
#[unsafe(naked)]
#[unsafe(no_mangle)]
pub(crate) unsafe extern "C" fn vfork() -> c_int {
    naked_asm!(
        "lock inc dword ptr [rip + {going_on}]",
        "pop rdi",
        "mov eax, 58",
        "syscall",
        "push rdi",
        "test eax, eax",
        "jz 2f",
        "lock dec dword ptr [rip + {going_on}]",
        "test eax, eax",
        "js 3f",
        "2:",
        "ret",
        "3:",
        "mov edi, eax",
        "jmp {failed}",
        going_on = sym GOING_ON,
        failed = sym failed,
    )
}

extern "C" fn failed(error: c_int) -> c_int {
    errno::set(-error);
    -1
}
