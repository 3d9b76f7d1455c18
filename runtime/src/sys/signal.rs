//! Signals of a faulting instruction: handlers, the stack they run on, and what they may do.
//!
//! Everything that a handler calls here allocates nothing and takes no lock.

use std::ffi::{c_int, c_void};
use std::io;
use std::marker::PhantomData;
use std::mem;
use std::os::fd::BorrowedFd;
use std::ptr;

use super::memory;

/// The signals by which forbidden memory makes itself felt (some systems send the second).
pub(crate) const FAULTS: [c_int; 2] = [libc::SIGSEGV, libc::SIGBUS];

/// The signal that is there for users.
pub(crate) const USR1: c_int = libc::SIGUSR1;

/// A signal handler that is told about the fault.
pub(crate) type Handler = extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void);

/// What the process does on a signal.
#[derive(Clone)]
pub(crate) struct Action(libc::sigaction);

impl Action {
    /// The present action on `signal`.
    pub(crate) fn of(signal: c_int) -> io::Result<Action> {
        // SAFETY: all zeros is a valid sigaction (default action, no flags, empty mask).
        let mut action = Action(unsafe { mem::zeroed() });
        // SAFETY: a query, written into `action`.
        check(unsafe { libc::sigaction(signal, ptr::null(), &mut action.0) })?;
        Ok(action)
    }

    /// Puts `handler` in front of this action, on the alternate stack.
    ///
    /// The handler takes over this action's mask and its restart and nesting flags, so that an
    /// action it hands on to runs as if the kernel had called it.
    pub(crate) fn precede(&self, signal: c_int, handler: Handler) -> io::Result<()> {
        let mut action = self.0;
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags &= libc::SA_RESTART | libc::SA_NODEFER;
        action.sa_flags |= libc::SA_SIGINFO | libc::SA_ONSTACK;
        // SAFETY: `handler` has the signature that SA_SIGINFO asks for.
        check(unsafe { libc::sigaction(signal, &action, ptr::null_mut()) })
    }

    /// Puts `handler` in the place of this action; calls that it interrupts go on.
    pub(crate) fn replace(&self, signal: c_int, handler: Handler) -> io::Result<()> {
        // SAFETY: all zeros is a valid sigaction.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = handler as libc::sighandler_t;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_RESTART;
        // SAFETY: `handler` has the signature that SA_SIGINFO asks for.
        check(unsafe { libc::sigaction(signal, &action, ptr::null_mut()) })
    }

    /// Puts this action back, unless another than `handler` has come in its place; whether it did.
    pub(crate) fn restore(&self, signal: c_int, handler: Handler) -> io::Result<bool> {
        if Action::of(signal)?.0.sa_sigaction != handler as libc::sighandler_t {
            return Ok(false);
        }
        // SAFETY: what the kernel has said of this signal before.
        check(unsafe { libc::sigaction(signal, &self.0, ptr::null_mut()) })?;
        Ok(true)
    }

    /// Whether it is to call a handler.
    pub(crate) fn is_handler(&self) -> bool {
        self.0.sa_sigaction != libc::SIG_DFL && self.0.sa_sigaction != libc::SIG_IGN
    }

    /// Calls the handler that this action is, if it is one.
    ///
    /// # Safety
    ///
    /// Called from a handler of `signal` with the handler's own arguments.
    pub(crate) unsafe fn call(
        &self,
        signal: c_int,
        info: *mut libc::siginfo_t,
        context: *mut c_void,
    ) {
        if self.is_handler() {
            // SAFETY: the caller's promise; a handler is called, so no action is reset.
            unsafe { self.hand_on(signal, info, context) }
        }
    }

    /// Does what the process would have done, had nobody stood in front of this action.
    ///
    /// # Safety
    ///
    /// Called from a handler of `signal` with the handler's own arguments, as the last thing.
    pub(crate) unsafe fn hand_on(
        &self,
        signal: c_int,
        info: *mut libc::siginfo_t,
        context: *mut c_void,
    ) {
        // SAFETY: the kernel's siginfo, as the caller promises.
        let fault = is_fault(signal, unsafe { &*info });
        match self.0.sa_sigaction {
            // The kernel ignores what was sent, but not an instruction that cannot go on.
            libc::SIG_IGN if !fault => {}
            libc::SIG_DFL | libc::SIG_IGN => {
                reset(signal);
                // A faulting instruction runs again and faults again, with the true siginfo
                // for the core dump; what was merely sent must be sent again.
                if !fault {
                    // SAFETY: raise takes any signal number; pending until the handler ends.
                    unsafe { libc::raise(signal) };
                }
            }
            handler => {
                if self.0.sa_flags & libc::SA_RESETHAND != 0 {
                    reset(signal);
                }
                if self.0.sa_flags & libc::SA_SIGINFO != 0 {
                    // SAFETY: with SA_SIGINFO, and neither SIG_DFL nor SIG_IGN, it is one.
                    let handler = unsafe { mem::transmute::<usize, Handler>(handler) };
                    handler(signal, info, context);
                } else {
                    // SAFETY: without SA_SIGINFO a handler takes the number alone.
                    let handler = unsafe { mem::transmute::<usize, extern "C" fn(c_int)>(handler) };
                    handler(signal);
                }
            }
        }
    }
}

