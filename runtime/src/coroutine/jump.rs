//! The jump: our own switch for x86-64 Linux, symmetric, a dozen instructions.
//!
//! It saves rbp, rbx and the address to go on at on the stack that it leaves, the stack pointer with the owner, and
//! declares every other register clobbered, so the compiler spills what is alive and nothing else.
//! It leaves by an indirect `jmp`: a `call` or `ret` here would put the CPU's return predictor
//! out of step with the stack that it comes to, and each frame on the way out would pay for it.
//! Tasks that run the same code return through each other's predictions.
//!
//! The technique of clobbering everything is that of libfringe and corosensei.
//!
//! ```text
//!   a fresh stack                 top: 16-aligned, coloured
//!   top -  8: 0                   the return address of `bottom`: here backtraces end
//!   top - 16: rbp                 0
//!   top - 24: rbx                 the root, for `begin`
//!   top - 32: pc                  `begin`; the saved stack pointer points here
//! ```
//! `bottom` begins with rsp at top - 8, as the ABI wants it: 8 off a multiple of 16.

use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
use std::arch::{asm, naked_asm};
use std::cell::{Cell, UnsafeCell};
use std::fmt;
use std::ptr;

use super::{Body, Word};
use crate::stack::Stack;

/// What is on a fresh stack, in bytes: see the picture.
const FRESH: usize = 32;

/// Saves who runs at `$from` and goes on with who is saved at `$to`; further operands travel in their registers.
///
/// All registers that are not saved are declared clobbered; memory is not `nomem`, so the compiler assumes that
/// anything may have been read and written meanwhile. Not `nostack`: it may push, as the compiler keeps
/// nothing below the stack pointer.
macro_rules! jump {
    ($from:expr, $to:expr $(, $($handed:tt)+)?) => {
        asm!(
            "lea rax, [rip + 2f]",
            "push rbp",
            "push rbx",
            "push rax",
            "mov [rdi], rsp",
            "mov rsp, [rsi]",
            "pop rax",
            "pop rbx",
            "pop rbp",
            "jmp rax",
            "2:",
            inout("rdi") $from => _,
            inout("rsi") $to => _,
            $($($handed)+,)?
            out("r12") _,
            out("r13") _,
            out("r14") _,
            out("r15") _,
            clobber_abi("sysv64"),
        )
    };
}

/// A coroutine may switch straight to another.
pub(crate) const DIRECT: bool = true;

/// Where the stack of code that does not run ends: at its saved registers.
type Sp = UnsafeCell<usize>;

/// The OS thread's own side.
#[derive(Debug)]
pub(crate) struct Root {
    /// Valid while a coroutine runs.
    sp: Sp,
}

/// Code on a stack of its own.
#[repr(C)]
pub(crate) struct Coroutine {
    /// Valid while it is prepared or suspended.
    sp: Sp,
    /// The stack that its code stands on; none before it starts and after it ends.
    stack: Cell<Option<Stack>>,
}

impl fmt::Debug for Coroutine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Coroutine").finish_non_exhaustive()
    }
}

/// What the root gets back; the jump leaves nothing to be put in order.
#[derive(Debug)]
pub(crate) struct Back;

impl Back {
    /// Stores what was suspended with its owner.
    pub(crate) fn keep(self, _owner: Option<&Coroutine>) -> Option<Stack> {
        None
    }
}

impl Root {
    /// A root from which nothing was entered yet.
    pub(crate) const fn new() -> Root {
        Root { sp: Sp::new(0) }
    }

    /// Runs `to` until somebody leaves to this root.
    ///
    /// # Safety
    /// The caller runs on the root's stack, no coroutine of this root runs, `to` is prepared or
    /// suspended.
    #[inline(always)]
    pub(crate) unsafe fn enter(&self, to: &Coroutine) -> Back {
        // SAFETY: the caller's promise; the root's place is free to be written.
        unsafe { switch(self.sp.get(), to.sp.get()) };
        Back
    }
}

impl Coroutine {
    /// A place without a stack.
    pub(crate) const fn new() -> Coroutine {
        Coroutine { sp: Sp::new(0), stack: Cell::new(None) }
    }

    /// Puts `B` on a stack; it begins when it is first switched to.
    ///
    /// # Safety
    /// The stack is in no other's use, this place has none, and it stays where it is in memory
    /// until its code has ended.
    pub(crate) unsafe fn prepare<B: Body>(&self, root: &Root, stack: Stack) {
        let begin = begin::<B> as *const () as usize;
        let sp = stack.top() - FRESH;
        // SAFETY: the top words of an unused stack, and a place that nobody uses.
        unsafe {
            *(sp as *mut [usize; 4]) = [begin, ptr::from_ref(root) as usize, 0, 0];
            *self.sp.get() = sp;
        }
        self.stack.set(Some(stack));
    }

    /// Takes over the stack of one that has ended, on which the caller still runs.
    pub(crate) fn inherit(&self, ended: &Coroutine) {
        let lost = self.stack.replace(ended.stack.take());
        assert!(lost.is_none(), "a stack is inherited by who has none");
    }

    /// Gives up the stack; the caller may still run on it, but not for long.
    pub(crate) fn release(&self) -> Option<Stack> {
        self.stack.take()
    }

