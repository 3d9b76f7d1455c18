//! Signals that arrive as something to read: a handler that writes their numbers to sockets, and calls who was there before.
//!
//! There is a letterbox for each who waits, and they are never closed, but used again: a handler that was overtaken by the end of
//! a wait writes to it still, and would write to a stranger if its number were another's by then. The list only grows, so
//! that the handler can walk it without a lock. In a forked child the boxes are the parent's, and nobody waits there.

use std::ffi::{c_int, c_void};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use rustix::io::Errno;
use rustix::net::{RecvFlags, recv};
use rustix::process::Pid;

use super::mask::{Held, hold};
use super::signal::{self, Action};

/// The greatest number of a signal, real-time ones included.
const LAST: c_int = 64;
/// What is written to end a wait without a signal.
const RING: u8 = 0;

/// Where signals are written to for one who waits, and read.
struct Letterbox {
    /// Non-blocking: when it is full, it has been rung often enough.
    slot: UnixStream,
    inside: UnixStream,
    /// The process that has made it.
    reader: Pid,
    /// Which signals, a bit for each; none: it is free.
    wanted: AtomicU64,
    /// The one that was made after it.
    next: OnceLock<&'static Letterbox>,
}

/// The first of all.
static FIRST: OnceLock<&'static Letterbox> = OnceLock::new();
/// By signal: the handler that was there before; null if there was none.
static BEFORE: [AtomicPtr<Action>; LAST as usize + 1] =
    [const { AtomicPtr::new(ptr::null_mut()) }; LAST as usize + 1];
/// The signals, a bit for each, for which somebody has put a handler in front of ours: it stays.
static BURIED: AtomicU64 = AtomicU64::new(0);
/// By signal: how many wait for it, and what the process did on it before.
static WATCHED: Mutex<Watched> = Mutex::new([const { None }; LAST as usize + 1]);

type Watched = [Option<(usize, Action)>; LAST as usize + 1];

fn watched() -> MutexGuard<'static, Watched> {
    WATCHED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn letterboxes() -> impl Iterator<Item = &'static Letterbox> {
    std::iter::successors(FIRST.get().copied(), |letterbox| letterbox.next.get().copied())
}

/// The bit of a signal.
fn bit(signal: c_int) -> u64 {
    1 << (signal - 1)
}

impl Letterbox {
    fn new() -> io::Result<&'static Letterbox> {
        let (slot, inside) = UnixStream::pair()?;
        slot.set_nonblocking(true)?;
        let (wanted, next) = (AtomicU64::new(0), OnceLock::new());
        let reader = rustix::process::getpid();
        let new: &_ = Box::leak(Box::new(Letterbox { slot, inside, reader, wanted, next }));
        // The lock of who makes one is held: it is the last until this is done.
        let last = letterboxes().last().map_or(&FIRST, |last| &last.next);
        last.get_or_init(|| new);
        Ok(new)
    }

    /// One that nobody uses, with nothing in it.
    fn free() -> io::Result<&'static Letterbox> {
        let is_free = |letterbox: &&Letterbox| {
            letterbox.is_here() && letterbox.wanted.load(Ordering::Acquire) == 0
        };
        let free = letterboxes().find(is_free).map_or_else(Letterbox::new, Ok)?;
        // What came too late for the one before.
        while recv(&free.inside, &mut [0_u8; 64], RecvFlags::DONTWAIT).is_ok() {}
        Ok(free)
    }

    /// Whether it is this process' own, and not its parent's.
    fn is_here(&self) -> bool {
        rustix::process::getpid() == self.reader
    }

    /// Async-signal-safe: two system calls.
    fn put(&self, number: u8) {
        if self.is_here() {
            let _ = rustix::io::write(&self.slot, &[number]);
        }
    }
}

/// Signals that are delivered by post, for as long as this lives.
pub(crate) struct Post {
    signals: Vec<c_int>,
    letterbox: &'static Letterbox,
}

impl Post {
    /// Has signals delivered here, to whoever else waits for them, and to a handler that was there before.
    ///
    /// # Errors
    /// `InvalidInput` for what is no signal, or cannot be caught; when there are no descriptors left.
    pub(crate) fn order(signals: &[c_int]) -> io::Result<Post> {
        if signals.iter().any(|signal| !(1..=LAST).contains(signal)) {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "no signal has that number"));
        }
        let mut watched = watched();
        let mut post = Post { signals: Vec::new(), letterbox: Letterbox::free()? };
        for &signal in signals {
            if let Err(error) = catch(&mut watched, signal) {
                drop(watched);
                return Err(error); // those that are caught are let go by `post`
            }
            post.signals.push(signal);
        }
        let wanted = signals.iter().fold(0, |all, signal| all | bit(*signal));
        post.letterbox.wanted.store(wanted, Ordering::Release);
        drop(watched);
        Ok(post)
    }

    /// Stops the OS thread until a signal arrives, or somebody rings; several may count as one.
    pub(crate) fn wait(&self) {
        while let Err(Errno::INTR) = rustix::io::read(&self.letterbox.inside, &mut [0; 64]) {}
    }

    /// Ends a wait.
    pub(crate) fn ring(&self) {
        self.letterbox.put(RING);
    }

    /// A descriptor that is readable when a signal has come: another of the same file.
    pub(crate) fn descriptor(&self) -> io::Result<OwnedFd> {
        self.letterbox.inside.try_clone().map(OwnedFd::from)
    }

    /// Takes the next signal that has come.
    ///
    /// # Errors
    /// `WouldBlock` when there is none.
    pub(crate) fn take(&self) -> io::Result<c_int> {
        let mut number = [RING];
        recv(&self.letterbox.inside, &mut number, RecvFlags::DONTWAIT)?;
        Ok(c_int::from(number[0]))
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        if !self.letterbox.is_here() {
            return; // a copy, whose process has been put in order
        }
        let mut watched = watched();
        self.letterbox.wanted.store(0, Ordering::Release);
        for &signal in &self.signals {
            release(&mut watched, signal);
        }
    }
}

