//! May this call switch here?
//!
//! The first answer is for every call there is: one thread-local load where no hub runs. The second one is for a call that
//! would wait: it must run in the task itself, and neither in a signal handler, which may have interrupted anything, nor
//! in a child of `vfork`, which has its parent's memory.
//!
//! A handler on a stack of its own shows by the stack pointer. On the task's stack it shows by its frame: the kernel has
//! it return to libc's restorer, so that address lies above it. What was left over from an earlier handler looks the same, so
//! a signal has to be blocked as well that was not when that frame was made, as it is while a handler runs. Looking at
//! a few KiB of one's own stack costs less than a system call, and there is one only where such a word is found. What is
//! not seen: a handler that blocks nothing (`SA_NODEFER`), or has a restorer of its own (Go's).
//!
//! # Why unsafe
//! It reads its own stack, word by word, and asks the kernel about signals.

use std::arch::asm;
use std::ffi::c_int;
use std::mem;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use osier_runtime::foreign;

use crate::real::kernel;
use crate::vfork;

/// Where handlers return to; 0: not known.
static RESTORER: AtomicUsize = AtomicUsize::new(0);
/// The process, as of its begin or of the fork that made it.
static PROCESS: AtomicI32 = AtomicI32::new(0);

/// Whether a task runs on this thread.
#[inline]
pub(crate) fn in_task() -> bool {
    foreign::in_task()
}

/// Whether the task that runs may wait right here.
#[inline(never)]
pub(crate) fn may_wait() -> bool {
    let sp = stack_pointer();
    foreign::may_wait(sp).is_some_and(|end| !is_borrowed() && !is_in_handler(sp, end))
}

#[inline(always)]
fn stack_pointer() -> usize {
    let sp;
    // SAFETY: copies a register.
    unsafe { asm!("mov {}, rsp", out(reg) sp, options(nomem, nostack, preserves_flags)) };
    sp
}

/// Whether this is another process, in the memory of the one that the task is of.
pub(crate) fn is_borrowed() -> bool {
    // SAFETY: the call takes nothing and does not fail.
    let now = || unsafe { kernel!(SYS_getpid) };
    vfork::is_going_on() && now() != Ok(PROCESS.load(Ordering::Relaxed) as usize)
}

/// Whether that is a place of the stack that this runs on, in use.
pub(crate) fn is_on_stack(at: usize) -> bool {
    let sp = stack_pointer();
    at >= sp && foreign::end_of_stack(sp).is_some_and(|end| at < end)
}

/// Words from the return address of a handler to the mask of signals that it returns to: itself, and a `ucontext_t` as
/// the kernel has it, of which the mask is the last.
const TO_MASK: usize = 1 + 296 / 8;

fn is_in_handler(sp: usize, end: usize) -> bool {
    let restorer = RESTORER.load(Ordering::Relaxed);
    let Some(last) = end.checked_sub((TO_MASK + 1) * WORD) else { return true };
    if restorer == 0 {
        return false;
    }
    let mut at = sp.next_multiple_of(WORD);
    while let Some(found) = find(restorer, at, last) {
        if blocks_more_than(word(found + TO_MASK * WORD) as u64) {
            return true;
        }
        at = found + WORD;
    }
    false
}

const WORD: usize = size_of::<usize>();
/// So many words are looked at in one go.
const GO: usize = 8;

/// Where that word lies on the stack that this runs on, between `at` and `last`, which is included.
fn find(wanted: usize, mut at: usize, last: usize) -> Option<usize> {
    while at <= last {
        // The halves of eight words are compared at once; what is alike in a half is looked at word by word.
        if last - at < GO * WORD || is_half_of_any(wanted, at) {
            let mut words = (at..=last).step_by(WORD).take(GO);
            if let Some(found) = words.find(|&place| word(place) == wanted) {
                return Some(found);
            }
        }
        at += GO * WORD;
    }
    None
}

