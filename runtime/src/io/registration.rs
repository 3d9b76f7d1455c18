//! The tie of a descriptor to the reactor of the hub it was last used on.
//!
//! Plain numbers, so that sockets are Send and Sync: whoever uses one on another hub's thread has it
//! registered there instead. It is made at the first wait, not before: a descriptor that never blocks
//! costs no `epoll_ctl`, and adding one that is ready already reports it.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use super::kernel;
use crate::cancel::deliver;
use crate::clock;
use crate::hub::{self, Hub, Message};
use crate::park::park;
use crate::reactor::{Direction, Key, Owner, WaitError};
use crate::task::{Reason, Waiter, Wake};

/// Where a descriptor is registered.
#[derive(Debug, Default)]
pub(super) struct Registration {
    /// The hub's number; 0: nowhere. Written after `key`, by the thread of that hub.
    hub: AtomicU32,
    /// The reactor's key, good while `hub` is set.
    key: AtomicU64,
    /// Tells it from all others; 0: it was never registered. So what it has left in a reactor is known for its own when it comes back
    /// before that hub has read that it went.
    number: AtomicU64,
    /// Whether the descriptor, or a duplicate, may stay open: then a close forgets nothing.
    shared: AtomicBool,
}

impl Registration {
    /// The key in this hub's reactor, if it is registered there.
    #[inline]
    fn key(&self, hub: &Hub) -> Option<Key> {
        let here = self.hub.load(Ordering::Acquire) == hub.number();
        here.then(|| Key::from_bits(self.key.load(Ordering::Relaxed)))
    }

    pub(super) fn share(&self) {
        self.shared.store(true, Ordering::Relaxed);
    }

    /// Whether a call is worth trying; where nothing is known it is.
    #[inline]
    pub(super) fn is_ready(&self, direction: Direction) -> bool {
        self.with_key(|hub, key| hub.reactor.borrow().is_ready(key, direction).unwrap_or(true))
            .unwrap_or(true)
    }

    /// Notes that a call would block.
    #[inline]
    pub(super) fn clear(&self, direction: Direction) {
        self.with_key(|hub, key| hub.reactor.borrow_mut().clear(key, direction));
    }

    /// Notes that a read has taken all there was.
    #[inline]
    pub(super) fn drained(&self) {
        self.with_key(|hub, key| hub.reactor.borrow_mut().drained(key));
    }

    #[inline]
    fn with_key<R>(&self, f: impl FnOnce(&Hub, Key) -> R) -> Option<R> {
        hub::hub(|hub| {
            let hub = hub?;
            Some(f(hub, self.key(hub)?))
        })
    }

    /// Waits until the direction is ready, the deadline comes, or [`wake`](Self::wake) is called.
    ///
    /// Reports say the reason, if there is one, in place of the descriptor.
    pub(super) fn wait(
        &self,
        fd: BorrowedFd<'_>,
        direction: Direction,
        deadline: Option<Instant>,
        reason: Option<Reason>,
    ) -> io::Result<()> {
        if !hub::is_in_task() {
            return kernel::wait(fd, direction, deadline);
        }
        let key = hub::expect_hub("a descriptor", |hub| match hub.broken.get() {
            true => Ok(None),
            false => self.register(hub, fd, direction).map(Some),
        })?;
        let reason = reason.unwrap_or_else(|| on(fd, direction));
        match key {
            Some(key) => match enter(key, direction) {
                Ok(()) => wait_in_task(key, direction, deadline, reason),
                Err(WaitError::Busy) => Err(busy(direction)),
                // Not to be: nobody but this has the key. Whoever calls tries again, and registers.
                Err(WaitError::Gone) => {
                    self.hub.store(0, Ordering::Release);
                    Ok(())
                }
            },
            None => ask_by_and_by(fd, direction, deadline, reason),
        }
    }

    /// Enters the running task as the one who waits, along with other things; [`leave`] ends it.
    pub(super) fn enter(&self, fd: BorrowedFd<'_>, direction: Direction) -> io::Result<Key> {
        loop {
            let key = hub::expect_hub("a descriptor", |hub| match hub.broken.get() {
                true => Err(io::Error::other("the hub can no longer poll its descriptors")),
                false => self.register(hub, fd, direction),
            })?;
            match enter(key, direction) {
                Ok(()) => return Ok(key),
                Err(WaitError::Busy) => return Err(busy(direction)),
                // As in `wait`: then it is registered anew.
                Err(WaitError::Gone) => self.hub.store(0, Ordering::Release),
            }
        }
    }

    /// Registers the descriptor with this hub, if it is not.
    fn register(&self, hub: &Hub, fd: BorrowedFd<'_>, direction: Direction) -> io::Result<Key> {
        if let Some(key) = self.key(hub) {
            return Ok(key);
        }
        self.forget();
        let mut reactor = hub.reactor.borrow_mut();
        let (key, left) = reactor.register(fd, self.owner())?;
        // A call has just said that it would block; if that has changed, the kernel says so now.
        reactor.clear(key, direction);
        drop(reactor);
        wake_all(hub, left);
        self.key.store(key.bits(), Ordering::Relaxed);
        self.hub.store(hub.number(), Ordering::Release);
        Ok(key)
    }

