//! `waitpid`, `wait4` and `waitid`: waiting for processes.
//!
//! Each asks the kernel without waiting. If there is nothing to be told yet, the task waits for the one process by a descriptor of it; for any of
//! several, or for one that stops or goes on, there is none, and the kernel is asked again and again. No signal is looked for:
//! SIGCHLD is the program's. Not by a pool of threads either: a wait for any child may last as long as the program.
//!
//! Errors are the kernel's, and so is who gets which child. A kill and a time-out end the wait with ECANCELED. EINTR is never
//! said by a task's wait: a handler of a signal runs, and the wait goes on, as with SA_RESTART.
//! Not taken over: `wait`, a word that programs use for functions of their own, and `wait3`.
//!
//! # Why unsafe
//! They take the place of libc's functions of those names, and hand pointers on to the kernel.

use std::ffi::{c_int, c_void};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use libc::{c_long, id_t, idtype_t, pid_t, rusage, siginfo_t};
use osier_runtime::beneath::Ears;
use osier_runtime::{Reason, Wake};

use crate::asking::Asking;
use crate::errno::{keeping, told};
use crate::futex::gate;
use crate::pidfd;
use crate::real::raw;
use crate::table::{Symbol, symbols};

pub(crate) const SYMBOLS: &[Symbol] = symbols![waitpid, wait4, waitid];

const REASON: Reason = Reason::new("waiting for a child process");

/// As libc's, but a task waits alone.
///
/// # Safety
/// As libc's: the pointer is null or good to be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn waitpid(pid: pid_t, status: *mut c_int, options: c_int) -> pid_t {
    // SAFETY: the caller's promise.
    unsafe { wait4(pid, status, options, std::ptr::null_mut()) }
}

/// As libc's, but a task waits alone.
///
/// # Safety
/// As libc's: the pointers are null or good to be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn wait4(
    pid: pid_t,
    status: *mut c_int,
    options: c_int,
    usage: *mut rusage,
) -> pid_t {
    let ask = |options: c_int| {
        let args = [pid as usize, status as usize, options as usize, usage as usize, 0, 0];
        // SAFETY: the caller's promise.
        unsafe { raw(libc::SYS_wait4, args) }
    };
    // It may say more than that it has ended; that no descriptor does.
    let one = pid > 0 && options & !libc::WNOHANG == 0;
    let result = wait(options, ask, || one.then_some(Which::Process(pid)));
    told(result) as pid_t
}

/// As libc's, but a task waits alone.
///
/// # Safety
/// As libc's: the pointer is null or good to be written to.
#[unsafe(no_mangle)]
unsafe extern "C" fn waitid(
    kind: idtype_t,
    id: id_t,
    info: *mut siginfo_t,
    options: c_int,
) -> c_int {
    let mut mine = MaybeUninit::<siginfo_t>::zeroed();
    let mut ask = |options: c_int| {
        // Into our own, as nothing but what is written there tells that there was a child; zeroed, as it may not be written to.
        mine = MaybeUninit::zeroed();
        let place: *mut c_void = mine.as_mut_ptr().cast();
        let args = [kind as usize, id as usize, place as usize, options as usize, 0, 0];
        // SAFETY: it is right here.
        let result = unsafe { raw(libc::SYS_waitid, args) };
        // SAFETY: all of it is numbers, and zeros are some.
        let pid = unsafe { mine.assume_init_ref().si_pid() };
        if result == 0 && pid != 0 { FOUND } else { result }
    };
    let what = libc::WEXITED | libc::WNOWAIT | libc::WNOHANG;
    let which = || match kind {
        libc::P_PID if options & !what == 0 => Some(Which::Process(id as pid_t)),
        libc::P_PIDFD if options & !what == 0 => Some(Which::Descriptor(id as c_int)),
        _ => None,
    };
    let result = wait(options, &mut ask, which);
    if result >= 0 && !info.is_null() {
        // SAFETY: the caller's promise.
        unsafe { info.write(mine.assume_init()) };
    }
    told(result.min(0)) as c_int
}

/// What `ask` says for a child that was found; any number that is not zero.
const FOUND: c_long = 1;

/// How often a wait for a descriptor may end for nothing.
const BELIEF: u32 = 8;

/// One process that says when it has ended.
enum Which {
    Process(pid_t),
    /// By a descriptor of the caller's.
    Descriptor(c_int),
}

/// Asks, and waits while there is nothing to be told.
fn wait(
    options: c_int,
    mut ask: impl FnMut(c_int) -> c_long,
    which: impl FnOnce() -> Option<Which>,
) -> c_long {
    if options & libc::WNOHANG != 0 || gate::enter(Ears::Open).is_none() {
        return ask(options);
    }
    keeping(|| wait_in_task(options, ask_without_waiting(&mut ask), which()))
        .unwrap_or_else(|| ask(options))
}

fn ask_without_waiting<'a>(
    ask: &'a mut impl FnMut(c_int) -> c_long,
) -> impl FnMut(c_int) -> c_long + 'a {
    move |options| ask(options | libc::WNOHANG)
}

/// None where the OS thread has to wait after all.
fn wait_in_task(
    options: c_int,
    mut ask: impl FnMut(c_int) -> c_long,
    which: Option<Which>,
) -> Option<c_long> {
    let mut patience = Asking::new(Ears::Open, REASON);
    let mut end: Option<OwnedFd> = None;
    for round in 0.. {
        let answer = ask(options);
        if answer != 0 {
            return Some(answer);
        }
        if round == 0
            && let Some(Which::Process(pid)) = which
        {
            end = pidfd::of_process(pid);
            continue; // it may have been another's child by then: ask first
        }
        let fd = match (&end, &which) {
            (Some(end), _) => Some(end.as_fd()),
            // SAFETY: the kernel has just taken it for a descriptor; whoever closes it meanwhile has the wait end for nothing.
            (None, Some(Which::Descriptor(fd))) => Some(unsafe { BorrowedFd::borrow_raw(*fd) }),
            _ => None,
        };
        // One that speaks and speaks, and the kernel says no, is not to be believed.
        let fd = fd.filter(|_| round < BELIEF);
        let wake = patience.wait_for(fd)?;
        if wake == Wake::Killed {
            return Some(-c_long::from(libc::ECANCELED));
        }
    }
    None
}
