//! Telling those who wait that a descriptor is being closed, or is about to be another file's.
//!
//! Who waits may be on any hub. So it is counted, by number of descriptor, how many wait in the process; where none does,
//! which is mostly so, a close costs one load.

use std::ops::RangeInclusive;
use std::os::fd::RawFd;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use crate::hub::{self, Hub, Message};
use crate::task::Wake;

/// How many wait, by the low bits of the number.
static WAITS: [AtomicU32; PLACES] = [const { AtomicU32::new(0) }; PLACES];
const PLACES: usize = 1024;

/// Counts closes that somebody may wait for. Who waits has noted how many there were: a close that comes after that is meant
/// for him; one that is heard of late and was before is of what had the number then.
static CLOSES: AtomicU64 = AtomicU64::new(0);

/// How many closes there were.
pub(super) fn closes() -> u64 {
    CLOSES.load(Ordering::SeqCst)
}

/// Counts one more who waits.
pub(super) fn count(fd: RawFd) {
    WAITS[fd as usize % PLACES].fetch_add(1, Ordering::Relaxed);
}

/// Counts one less.
pub(super) fn uncount(fd: RawFd) {
    WAITS[fd as usize % PLACES].fetch_sub(1, Ordering::Relaxed);
}

/// Whether somebody may wait for one of those numbers. Mostly one load.
pub fn is_awaited(fds: &RangeInclusive<RawFd>) -> bool {
    let is_one = |fd: RawFd| WAITS[fd as usize % PLACES].load(Ordering::Relaxed) != 0;
    match fds.end().saturating_sub(*fds.start()) {
        ..0 => false,
        length if (length as usize) < PLACES => fds.clone().any(is_one),
        _ => (0..PLACES as RawFd).any(is_one),
    }
}

/// Notes, for the hub of this thread if one runs, that these numbers will be other files. Spares it a call later.
#[inline]
pub fn forget(fds: RangeInclusive<RawFd>) {
    hub::hub(|hub| {
        if let Some(Ok(mut reactor)) = hub.map(|hub| hub.reactor.try_borrow_mut()) {
            reactor.forget_guests(fds);
        }
    });
}

/// Ends all waits for those numbers, of every hub of the process, with [`Met::Gone`](super::Met::Gone).
///
/// To be called before they are closed. Never switches tasks.
pub fn shut(fds: RangeInclusive<RawFd>) {
    if !is_awaited(&fds) {
        return;
    }
    let close = CLOSES.fetch_add(1, Ordering::SeqCst) + 1;
    let here = hub::hub(|hub| {
        let hub = hub.filter(|hub| !hub::is_left_behind(hub.number()))?;
        evict(hub, fds.clone(), close);
        Some(hub.number())
    });
    if !is_awaited(&fds) {
        return;
    }
    for (number, sender) in hub::all_hubs() {
        let fds = fds.clone();
        let call = move || {
            hub::hub(|hub| {
                if let Some(hub) = hub {
                    evict(hub, fds, close);
                }
            });
        };
        if Some(number) != here {
            let _ended = sender.send(Message::Call(Box::new(call)));
        }
    }
}

fn evict(hub: &Hub, fds: RangeInclusive<RawFd>, close: u64) {
    // A finished wait is uncounted by the task itself, later: that only costs a look.
    let wake = |waiter| hub.wake(waiter, Wake::Woken);
    // Borrowed: this is called from within the reactor, of a logger say. The next look at the descriptor tells.
    if let Ok(mut reactor) = hub.reactor.try_borrow_mut() {
        reactor.evict_guests(fds, close, wake);
    }
}