    /// Looks at the stack that it stands on.
    pub(crate) fn with_stack<R>(&self, look: impl FnOnce(&Stack) -> R) -> Option<R> {
        let stack = self.stack.take();
        let seen = stack.as_ref().map(look);
        self.stack.set(stack);
        seen
    }

    /// Has the CPU fetch this control block.
    #[inline]
    pub(crate) fn prefetch(&self) {
        // SAFETY: a prefetch has no effect but on caches.
        unsafe { _mm_prefetch::<_MM_HINT_T0>(self.sp.get().cast()) };
    }

    /// Has the CPU fetch the part of the stack that it will go on with: three cache lines.
    #[inline]
    pub(crate) fn prefetch_stack(&self) {
        let sp = self.saved_sp() as *const i8;
        // SAFETY: as above; any address will do.
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(sp);
            _mm_prefetch::<_MM_HINT_T0>(sp.wrapping_add(64));
            _mm_prefetch::<_MM_HINT_T0>(sp.wrapping_add(128));
        }
    }

    /// The saved stack pointer; of use only while it is suspended.
    #[inline]
    pub(crate) fn saved_sp(&self) -> usize {
        // SAFETY: one thread, and nobody writes it during the read.
        unsafe { *self.sp.get() }
    }

    /// Suspends this one and goes on with whoever entered it.
    ///
    /// # Safety
    /// This is the coroutine that runs, entered from `root`.
    #[inline(always)]
    pub(crate) unsafe fn leave(&self, root: &Root) {
        // SAFETY: the caller's promise.
        unsafe { switch(self.sp.get(), root.sp.get()) }
    }

    /// Suspends this one and goes on with another.
    ///
    /// # Safety
    /// This is the coroutine that runs; `to` is prepared or suspended, and of the same root.
    #[inline(always)]
    pub(crate) unsafe fn hop(&self, to: &Coroutine) {
        // SAFETY: the caller's promise.
        unsafe { switch(self.sp.get(), to.sp.get()) }
    }

    /// Does as [`hop`](Coroutine::hop) and hands a word over; gives the word that it is gone on with.
    ///
    /// None if whoever went on with it has ended, or had no word.
    ///
    /// # Safety
    /// As for `hop`; and `to` is prepared, or has left by this.
    #[inline(always)]
    pub(crate) unsafe fn hop_with(&self, to: &Coroutine, word: Option<Word>) -> Option<Word> {
        // SAFETY: the caller's promise.
        unsafe { switch_with(self.sp.get(), to.sp.get(), word) }
    }
}

/// Switches as [`switch`] does, and hands a word over; gives the word that comes back.
///
/// None comes back if whoever was there before has ended.
///
/// # Safety
/// As for `switch`; and `to` was written by this function or by `prepare`.
#[inline(always)]
unsafe fn switch_with(from: *mut usize, to: *const usize, word: Option<Word>) -> Option<Word> {
    let (mut some, mut word) = match word {
        Some(word) => (1_usize, word),
        None => (0, Word::uninit()),
    };
    // SAFETY: as in `switch`; rcx and rdx are what both sides agree upon.
    unsafe { jump!(from, to, inout("rdx") word, inout("rcx") some) };
    (some != 0).then_some(word)
}

/// Hides from the compiler where an address comes from, so that it is kept in a register as it is.
///
/// Else it keeps what the address is computed from, and the sum on the stack; the next stack pointer
/// is then read through the last one, twice the latency of a switch.
#[inline(always)]
#[allow(clippy::pointers_in_nomem_asm_block, reason = "what it points to is not looked at")]
pub(super) fn opaque<T>(mut at: *const T) -> *const T {
    // SAFETY: no instruction at all.
    unsafe { asm!("/* {0} */", inout(reg) at, options(pure, nomem, nostack, preserves_flags)) };
    at
}

/// Where a fresh stack begins: hands over what `prepare` has left in rbx.
#[unsafe(naked)]
unsafe extern "C" fn begin<B: Body>() -> ! {
    naked_asm!("mov rdi, rbx", "jmp {bottom}", bottom = sym bottom::<B>)
}

/// The first frame of every stack.
unsafe extern "C" fn bottom<B: Body>(root: *const Root) -> ! {
    let next = B::run();
    // SAFETY: `run` names a coroutine that is prepared or suspended, or null: then this one's
    // root, which waits in `enter`. Nobody comes back to this stack.
    unsafe {
        let to = if next.is_null() { (*root).sp.get() } else { (*next).sp.get() };
        asm!(
            "mov rsp, [rsi]",
            "pop rax",
            "pop rbx",
            "pop rbp",
            "xor ecx, ecx", // no word, for who has switched with one
            "jmp rax",
            in("rsi") to,
            options(noreturn),
        )
    }
}

/// Saves the caller in `from` and goes on with `to`; returns when somebody switches back.
///
/// # Safety
/// `from` is writable and stays in place; `to` was written by this function or by `prepare`, and
/// has not been gone on with since.
#[inline(always)]
unsafe fn switch(from: *mut usize, to: *const usize) {
    // SAFETY: see `jump`; the caller's promise.
    unsafe { jump!(from, to) }
}