/// Whether the low half of that word is a half of one of the eight words from there.
#[inline(always)]
fn is_half_of_any(wanted: usize, at: usize) -> bool {
    let found: u32;
    // SAFETY: as for one word. Registers for that are there on each x86-64.
    unsafe {
        asm!(
            "movd {wanted}, {half:e}",
            "pshufd {wanted}, {wanted}, 0",
            "movdqu {a}, [{at}]",
            "movdqu {b}, [{at} + 16]",
            "movdqu {c}, [{at} + 32]",
            "movdqu {d}, [{at} + 48]",
            "pcmpeqd {a}, {wanted}",
            "pcmpeqd {b}, {wanted}",
            "pcmpeqd {c}, {wanted}",
            "pcmpeqd {d}, {wanted}",
            "por {a}, {b}",
            "por {c}, {d}",
            "por {a}, {c}",
            "pmovmskb {found:e}, {a}",
            half = in(reg) wanted,
            at = in(reg) at,
            wanted = out(xmm_reg) _,
            a = out(xmm_reg) _,
            b = out(xmm_reg) _,
            c = out(xmm_reg) _,
            d = out(xmm_reg) _,
            found = out(reg) found,
            options(nostack, readonly, preserves_flags),
        );
    }
    found != 0
}

/// A word of the stack that this runs on.
fn word(at: usize) -> usize {
    let word;
    // SAFETY: between the stack pointer and the end of a stack that is mapped to there. By an instruction, as what
    // lies there may not be initialised, or be somebody's by right of a `&mut`.
    unsafe {
        asm!("mov {}, [{}]", out(reg) word, in(reg) at, options(nostack, readonly, preserves_flags));
    }
    word
}

/// Whether a signal is blocked now that is not in that mask.
fn blocks_more_than(before: u64) -> bool {
    let mut mask = 0_u64;
    let nothing = ptr::null::<u64>();
    // SAFETY: the kernel writes 8 bytes, as many as it is told that a mask has.
    let asked = unsafe { kernel!(SYS_rt_sigprocmask, 0, nothing, &raw mut mask, 8_usize) };
    asked.is_ok() && mask & !before != 0
}

/// What the kernel keeps of a signal.
#[repr(C)]
struct Action {
    handler: usize,
    flags: u64,
    restorer: usize,
    mask: u64,
}

fn action(signal: c_int) -> Option<Action> {
    let mut action = Action { handler: 0, flags: 0, restorer: 0, mask: 0 };
    let nothing = ptr::null::<Action>();
    // SAFETY: the kernel writes one such structure.
    let asked = unsafe { kernel!(SYS_rt_sigaction, signal, nothing, &raw mut action, 8_usize) };
    asked.is_ok().then_some(action)
}

/// Asks libc to enter an action that is there already, and sees which restorer it has given it.
fn find_restorer() -> usize {
    // SAFETY: the structure is libc's to fill, and what it says is put back as it was. Other threads do not run yet.
    let set = unsafe {
        let mut present: libc::sigaction = mem::zeroed();
        libc::sigaction(libc::SIGURG, ptr::null(), &raw mut present) == 0
            && libc::sigaction(libc::SIGURG, &raw const present, ptr::null_mut()) == 0
    };
    if !set {
        return 0;
    }
    action(libc::SIGURG).map_or(0, |action| action.restorer)
}

/// What is to be known before anybody asks; called by the loader.
extern "C" fn begin() {
    let _kept = crate::errno::Kept::here();
    RESTORER.store(find_restorer(), Ordering::Relaxed);
    note_process();
    // SAFETY: the functions stay where they are, and do what a child of a fork may. If there is no memory for that, a forked
    // child's copies of tasks wait as tasks.
    unsafe { libc::pthread_atfork(None, None, Some(in_child)) };
}

/// Runs in every child of a fork.
unsafe extern "C" fn in_child() {
    foreign::leave_behind();
    note_process();
    vfork::forget();
}

fn note_process() {
    // SAFETY: the call takes nothing and does not fail.
    let process = unsafe { kernel!(SYS_getpid) }.unwrap_or(0);
    PROCESS.store(process as i32, Ordering::Relaxed);
}

/// In a section that the loader reads, and nobody may drop; the number has it called before those without one, which may
/// not return (processes that call a registered function live in one).
#[used]
// SAFETY: the section is an array of such functions.
#[unsafe(link_section = ".init_array.00101")]
static BEGIN: extern "C" fn() = begin;
