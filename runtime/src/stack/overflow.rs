//! What happens when a task runs into its guard: a message, then the end.
//!
//! A handler on the alternate stack, since the stack at hand is used up. If the fault lies in a
//! guard of ours it says which green thread, how large its stack is and what to do, and aborts, as
//! std does for its threads. Any other fault is not ours: it is handed on to whoever had the signal
//! before, std's own handler for instance, which then speaks for the OS threads.

use std::ffi::{c_int, c_void};
use std::fmt::Write;
use std::io;
use std::process;
use std::sync::{Mutex, OnceLock, PoisonError};

use crate::stack::LineBuf;
use crate::stack::label;
use crate::stack::registry;
use crate::sys::signal::{self, Action, AltStack};

/// Writes the name of the task that runs on this thread; called in a signal handler.
///
/// So it may not allocate, lock, or touch a thread-local that is lazy or has a destructor.
pub(crate) type Describe = fn(&mut LineBuf);

/// The actions that were there before, in the order of [`signal::FAULTS`].
static PREVIOUS: [OnceLock<Action>; 2] = [const { OnceLock::new() }; 2];
/// Who knows the task's name; the first to install.
static DESCRIBE: OnceLock<Describe> = OnceLock::new();
/// Whether the handler is in place; held while it is put there.
static INSTALLED: Mutex<bool> = Mutex::new(false);

/// Installs the handler, once for the process, and an alternate stack for this thread.
///
/// The thread must keep what this returns for as long as it runs tasks. The first caller's
/// `describe` serves for all.
///
/// # Errors
///
/// When there is no memory for an alternate stack.
pub(crate) fn install(describe: Describe) -> io::Result<AltStack> {
    let mut installed = INSTALLED.lock().unwrap_or_else(PoisonError::into_inner);
    if !*installed {
        DESCRIBE.get_or_init(|| describe);
        for (previous, signal) in PREVIOUS.iter().zip(signal::FAULTS) {
            // Known before our handler can run and need it.
            let action = Action::of(signal)?;
            previous.get_or_init(|| action).precede(signal, on_fault)?;
        }
        *installed = true;
    }
    drop(installed);
    AltStack::ensure()
}

extern "C" fn on_fault(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: the kernel's own arguments.
    let address = unsafe { signal::fault_address(signal, info) };
    if let Some((size, end)) = address.and_then(registry::stack_guarded_at) {
        report(size, end);
        process::abort();
    }
    let of_signal = signal::FAULTS.iter().position(|&s| s == signal);
    if let Some(previous) = of_signal.and_then(|i| PREVIOUS[i].get()) {
        // SAFETY: this is a handler, those are its arguments, and nothing follows.
        unsafe { previous.hand_on(signal, info, context) };
    }
}

/// Says what has happened, in one write, so that no other process's output gets in between.
fn report(size: usize, end: usize) {
    let mut owner = LineBuf::<192>::new();
    // SAFETY: a stack of a region that is in use ends here, and its end is not in the guard.
    let labelled = unsafe { label::read(end, &mut owner) };
    if !labelled {
        let mut name = LineBuf::new();
        if let Some(describe) = DESCRIBE.get() {
            describe(&mut name);
        }
        let name = if name.as_str().is_empty() { "<unnamed>" } else { name.as_str() };
        let _ = write!(owner, "green thread '{name}'");
    }
    let builder = if labelled { "greenlet::Builder" } else { "Builder" };
    let mut text = LineBuf::<512>::new();
    let _ = write!(
        text,
        "\n{} has overflowed its stack\n\
         its stack holds {size} bytes ({} KiB); {builder}::stack_size gives it more\n\
         fatal runtime error: stack overflow, aborting\n",
        owner.as_str(),
        size / 1024
    );
    signal::write_stderr(text.as_str().as_bytes());
}
