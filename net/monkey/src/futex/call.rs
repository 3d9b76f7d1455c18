//! The symbol `syscall`, which std calls for `futex` and for little else.
//!
//! It is variadic in C. A function of seven words reads the same registers and the same place on the stack, as libc's own does:
//! what the caller has not given is not looked at by the call it makes.
//!
//! # Why unsafe
//! It takes the place of libc's function of that name, which any code may call with anything.

use std::arch::naked_asm;

use libc::{c_int, c_long};
use osier_runtime::beneath;

use super::table;
use super::wait::{self, Wait};
use super::wake;
use crate::errno;
use crate::real::raw;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![syscall];

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
        "je 3f",
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
        "3:",
        "mov eax, edx",
        "and eax, {command}",
        "cmp eax, {wake_command}",
        "je {wake}",
        "cmp eax, {wake_bits_command}",
        "je {wake}",
        "cmp eax, {wait_command}",
        "je {wait}",
        "cmp eax, {wait_bits_command}",
        "je {wait}",
        "jmp {among_tasks}",
        futex_number = const libc::SYS_futex,
        command = const libc::FUTEX_CMD_MASK,
        wake_command = const libc::FUTEX_WAKE,
        wake_bits_command = const libc::FUTEX_WAKE_BITSET,
        wait_command = const libc::FUTEX_WAIT,
        wait_bits_command = const libc::FUTEX_WAIT_BITSET,
        wake = sym wake,
        wait = sym wait,
        among_tasks = sym among_tasks,
        told = sym told,
    )
}

extern "C" fn told(result: c_long) -> c_long {
    errno::told(result)
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
    #[inline(always)]
    pub(super) unsafe fn forward(&self) -> c_long {
        let Call { word, operation, value, fourth, other, last } = *self;
        let args = [word, operation as usize, value as usize, fourth, other, last as usize];
        // SAFETY: the caller's promise.
        unsafe { raw(libc::SYS_futex, args) }
    }

    /// What it asks for, without flags.
    #[inline(always)]
    pub(super) fn command(&self) -> c_int {
        self.operation & libc::FUTEX_CMD_MASK
    }

    /// Which wakes are heard: those that have a bit of this.
    pub(super) fn bits(&self) -> u32 {
        if self.command() == libc::FUTEX_WAKE_BITSET { self.last } else { u32::MAX }
    }

    /// What the table knows the word by: one that other processes may share is not the one of this process alone.
    #[inline(always)]
    pub(super) fn key(&self) -> usize {
        self.key_of(self.word)
    }

    /// The same, for the other word.
    pub(super) fn other_key(&self) -> usize {
        self.key_of(self.other)
    }

    /// Whether other processes may wait for the word, or wake.
    #[inline(always)]
    pub(super) fn is_shared(&self) -> bool {
        self.operation & libc::FUTEX_PRIVATE_FLAG == 0
    }

    #[inline(always)]
    fn key_of(&self, word: usize) -> usize {
        // Words lie at multiples of four, or the kernel refuses.
        word & !3 | usize::from(self.is_shared())
    }
}

/// A wake. Where no task waits, it is the kernel's call and a look before and after it.
///
/// # Safety
/// As the system call.
unsafe extern "C" fn wake(
    _number: c_long,
    word: usize,
    operation: c_int,
    value: u32,
    fourth: usize,
    other: usize,
    last: u32,
) -> c_long {
    let call = Call { word, operation, value, fourth, other, last };
    let shard = table::shard(call.key());
    if !shard.is_empty() {
        // SAFETY: the caller's promise.
        return unsafe { among_tasks(0, word, operation, value, fourth, other, last) };
    }
    // SAFETY: the caller's promise.
    let woken = unsafe { call.forward() };
    // Its fence lies between what the caller has written to the word and this look: a task that is about to wait sees that, or is
    // seen here.
    if woken < 0 || shard.is_empty() {
        return errno::told(woken);
    }
    errno::told(wake::wake_more(call, woken))
}

/// A wait. On a thread without a hub it is the kernel's.
///
/// # Safety
/// As the system call.
unsafe extern "C" fn wait(
    _number: c_long,
    word: usize,
    operation: c_int,
    value: u32,
    fourth: usize,
    other: usize,
    last: u32,
) -> c_long {
    // SAFETY: the caller's promise.
    unsafe {
        if beneath::hub_number().is_some() {
            return among_tasks(0, word, operation, value, fourth, other, last);
        }
        let args = [word, operation as usize, value as usize, fourth, other, last as usize];
        errno::told(raw(libc::SYS_futex, args))
    }
}

/// # Safety
/// As the system call.
#[cold]
#[inline(never)]
unsafe extern "C" fn among_tasks(
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
            libc::FUTEX_WAKE | libc::FUTEX_WAKE_BITSET => wake::wake(&call),
            libc::FUTEX_WAIT => wait::wait(&Wait::relative(call)),
            libc::FUTEX_WAIT_BITSET => wait::wait(&Wait::absolute(call)),
            libc::FUTEX_REQUEUE | libc::FUTEX_CMP_REQUEUE => wake::requeue(&call),
            libc::FUTEX_WAKE_OP => wake::wake_two(&call),
            // Locks with an owner, which the kernel knows by its thread: tasks are nobody to it.
            _ => call.forward(),
        }
    };
    errno::told(result)
}
