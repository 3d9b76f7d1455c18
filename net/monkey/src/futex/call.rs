//! The symbol `syscall`, which std calls for `futex` and for little else.
//!
//! It is variadic in C. A function of seven words reads the same registers and the same place on the stack, as libc's own does:
//! what the caller has not given is not looked at by the call it makes.
//!
//! # Why unsafe
//! It takes the place of libc's function of that name, which any code may call with anything.

use std::arch::naked_asm;

use libc::{c_int, c_long};

use super::kernel::{self, raw};
use super::wait::{self, Wait};
use super::wake;

/// As libc's: everything goes to the kernel as it is, but `futex`.
///
/// # Safety
/// As the system call that is made.
#[unsafe(no_mangle)]
#[unsafe(naked)]
pub(super) unsafe extern "C" fn syscall(
    number: c_long,
    a: usize,
    b: usize,
    c: usize,
    d: usize,
    e: usize,
    f: usize,
) -> c_long {
    // By hand, as libc has it: two instructions more, and no frame, so that a call which returns twice does no more harm.
    naked_asm!(
        "cmp rdi, {futex_number}",
        "je {futex}",
        "mov rax, rdi",
        "mov rdi, rsi",
        "mov rsi, rdx",
        "mov rdx, rcx",
        "mov r10, r8",
        "mov r8, r9",
        "mov r9, [rsp + 8]",
        "syscall",
        "cmp rax, -4095",
        "jae 2f",
        "ret",
        "2:",
        "mov rdi, rax",
        "jmp {told}",
        futex_number = const libc::SYS_futex,
        futex = sym futex,
        told = sym told,
    )
}

extern "C" fn told(result: c_long) -> c_long {
    kernel::told(result)
}

/// The arguments of `futex`, as they came.
#[derive(Clone, Copy)]
pub(super) struct Call {
    /// The word.
    pub(super) word: usize,
    /// Operation and flags.
    pub(super) operation: c_int,
    /// What the word is to hold, or how many to wake.
    pub(super) value: u32,
    /// A time, or how many to wake or to move.
    pub(super) fourth: usize,
    /// A second word.
    pub(super) other: usize,
    /// A set of bits, or what the word is to hold.
    pub(super) last: u32,
}

impl Call {
    /// Makes it, in the kernel.
    ///
    /// # Safety
    /// It is as whoever called `syscall` has made it.
    pub(super) unsafe fn forward(&self) -> c_long {
        let Call { word, operation, value, fourth, other, last } = *self;
        let args = [word, operation as usize, value as usize, fourth, other, last as usize];
        // SAFETY: the caller's promise.
        unsafe { raw(libc::SYS_futex, args) }
    }

    /// What it asks for, without flags.
    pub(super) fn command(&self) -> c_int {
        self.operation & libc::FUTEX_CMD_MASK
    }

    /// What the table knows the word by: one that other processes may share is not the one of this process alone.
    pub(super) fn key(&self) -> usize {
        self.key_of(self.word)
    }

    /// The same, for the other word.
    pub(super) fn other_key(&self) -> usize {
        self.key_of(self.other)
    }

    /// Whether other processes may wait for the word, or wake.
    pub(super) fn is_shared(&self) -> bool {
        self.operation & libc::FUTEX_PRIVATE_FLAG == 0
    }

    fn key_of(&self, word: usize) -> usize {
        // Words lie at multiples of four, or the kernel refuses.
        word & !3 | usize::from(self.is_shared())
    }
}

/// # Safety
/// As the system call.
unsafe extern "C" fn futex(
    _number: c_long,
    word: usize,
    operation: c_int,
    value: u32,
    fourth: usize,
    other: usize,
    last: u32,
) -> c_long {
    let call = Call { word, operation, value, fourth, other, last };
    // SAFETY: whoever called `syscall` has promised what the call asks for.
    let result = unsafe {
        match call.command() {
            libc::FUTEX_WAKE => wake::wake(&call, u32::MAX),
            libc::FUTEX_WAKE_BITSET => wake::wake(&call, last),
            libc::FUTEX_WAIT => wait::wait(&Wait::relative(call)),
            libc::FUTEX_WAIT_BITSET => wait::wait(&Wait::absolute(call)),
            libc::FUTEX_REQUEUE | libc::FUTEX_CMP_REQUEUE => wake::requeue(&call),
            libc::FUTEX_WAKE_OP => wake::wake_two(&call),
            // Locks with an owner, which the kernel knows by its thread: tasks are nobody to it.
            _ => call.forward(),
        }
    };
    kernel::told(result)
}
