//! Where records arrive, in the process that has the logger.
//!
//! A daemon task reads while there are children, in whichever hub has started or joined one; without a hub whoever joins a child reads meanwhile. After
//! a join, and at the end, what has come is delivered at once. One at a time delivers, so that records of one process keep their order.

use std::io;
use std::mem;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, Ordering::AcqRel, Ordering::Acquire, Ordering::Release};
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use osier_runtime::io::Got;
use osier_runtime::stay::{Mutex, MutexGuard};
use osier_runtime::{Builder, clock, fork, sleep, yield_now};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionread};

use super::letter::Letter;
use crate::wire::{RecvError, Socket};

/// How long the reader waits while somebody else delivers.
const BY_AND_BY: Duration = Duration::from_millis(1);

/// Which process has the logger, as `me` counts.
static ROOT: AtomicU32 = AtomicU32::new(0);
/// In which process somebody delivers.
static DELIVERING: AtomicU32 = AtomicU32::new(0);
/// In which process a task reads.
static READING: AtomicU32 = AtomicU32::new(0);
/// The root's, from its first child on.
static PAIR: Mutex<Option<Pair>> = Mutex::new(None);

struct Pair {
    reading: Arc<Socket>,
    /// Not a socket: all children have it, whatever they were handed.
    writing: Arc<OwnedFd>,
}

fn pair() -> MutexGuard<'static, Option<Pair>> {
    PAIR.lock().unwrap_or_else(PoisonError::into_inner)
}

/// This process, as these numbers count: from one, as zero is nobody.
fn me() -> u32 {
    fork::generation() + 1
}

fn is_root() -> bool {
    ROOT.load(Acquire) == me()
}

/// From now on this process has the logger.
pub(super) fn become_root() {
    ROOT.store(me(), Release);
}

/// The end that children have; none if this process is not the root.
///
/// # Errors
///
/// When there are no descriptors left.
pub(super) fn writing() -> io::Result<Option<Arc<OwnedFd>>> {
    if !is_root() {
        return Ok(None);
    }
    let mut pair = pair();
    if pair.is_none() {
        let (reading, writing) = Socket::pair()?;
        let (reading, writing) = (Arc::new(reading), Arc::new(OwnedFd::from(writing)));
        *pair = Some(Pair { reading, writing });
    }
    Ok(pair.as_ref().map(|pair| pair.writing.clone()))
}

/// In a forked child: what was the root's. The end where records arrive is given up as others are that it was not handed.
pub(super) fn give_up() -> Option<Arc<OwnedFd>> {
    let Pair { reading, writing } = pair().take()?;
    mem::forget(reading);
    Some(writing)
}

/// The end where records arrive; none if there never was a child.
fn reading() -> Option<Arc<Socket>> {
    if !is_root() {
        return None;
    }
    pair().as_ref().map(|pair| pair.reading.clone())
}

/// Gives the logger what has come by now. Not if somebody else does at this moment: false.
pub(crate) fn catch_up() -> bool {
    let Some(socket) = reading() else { return true };
    let Some(_turn) = Turn::take(&DELIVERING) else { return false };
    // What comes meanwhile is for the next one: others may log without end.
    let mut left = ioctl_fionread(socket.as_fd()).unwrap_or(0);
    while left > 0 {
        match socket.try_arrival().map_err(RecvError::from) {
            Ok(came) => {
                left = left.saturating_sub(came.bytes().len() as u64 + 1);
                deliver(came.bytes());
            }
            Err(RecvError::Decode(_) | RecvError::TooLong(_)) => {}
            Err(_) => break,
        }
    }
    true
}

/// At the end of the process: gives the logger what has come, and has it flushed.
pub(crate) fn deliver_all() {
    if reading().is_some() {
        catch_up();
        let logger = ::log::logger();
        unheard(|| logger.flush());
    }
}

fn deliver(bytes: &[u8]) {
    let Some(letter) = Letter::decode(bytes) else { return };
    let logger = ::log::logger();
    unheard(|| letter.deliver(logger));
}

/// Calls what is the user's; a panic of it ends nothing of ours.
fn unheard(f: impl FnOnce()) {
    if let Err(payload) = catch_unwind(AssertUnwindSafe(f)) {
        // The panic hook has told of it; its destructor is not to be trusted either.
        mem::forget(payload);
    }
}

/// What one alone does at a time, in one process.
struct Turn(&'static AtomicU32);

impl Turn {
    fn take(whose: &'static AtomicU32) -> Option<Turn> {
        let me = me();
        // Lazily: one that is dropped gives somebody else's turn up.
        (whose.swap(me, AcqRel) != me).then(|| Turn(whose))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        self.0.store(0, Release);
    }
}

/// Has a task read for as long as there are children, if a hub is there for it.
pub(crate) fn look_after(has_children: fn() -> bool) {
    if !fork::in_hub() {
        return;
    }
    let Some(socket) = reading() else { return };
    let Some(turn) = Turn::take(&READING) else { return };
    let read = move || {
        let mut turn = Some(turn);
        while turn.take().is_some() {
            read(&socket, has_children);
            // Another OS thread may have started one meanwhile.
            turn = if has_children() { Turn::take(&READING) } else { None };
        }
    };
    let _ = Builder::new().name("osier-log").daemon(true).spawn(read);
}

fn read(socket: &Socket, has_children: fn() -> bool) {
    loop {
        if !catch_up() {
            sleep(BY_AND_BY);
            continue;
        }
        let more = socket.source().read(None, |_| match socket.has_something() {
            true => Ok(Got { value: true, drained: false }),
            false if has_children() => Err(io::ErrorKind::WouldBlock.into()),
            false => Ok(Got { value: false, drained: false }),
        });
        match more {
            Ok(true) => yield_now(),
            Ok(false) => return,
            Err(_) => sleep(BY_AND_BY),
        }
    }
}

/// The last child has ended: the reader need not wait any more.
pub(crate) fn none_left() {
    if let Some(socket) = reading() {
        socket.source().wake();
    }
}

/// Stops the OS thread until `fd` is readable, and delivers meanwhile; false when the deadline comes first. None if
/// nothing can come, or tasks are to wait.
pub(crate) fn wait_beside(fd: BorrowedFd<'_>, deadline: Option<Instant>) -> Option<bool> {
    if fork::in_hub() {
        return None;
    }
    let socket = reading()?;
    loop {
        let left = deadline.map(|at| at.saturating_duration_since(clock::now()));
        let longest = Timespec { tv_sec: i64::MAX, tv_nsec: 0 };
        let left = left.map(|left| Timespec::try_from(left).unwrap_or(longest));
        let log = socket.as_fd();
        let mut asked = [PollFd::new(&fd, PollFlags::IN), PollFd::new(&log, PollFlags::IN)];
        match poll(&mut asked, left.as_ref()) {
            Ok(0) => return Some(false),
            Ok(_) if !asked[0].revents().is_empty() => return Some(true),
            Ok(_) if catch_up() => {}
            // Another OS thread delivers.
            Ok(_) => sleep(BY_AND_BY),
            Err(Errno::INTR) => {}
            Err(_) => return None,
        }
    }
}
