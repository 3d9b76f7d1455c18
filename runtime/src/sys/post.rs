//! Signals that arrive as something to read: a handler that writes to an eventfd, and nothing else.
//!
//! A descriptor is made once for each signal and never closed: a handler that was overtaken by the end of its
//! installation writes to it still, and would write to a stranger if its number were another's by then.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use rustix::event::{EventfdFlags, eventfd};
use rustix::io::Errno;

use super::signal::Action;

/// Signals are numbered below this, real-time ones included.
const SIGNALS: usize = 65;

/// By signal: where its arrival is written to; -1: nowhere yet.
static BOXES: [AtomicI32; SIGNALS] = [const { AtomicI32::new(-1) }; SIGNALS];

/// A signal that is delivered by post, for as long as this lives.
pub(crate) struct Post {
    signal: c_int,
    /// What the process did on the signal before.
    before: Action,
}

impl Post {
    /// Has a signal delivered here instead of to whoever had it before.
    ///
    /// # Errors
    /// `InvalidInput` for what is no signal, or cannot be caught; when there are no descriptors left.
    pub(crate) fn redirect(signal: c_int) -> io::Result<Post> {
        let place = usize::try_from(signal).ok().and_then(|signal| BOXES.get(signal));
        let Some(place) = place.filter(|_| signal > 0) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no signal has that number"));
        };
        let before = Action::of(signal)?;
        if place.load(Ordering::Acquire) < 0 {
            let new = eventfd(0, EventfdFlags::CLOEXEC)?;
            let raw = new.as_raw_fd();
            if place.compare_exchange(-1, raw, Ordering::AcqRel, Ordering::Acquire).is_ok() {
                let _for_ever = new.into_raw_fd();
            }
        }
        before.replace(signal, on_signal)?;
        Ok(Post { signal, before })
    }

    fn fd(&self) -> BorrowedFd<'static> {
        let raw = BOXES[self.signal as usize].load(Ordering::Acquire);
        // SAFETY: made by `redirect`, and never closed.
        unsafe { BorrowedFd::borrow_raw(raw) }
    }

    /// Stops the OS thread until the signal arrives, or somebody rings; several may count as one.
    pub(crate) fn wait(&self) {
        while let Err(Errno::INTR) = rustix::io::read(self.fd(), &mut [0; 8]) {}
    }

    /// Ends a wait.
    pub(crate) fn ring(&self) {
        ring(self.fd());
    }
}

fn ring(fd: BorrowedFd<'_>) {
    // A counter that is full has been rung often enough. rustix leaves errno alone.
    let _ = rustix::io::write(fd, &1_u64.to_ne_bytes());
}

impl Drop for Post {
    fn drop(&mut self) {
        // Fails for no signal that `redirect` has taken.
        let _ = self.before.restore(self.signal, on_signal);
    }
}

extern "C" fn on_signal(signal: c_int, _: *mut libc::siginfo_t, _: *mut c_void) {
    let place = usize::try_from(signal).ok().and_then(|signal| BOXES.get(signal));
    if let Some(raw) = place.map(|place| place.load(Ordering::Acquire)).filter(|raw| *raw >= 0) {
        // SAFETY: never closed.
        ring(unsafe { BorrowedFd::borrow_raw(raw) });
    }
}