/// Counts one more who waits for a signal; the first one has it caught.
fn catch(watched: &mut Watched, signal: c_int) -> io::Result<()> {
    if let Some((count, _)) = &mut watched[signal as usize] {
        *count += 1;
        return Ok(());
    }
    if BURIED.load(Ordering::Acquire) & bit(signal) != 0 {
        // Another handler has come before ours and calls it: to call that in turn would never end.
        watched[signal as usize] = Some((1, Action::of(signal)?));
        return Ok(());
    }
    let before = Action::of(signal)?;
    let known = &BEFORE[signal as usize];
    if before.is_handler() {
        // A handler that runs may look at it at any time later: it stays.
        known.store(Box::into_raw(Box::new(before.clone())), Ordering::Release);
    } else {
        known.store(ptr::null_mut(), Ordering::Release);
    }
    before.replace(signal, on_signal)?;
    watched[signal as usize] = Some((1, before));
    Ok(())
}

/// Counts one less; the last one puts back what the process did before.
fn release(watched: &mut Watched, signal: c_int) {
    let place = &mut watched[signal as usize];
    match place {
        Some((count @ 2.., _)) => *count -= 1,
        _ => {
            if let Some((_, before)) = place.take() {
                // Fails for no signal that could be caught.
                let restored = before.restore(signal, on_signal).unwrap_or(true);
                if !restored {
                    BURIED.fetch_or(bit(signal), Ordering::AcqRel);
                }
            }
        }
    }
}

/// Holds the signals back that somebody waits for, over a fork: a child that has not come to [`desert`] would lose them.
pub(crate) fn hold_all() -> Held {
    let watched = watched();
    hold((0..).zip(watched.iter()).filter(|(_, place)| place.is_some()).map(|(signal, _)| signal))
}

/// In a forked child: on all signals that the parent waits for, the process does what it did before.
pub(crate) fn desert() {
    let mut watched = watched();
    for (signal, place) in (0..).zip(watched.iter_mut()) {
        if let Some((_, before)) = place.take() {
            let _ = before.restore(signal, on_signal);
        }
    }
}

extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    signal::keeping_errno(|| {
        let wanting =
            |letterbox: &&Letterbox| letterbox.wanted.load(Ordering::Acquire) & bit(signal) != 0;
        letterboxes().filter(wanting).for_each(|letterbox| letterbox.put(signal as u8));
        let before = BEFORE[signal as usize].load(Ordering::Acquire);
        if !before.is_null() {
            // SAFETY: it was leaked by `catch`; we are in a handler of that signal, and these are its arguments.
            unsafe { (*before).call(signal, info, context) };
        }
    });
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;

    use super::*;

    /// How often each of the two was called; a test each.
    static BEFORE_CALLED: AtomicU32 = AtomicU32::new(0);
    static FRONT_CALLED: AtomicU32 = AtomicU32::new(0);

    extern "C" fn before(_: c_int) {
        BEFORE_CALLED.fetch_add(1, Ordering::SeqCst);
    }

    extern "C" fn in_front(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
        FRONT_CALLED.fetch_add(1, Ordering::SeqCst);
        on_signal(signal, info, context);
    }

    fn raise(signal: c_int) {
        // SAFETY: a handler is installed.
        unsafe { libc::raise(signal) };
    }

    #[test]
    fn the_handler_before_is_called_too_and_then_again_alone() {
        let signal = libc::SIGUSR2;
        let called = || BEFORE_CALLED.swap(0, Ordering::SeqCst);
        let old = before as extern "C" fn(c_int) as libc::sighandler_t;
        // SAFETY: a handler of that signature, which adds to a number.
        unsafe { libc::signal(signal, old) };
        for _ in 0..3 {
            let (one, two) = (Post::order(&[signal]).unwrap(), Post::order(&[signal]).unwrap());
            raise(signal);
            assert_eq!((one.take().unwrap(), two.take().unwrap(), called()), (signal, signal, 1));
            drop(one);
            raise(signal);
            assert_eq!((two.take().unwrap(), called()), (signal, 1));
            let held = super::super::mask::hold([signal]);
            raise(signal);
            assert_eq!(called(), 0, "it is held back");
            drop((two, held)); // by now it does what it did before
            assert_eq!(called(), 1);
        }
    }

    #[test]
    fn a_handler_that_has_come_in_front_stays_and_is_called_once() {
        let signal = libc::SIGXCPU;
        let called = || FRONT_CALLED.swap(0, Ordering::SeqCst);
        let post = Post::order(&[signal]).unwrap();
        let known = Action::of(signal).unwrap();
        known.replace(signal, in_front).unwrap();
        drop(post);
        raise(signal);
        assert_eq!(called(), 1, "and what it calls in turn does nothing");
        for _ in 0..2 {
            let post = Post::order(&[signal]).unwrap();
            raise(signal);
            assert_eq!((post.take().unwrap(), called()), (signal, 1));
        }
    }
}
