//! Signals that arrive as bytes to read, and holding them back over a fork.
//!
//! The handler writes the signal's number to a pipe and calls whatever handler was there before. The writing end is
//! never closed, but for a copy that a fork made: a handler that was overtaken writes to it still, and would write to a stranger. A forked
//! child has the parent's handler, and a copy of its pipe; so the handler asks whose process it is in. Nothing is blocked for
//! longer than a fork takes, so programs that are started meanwhile, and other OS threads, get their signals.

use std::ffi::{c_int, c_void};
use std::io;
use std::mem;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::ptr;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicU32, AtomicUsize, Ordering};

use osier_runtime::stay::Mutex;
use rustix::pipe::{PipeFlags, pipe_with};

/// Asks a process to end when it has finished what it does.
pub(crate) const TERM: c_int = libc::SIGTERM;
/// Asks it to end at once: Ctrl-C.
pub(crate) const INT: c_int = libc::SIGINT;

/// Signals are numbered below this, real-time ones included.
const SIGNALS: usize = 65;

type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// The pipe of a process that catches signals.
struct Pipe {
    /// Which process has made it; in a forked child it is the parent's.
    process: u32,
    reading: OwnedFd,
    _writing: OwnedFd,
}

static PIPE: Mutex<Option<Pipe>> = Mutex::new(None);
/// Where the handler writes, in the process that is `OWNER`.
static SLOT: AtomicI32 = AtomicI32::new(-1);
static OWNER: AtomicU32 = AtomicU32::new(0);
/// The process in which somebody reads; none is 0.
static TAKEN: AtomicU32 = AtomicU32::new(0);
/// The handlers that were there before, by signal; 0 is none.
static BEFORE: [AtomicUsize; SIGNALS] = [const { AtomicUsize::new(0) }; SIGNALS];
/// Whether those take three arguments.
static DETAILED: [AtomicBool; SIGNALS] = [const { AtomicBool::new(false) }; SIGNALS];

/// Signals that are caught for as long as this lives.
pub(crate) struct Caught {
    /// What the process did on them before.
    before: Vec<(c_int, libc::sigaction)>,
}

impl Caught {
    /// Catches these signals; what reads one byte for each that has come.
    ///
    /// # Errors
    ///
    /// `ResourceBusy` when they are caught already; when there are no descriptors left.
    pub(crate) fn new(signals: &[c_int]) -> io::Result<(Caught, OwnedFd)> {
        let me = std::process::id();
        if TAKEN.swap(me, Ordering::AcqRel) == me {
            let text = "signals of this process are waited for already: by another front";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
        }
        let mut caught = Caught { before: Vec::new() };
        let reading = ready_pipe(me)?;
        for &signal in signals {
            let before = action(signal)?;
            remember(signal, &before);
            install(signal)?;
            caught.before.push((signal, before));
        }
        Ok((caught, reading))
    }
}

impl Drop for Caught {
    fn drop(&mut self) {
        for (signal, before) in &self.before {
            let now = action(*signal).map(|now| now.sa_sigaction);
            // Another handler that came later stays.
            if now.is_ok_and(|now| now == handler()) {
                // SAFETY: what the kernel has said of this signal before.
                unsafe { libc::sigaction(*signal, before, ptr::null_mut()) };
            }
        }
        TAKEN.store(0, Ordering::Release);
    }
}

/// The reading end of this process' own pipe, with nothing in it.
fn ready_pipe(me: u32) -> io::Result<OwnedFd> {
    let mut pipe = PIPE.lock().unwrap_or_else(PoisonError::into_inner);
    if pipe.as_ref().is_none_or(|pipe| pipe.process != me) {
        let (reading, writing) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
        SLOT.store(writing.as_raw_fd(), Ordering::Release);
        OWNER.store(me, Ordering::Release);
        *pipe = Some(Pipe { process: me, reading, _writing: writing });
    }
    let reading = pipe.as_ref().expect("it was made").reading.try_clone()?;
    while rustix::io::read(&reading, &mut [0_u8; 64]).is_ok_and(|n| n > 0) {}
    Ok(reading)
}

fn handler() -> usize {
    on_signal as Handler as usize
}

fn action(signal: c_int) -> io::Result<libc::sigaction> {
    // SAFETY: all zeros is a valid sigaction.
    let mut action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: a query, written into `action`.
    check(unsafe { libc::sigaction(signal, ptr::null(), &raw mut action) })?;
    Ok(action)
}

/// Notes whom the handler is to call as well.
fn remember(signal: c_int, before: &libc::sigaction) {
    let place = usize::try_from(signal).expect("a signal's number");
    let old = before.sa_sigaction;
    if old == handler() {
        return; // a fork's parent has caught it: whom that calls is noted
    }
    let is_one = old != libc::SIG_DFL && old != libc::SIG_IGN;
    DETAILED[place].store(before.sa_flags & libc::SA_SIGINFO != 0, Ordering::Release);
    BEFORE[place].store(if is_one { old } else { 0 }, Ordering::Release);
}

