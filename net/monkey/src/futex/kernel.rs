//! System calls that no hook sees, and errno.
//!
//! # Why unsafe
//! A system call is an instruction, and what the kernel does to memory is between it and the caller. errno is a
//! thread-local of libc's, reached by a pointer.

use std::arch::asm;

use libc::{c_int, c_long};

/// Calls the kernel; minus the number of the error if it fails.
///
/// # Safety
/// As for the call that is made: pointers among the arguments are what that call takes them for.
#[inline(always)]
pub(crate) unsafe fn raw(number: c_long, args: [usize; 6]) -> c_long {
    let result: c_long;
    // SAFETY: the kernel keeps all registers but these; what it does to memory the caller has promised to be allowed.
    unsafe {
        asm!(
            "syscall",
            inlateout("rax") number => result,
            in("rdi") args[0], in("rsi") args[1], in("rdx") args[2],
            in("r10") args[3], in("r8") args[4], in("r9") args[5],
            lateout("rcx") _, lateout("r11") _,
            options(nostack),
        );
    }
    result
}

/// What the kernel has said, as libc's functions say it: -1, and errno.
#[inline(always)]
pub(crate) fn told(result: c_long) -> c_long {
    // The last page of addresses is the kernel's errors, and nothing else.
    if (-4095..0).contains(&result) { fail(result) } else { result }
}

#[cold]
fn fail(result: c_long) -> c_long {
    set_errno(-result as c_int);
    -1
}

/// This thread's errno.
pub(crate) fn errno() -> c_int {
    // SAFETY: it is this thread's own, for as long as that lives.
    unsafe { *libc::__errno_location() }
}

/// Sets it.
pub(crate) fn set_errno(errno: c_int) {
    // SAFETY: as in `errno`.
    unsafe { *libc::__errno_location() = errno }
}

/// Runs `f` and leaves errno as it was.
pub(crate) fn keeping_errno<R>(f: impl FnOnce() -> R) -> R {
    let errno = errno();
    let result = f();
    set_errno(errno);
    result
}