    fn owner(&self) -> Owner {
        static OWNERS: AtomicU64 = AtomicU64::new(1);
        let number = self.number.load(Ordering::Relaxed);
        if number != 0 {
            return Owner(number);
        }
        let new = OWNERS.fetch_add(1, Ordering::Relaxed);
        let first = self.number.compare_exchange(0, new, Ordering::Relaxed, Ordering::Relaxed);
        Owner(first.map_or_else(|first| first, |_| new))
    }

    /// Lets whoever waits try again.
    pub(super) fn wake(&self) {
        self.on_its_hub(|hub, key| {
            let waiters = hub.reactor.borrow_mut().interrupt(key);
            wake_all(hub, waiters);
        });
    }

    /// Ends the tie.
    fn forget(&self) {
        let shared = self.shared.load(Ordering::Relaxed);
        let home = thread::current().id();
        self.on_its_hub(move |hub, key| {
            // By the time a message is read the number may be another descriptor's.
            let stays_open = shared && thread::current().id() == home;
            let waiters = hub.reactor.borrow_mut().deregister(key, stays_open);
            wake_all(hub, waiters);
        });
        self.hub.store(0, Ordering::Release);
    }

    /// Does something on the hub that the descriptor is registered with, at once or by message.
    fn on_its_hub(&self, f: impl FnOnce(&Hub, Key) + Send + 'static) {
        let number = self.hub.load(Ordering::Acquire);
        let key = Key::from_bits(self.key.load(Ordering::Relaxed));
        if number == 0 {
            return;
        }
        let f = hub::hub(|hub| match hub.filter(|hub| hub.number() == number) {
            Some(hub) => {
                f(hub, key);
                None
            }
            None => Some(f),
        });
        if let (Some(f), Some(sender)) = (f, hub::sender_of(number)) {
            let call = move || hub::expect_hub("a message was read", |hub| f(hub, key));
            let _ended = sender.send(Message::Call(Box::new(call)));
        }
    }
}

fn wake_all(hub: &Hub, waiters: [Option<Waiter>; 2]) {
    waiters.into_iter().flatten().for_each(|waiter| hub.wake(waiter, Wake::Woken));
}

/// Enters the running task as the one who waits.
fn enter(key: Key, direction: Direction) -> Result<(), WaitError> {
    hub::expect_hub("a descriptor", |hub| {
        let me = hub.current().expect("it was asked whether a task runs");
        hub.reactor.borrow_mut().start_wait(key, direction, hub.ticket(&me))
    })
}

/// Takes back that somebody waits.
pub(super) fn leave(key: Key, direction: Direction) {
    hub::expect_hub("a descriptor", |hub| hub.reactor.borrow_mut().stop_wait(key, direction));
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.forget();
    }
}

/// How often a descriptor is asked for that the hub can no longer poll.
const BY_AND_BY: Duration = Duration::from_millis(1);

/// Asks the kernel now and then, while others run: for a hub whose epoll is broken.
fn ask_by_and_by(
    fd: BorrowedFd<'_>,
    direction: Direction,
    deadline: Option<Instant>,
    reason: Reason,
) -> io::Result<()> {
    while !kernel::is_ready(fd, direction)? {
        let next = clock::deadline(BY_AND_BY);
        if deadline.is_some_and(|at| at <= clock::now()) {
            return Err(kernel::timed_out());
        }
        // From outside: a daemon's timer alone would not hold off the verdict of a deadlock.
        deliver(park(reason.outside(), next.min(deadline.or(next)), || ()));
    }
    Ok(())
}

fn on(fd: BorrowedFd<'_>, direction: Direction) -> Reason {
    let what = match direction {
        Direction::Read => "waiting to read from",
        Direction::Write => "waiting to write to",
    };
    Reason::new(what).on_fd(fd.as_raw_fd())
}

/// Parks until the reactor reports the direction.
fn wait_in_task(
    key: Key,
    direction: Direction,
    deadline: Option<Instant>,
    reason: Reason,
) -> io::Result<()> {
    let undo = || leave(key, direction);
    match deliver(park(reason, deadline, undo)) {
        Wake::Woken => Ok(()),
        Wake::TimedOut => Err(kernel::timed_out()),
        // The kernel's wait would do; but whether a task may wait was asked above.
        Wake::Refused | Wake::Killed => unreachable!("a task that may wait was refused"),
    }
}

fn busy(direction: Direction) -> io::Error {
    let what = match direction {
        Direction::Read => "another task is reading from this already",
        Direction::Write => "another task is writing to this already",
    };
    io::Error::new(io::ErrorKind::ResourceBusy, what)
}