fn install(signal: c_int) -> io::Result<()> {
    // SAFETY: all zeros is a valid sigaction.
    let mut new: libc::sigaction = unsafe { mem::zeroed() };
    new.sa_sigaction = handler();
    new.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
    // SAFETY: the handler has the signature that SA_SIGINFO asks for, and is async-signal-safe.
    check(unsafe { libc::sigaction(signal, &raw const new, ptr::null_mut()) })
}

/// Two system calls, and whatever the handler before does.
extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: this thread's own, which is always there.
    let errno = unsafe { *libc::__errno_location() };
    let me = rustix::process::getpid().as_raw_nonzero().get().unsigned_abs();
    if OWNER.load(Ordering::Acquire) == me {
        // SAFETY: the process that has made it never closes it.
        let slot = unsafe { BorrowedFd::borrow_raw(SLOT.load(Ordering::Acquire)) };
        // Full, it holds enough of them.
        let _ = rustix::io::write(slot, &[signal as u8]);
    }
    let place = usize::try_from(signal).unwrap_or(0) % SIGNALS;
    let before = BEFORE[place].load(Ordering::Acquire);
    if before != 0 && DETAILED[place].load(Ordering::Acquire) {
        // SAFETY: the kernel has said that it is one that takes three arguments.
        let before = unsafe { mem::transmute::<usize, Handler>(before) };
        before(signal, info, context);
    } else if before != 0 {
        // SAFETY: the kernel has said that it is one that takes the number alone.
        let before = unsafe { mem::transmute::<usize, extern "C" fn(c_int)>(before) };
        before(signal);
    }
    // SAFETY: as above.
    unsafe { *libc::__errno_location() = errno };
}

/// This OS thread's signals are held back until this goes.
pub(crate) struct Held {
    before: libc::sigset_t,
}

/// Holds these signals back: they are delivered later.
///
/// # Errors
///
/// None that is known.
pub(crate) fn hold(signals: &[c_int]) -> io::Result<Held> {
    let mut set = nothing();
    for &signal in signals {
        // SAFETY: `set` is a set.
        check(unsafe { libc::sigaddset(&raw mut set, signal) })?;
    }
    let mut before = nothing();
    // SAFETY: both are sets.
    let error = unsafe { libc::pthread_sigmask(libc::SIG_BLOCK, &raw const set, &raw mut before) };
    if error == 0 { Ok(Held { before }) } else { Err(io::Error::from_raw_os_error(error)) }
}

impl Drop for Held {
    fn drop(&mut self) {
        // SAFETY: the set that was there before.
        unsafe {
            libc::pthread_sigmask(libc::SIG_SETMASK, &raw const self.before, ptr::null_mut())
        };
    }
}

/// Lets all signals of this OS thread through, those that have come meanwhile at once.
pub(crate) fn hold_none() {
    let set = nothing();
    // SAFETY: a set; who holds signals back by `Held` gets what was there before it all the same.
    unsafe { libc::pthread_sigmask(libc::SIG_SETMASK, &raw const set, ptr::null_mut()) };
}

fn nothing() -> libc::sigset_t {
    // SAFETY: all zeros is memory for a set.
    let mut set: libc::sigset_t = unsafe { mem::zeroed() };
    // SAFETY: memory for a set.
    unsafe { libc::sigemptyset(&raw mut set) };
    set
}

fn check(result: c_int) -> io::Result<()> {
    if result == -1 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    static CALLED: AtomicU32 = AtomicU32::new(0);

    extern "C" fn before(_: c_int) {
        CALLED.fetch_add(1, Ordering::SeqCst);
    }

    fn raise() {
        // SAFETY: a handler is installed.
        unsafe { libc::raise(libc::SIGUSR2) };
    }

    #[test]
    fn the_handler_before_is_called_too_and_then_again_alone() {
        let old = before as extern "C" fn(c_int) as libc::sighandler_t;
        // SAFETY: a handler of that signature, which adds to a number.
        unsafe { libc::signal(libc::SIGUSR2, old) };
        for round in 0..3 {
            let (caught, reading) = Caught::new(&[libc::SIGUSR2]).unwrap();
            let busy = Caught::new(&[libc::SIGUSR2]).err().unwrap();
            assert_eq!(busy.kind(), io::ErrorKind::ResourceBusy);
            raise();
            let mut bytes = [0; 4];
            assert_eq!(rustix::io::read(&reading, &mut bytes), Ok(1));
            assert_eq!(i32::from(bytes[0]), libc::SIGUSR2);
            assert_eq!(CALLED.load(Ordering::SeqCst), 2 * round + 1);
            let held = hold(&[libc::SIGUSR2]).unwrap();
            raise();
            assert_eq!(CALLED.load(Ordering::SeqCst), 2 * round + 1, "it is held back");
            drop((caught, held)); // by now it does what it did before
            assert_eq!(CALLED.load(Ordering::SeqCst), 2 * round + 2);
            assert!(rustix::io::read(&reading, &mut bytes).is_err(), "nothing was written");
        }
    }
}
