//! A stream of signals, for tests: every system call of an OS thread that can be interrupted is.

use std::ffi::c_int;
use std::mem;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// How often.
const PAUSE: Duration = Duration::from_micros(300);

/// How many signals were handled.
static HANDLED: AtomicU32 = AtomicU32::new(0);

extern "C" fn on_signal(_: c_int) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// Interrupts the OS thread that has made it until it goes.
pub(crate) struct Restless {
    over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Restless {
    #[expect(clippy::disallowed_methods, reason = "it is a thread without tasks")]
    pub(crate) fn start() -> Restless {
        // SAFETY: all zeros is a valid sigaction, and no SA_RESTART is among its flags.
        let mut action: libc::sigaction = unsafe { mem::zeroed() };
        action.sa_sigaction = on_signal as extern "C" fn(c_int) as usize;
        action.sa_flags = libc::SA_ONSTACK;
        // SAFETY: a handler of that signature, which adds to a number.
        let refused = unsafe { libc::sigaction(libc::SIGUSR1, &raw const action, ptr::null_mut()) };
        assert_eq!(refused, 0);
        // SAFETY: it is this thread's own.
        let me = unsafe { libc::pthread_self() };
        let over = Arc::new(AtomicBool::new(false));
        let seen = over.clone();
        let send = move || {
            while !seen.load(Ordering::Acquire) {
                // SAFETY: that thread waits for this one before it ends.
                unsafe { libc::pthread_kill(me, libc::SIGUSR1) };
                thread::sleep(PAUSE);
            }
        };
        Restless { over, thread: Some(thread::spawn(send)) }
    }

    /// How many signals this process has handled.
    pub(crate) fn handled() -> u32 {
        HANDLED.load(Ordering::Relaxed)
    }
}

impl Drop for Restless {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Release);
        self.thread.take().map(JoinHandle::join);
    }
}