/// The address whose access has raised a signal; none if the signal was sent by somebody.
///
/// # Safety
///
/// `info` is what the kernel has handed to a handler of `signal`, one of [`FAULTS`].
pub(crate) unsafe fn fault_address(signal: c_int, info: *const libc::siginfo_t) -> Option<usize> {
    // SAFETY: promised by the caller.
    let info = unsafe { &*info };
    // SAFETY: a fault's siginfo has an address.
    is_fault(signal, info).then(|| unsafe { info.si_addr() }.addr())
}

/// Whether an instruction of this thread has raised the signal and would do so again.
fn is_fault(signal: c_int, info: &libc::siginfo_t) -> bool {
    #[cfg(target_os = "linux")]
    // A broken memory cell that nobody has touched yet: news, not a fault.
    if signal == libc::SIGBUS && info.si_code == libc::BUS_MCEERR_AO {
        return false;
    }
    let _ = signal;
    info.si_code > 0 // kill, raise and sigqueue come with zero or less
}

/// Sets the default action; cannot fail for a signal that has had a handler.
fn reset(signal: c_int) {
    // SAFETY: all zeros is a valid sigaction: the default action.
    let action: libc::sigaction = unsafe { mem::zeroed() };
    // SAFETY: the default action runs no code of ours.
    unsafe { libc::sigaction(signal, &action, ptr::null_mut()) };
}

/// Calls `f` and puts back what the interrupted code may be about to read in errno.
pub(crate) fn keeping_errno(f: impl FnOnce()) {
    #[cfg(target_os = "linux")]
    use libc::__errno_location as location;
    #[cfg(any(target_os = "macos", target_os = "freebsd"))]
    use libc::__error as location;
    #[cfg(any(target_os = "linux", target_os = "macos", target_os = "freebsd"))]
    {
        // SAFETY: this thread's own errno, which lives as long as the thread.
        let errno = unsafe { location() };
        // SAFETY: as above; nobody else has it.
        let before = unsafe { errno.read() };
        f();
        // SAFETY: as above.
        unsafe { errno.write(before) };
    }
    #[cfg(not(any(target_os = "linux", target_os = "macos", target_os = "freebsd")))]
    f();
}

/// Writes to standard error, past every lock and buffer; errors have nowhere to go.
pub(crate) fn write_stderr(mut bytes: &[u8]) {
    // SAFETY: the borrow lasts for this call; were 2 closed, write would say EBADF.
    let stderr = unsafe { BorrowedFd::borrow_raw(libc::STDERR_FILENO) };
    while !bytes.is_empty() {
        match rustix::io::write(stderr, bytes) {
            Ok(n) => bytes = &bytes[n..],
            Err(rustix::io::Errno::INTR) => {}
            Err(_) => return,
        }
    }
}

/// A stack for the signal handlers of this thread, with room enough.
///
/// A handler for an overflowing stack cannot run on that stack. std has made one for its own
/// threads, of the least size the kernel allows; a handler that formats text in a debug build, or
/// one that was there before ours and walks a backtrace, may need more.
#[derive(Debug)]
pub(crate) struct AltStack {
    /// Where ours was mapped, the guard page first, and what the thread had before; none if that
    /// was large enough.
    ours: Option<(usize, libc::stack_t)>,
    /// An alternate stack belongs to the thread that has set it.
    _thread: PhantomData<*mut ()>,
}

impl AltStack {
    /// Usable bytes.
    const SIZE: usize = 64 * 1024;

    /// Gives the calling thread an alternate stack unless it has one as large.
    ///
    /// # Errors
    ///
    /// When there is no memory for it.
    pub(crate) fn ensure() -> io::Result<AltStack> {
        let before = current_altstack()?;
        if before.ss_flags & libc::SS_DISABLE == 0 && before.ss_size >= Self::SIZE {
            return Ok(AltStack { ours: None, _thread: PhantomData });
        }
        let guard = memory::page_size();
        let start = memory::reserve(guard + Self::SIZE)?;
        // From here on Drop unmaps it.
        let stack = AltStack { ours: Some((start, before)), _thread: PhantomData };
        // SAFETY: just mapped, not in use.
        unsafe { memory::forbid(start, guard) }?;
        let ss_sp = ptr::with_exposed_provenance_mut(start + guard);
        set_altstack(&libc::stack_t { ss_sp, ss_flags: 0, ss_size: Self::SIZE })?;
        Ok(stack)
    }
}

impl Drop for AltStack {
    fn drop(&mut self) {
        let Some((start, before)) = self.ours else { return };
        let guard = memory::page_size();
        // Whoever has set another since then has also seen to ours being unused. At the end of
        // the main thread that is std, and `before` is gone.
        let set = current_altstack().is_ok_and(|now| now.ss_sp.addr() == start + guard);
        if set && set_altstack(&before).is_err() {
            return; // it is in use: a handler drops us
        }
        // SAFETY: ours, and no longer the thread's alternate stack. If it fails it stays.
        let _ = unsafe { memory::unmap(start, guard + Self::SIZE) };
    }
}

fn current_altstack() -> io::Result<libc::stack_t> {
    // SAFETY: all zeros is a valid stack_t.
    let mut now: libc::stack_t = unsafe { mem::zeroed() };
    // SAFETY: a query, written into `now`.
    check(unsafe { libc::sigaltstack(ptr::null(), &mut now) })?;
    Ok(now)
}

fn set_altstack(stack: &libc::stack_t) -> io::Result<()> {
    // SAFETY: `AltStack`, the one caller, owns the memory until it has set another, or puts back
    // what it has found.
    check(unsafe { libc::sigaltstack(stack, ptr::null_mut()) })
}

fn check(result: c_int) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}
