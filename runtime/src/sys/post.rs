//! Signals that arrive as something to read: a handler that writes a byte to a socket, and nothing else.
//!
//! A pair is made once for each signal and never closed: a handler that was overtaken by the end of its
//! installation writes to it still, and would write to a stranger if its number were another's by then.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::unix::net::UnixStream;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::process::Pid;

use super::signal::{self, Action};

/// Signals are numbered below this, real-time ones included.
const SIGNALS: usize = 65;

/// Where the arrival of one signal is written to, and read.
struct Letterbox {
    /// Non-blocking: when it is full, it has been rung often enough.
    slot: UnixStream,
    inside: UnixStream,
    /// The process that has made it.
    reader: Pid,
    /// Whether somebody reads it.
    taken: AtomicBool,
}

/// By signal.
static BOXES: [OnceLock<Letterbox>; SIGNALS] = [const { OnceLock::new() }; SIGNALS];

impl Letterbox {
    fn new() -> io::Result<Letterbox> {
        let (slot, inside) = UnixStream::pair()?;
        slot.set_nonblocking(true)?;
        let reader = rustix::process::getpid();
        Ok(Letterbox { slot, inside, reader, taken: AtomicBool::new(false) })
    }

    /// Async-signal-safe: two system calls.
    ///
    /// In a forked child the other end is another process's, which was not meant.
    fn ring(&self) {
        if rustix::process::getpid() != self.reader {
            return;
        }
        let _ = rustix::io::write(&self.slot, &[0]);
    }
}

/// A signal that is delivered by post, for as long as this lives.
pub(crate) struct Post {
    signal: c_int,
    letterbox: &'static Letterbox,
    /// What the process did on the signal before.
    before: Action,
}

impl Post {
    /// Has a signal delivered here instead of to whoever had it before.
    ///
    /// # Errors
    /// `InvalidInput` for what is no signal, or cannot be caught; `ResourceBusy` when it is delivered by post already; when
    /// there are no descriptors left.
    pub(crate) fn redirect(signal: c_int) -> io::Result<Post> {
        let place = usize::try_from(signal).ok().and_then(|signal| BOXES.get(signal));
        let Some(place) = place.filter(|_| signal > 0) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no signal has that number"));
        };
        let before = Action::of(signal)?;
        let letterbox = match place.get() {
            Some(letterbox) => letterbox,
            None => {
                let new = Letterbox::new()?;
                place.get_or_init(|| new)
            }
        };
        if letterbox.taken.swap(true, Ordering::AcqRel) {
            let text = "that signal is waited for already";
            return Err(io::Error::new(io::ErrorKind::ResourceBusy, text));
        }
        // What came too late for the one before.
        while recv(&letterbox.inside, &mut [0_u8; 64], RecvFlags::DONTWAIT).is_ok() {}
        if let Err(error) = before.replace(signal, on_signal) {
            letterbox.taken.store(false, Ordering::Release);
            return Err(error);
        }
        Ok(Post { signal, letterbox, before })
    }

    /// Stops the OS thread until the signal arrives, or somebody rings; several may count as one.
    pub(crate) fn wait(&self) {
        while let Err(Errno::INTR) = rustix::io::read(&self.letterbox.inside, &mut [0; 64]) {}
    }

    /// Ends a wait.
    pub(crate) fn ring(&self) {
        self.letterbox.ring();
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        // Fails for no signal that `redirect` has taken.
        let _ = self.before.restore(self.signal, on_signal);
        self.letterbox.taken.store(false, Ordering::Release);
    }
}

extern "C" fn on_signal(signal: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
    let place = usize::try_from(signal).ok().and_then(|signal| BOXES.get(signal));
    signal::keeping_errno(|| place.and_then(OnceLock::get).into_iter().for_each(Letterbox::ring));
}
