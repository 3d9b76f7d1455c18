//! Waiting for descriptors that somebody else owns, for a time, for one's turn.

use std::io;
use std::os::fd::RawFd;
use std::time::{Duration, Instant};

use super::shut::{closes, count, uncount};
use crate::clock;
use crate::hub::{self, Hub};
use crate::park::park;
use crate::sys::number::is_any_ready;
use crate::task::{Reason, Waiter, Wake};

/// How a wait has ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Met {
    /// Something is ready, or was: the caller tries again.
    Ready,
    /// The deadline has come.
    TimedOut,
    /// A kill or a time-out is due. It is still in store.
    Cancelled,
    /// The descriptor was closed, or its number is another file's now.
    Gone,
}

/// After that long the kernel is asked whether a descriptor is still the same; then after twice as long, and so on.
const LOOK: Duration = Duration::from_millis(if cfg!(test) { 10 } else { 1000 });
/// The longest such pause.
const SELDOM: Duration = Duration::from_secs(60);
/// How often a descriptor is asked for that no reactor takes.
const BY_AND_BY: Duration = Duration::from_millis(1);

/// Waits until one of these descriptors has one of its events, as `epoll_ctl(2)` has them, or the deadline comes.
///
/// Each number once. One system call for each, and one more if its number was another file's before. The caller has asked
/// [`may_wait`](super::may_wait), and found by trying that nothing is ready.
pub fn wait(wants: &[(RawFd, u32)], deadline: Option<Instant>) -> Met {
    if is_due() {
        return cancelled();
    }
    let who = hub::expect_hub("a descriptor", |hub| hub.peek(|me| me.map(|me| hub.ticket(me))));
    let Some(who) = who else { return Met::Ready };
    let mut stay = Stay { wants, who };
    match stay.enter() {
        Ok(()) => stay.wait(deadline),
        Err(_) => by_and_by(wants, deadline),
    }
}

/// Whether a wait would be cut short.
fn is_due() -> bool {
    hub::hub(|hub| hub.is_some_and(|hub| hub.peek(|me| me.is_some_and(|me| me.due.get()))))
}

/// Lets the others run once, for whoever calls again and again whatever he is told.
fn cancelled() -> Met {
    put_off(|| hub::hub(|hub| hub.is_some_and(Hub::yield_now)));
    Met::Cancelled
}

/// Waits with a kill or a time-out that is due, and leaves it in store.
///
/// No shield, which says that something must not be cut short: the end of a run waits longer for those.
fn put_off<R>(f: impl FnOnce() -> R) -> R {
    let me = hub::hub(|hub| hub.and_then(Hub::current));
    if let Some(me) = &me {
        me.due.set(false);
    }
    let result = f();
    if let Some(me) = &me {
        me.interrupts(|_| ()); // brings it up to date
    }
    result
}

/// One wait for descriptors: several parks, as it is looked now and then whether they are still the same.
struct Stay<'a> {
    wants: &'a [(RawFd, u32)],
    /// The task in its next park, or in the one that it is in.
    who: Waiter,
}

impl Stay<'_> {
    /// Enters the task everywhere, or nowhere.
    fn enter(&self) -> io::Result<()> {
        hub::expect_hub("a descriptor", |hub| {
            if hub.broken.get() {
                return Err(io::Error::other("the hub can no longer poll its descriptors"));
            }
            for (entered, &(fd, events)) in self.wants.iter().enumerate() {
                // First, or a close could miss who is about to wait.
                count(fd);
                let who = (self.who, closes());
                let result = hub.reactor.borrow_mut().enter_guest(fd, events, who);
                if let Err(error) = result {
                    uncount(fd);
                    self.leave(&self.wants[..entered]);
                    return Err(error);
                }
            }
            Ok(())
        })
    }

    fn leave(&self, entered: &[(RawFd, u32)]) {
        hub::expect_hub("a descriptor", |hub| {
            let mut reactor = hub.reactor.borrow_mut();
            for &(fd, _) in entered {
                reactor.leave_guest(fd, self.who);
                uncount(fd);
            }
        });
    }

    fn wait(&mut self, deadline: Option<Instant>) -> Met {
        let mut pause = LOOK;
        let met = loop {
            // A virtual clock would jump there.
            let look = (!clock::is_virtual()).then(|| clock::now() + pause);
            let next = look.into_iter().chain(deadline).min();
            match park(self.reason(), next, || ()) {
                Wake::Killed => break Met::Cancelled,
                Wake::TimedOut if deadline.is_some_and(|at| at <= clock::now()) => {
                    break Met::TimedOut;
                }
                Wake::TimedOut => match self.look() {
                    None => pause = SELDOM.min(pause * 2),
                    Some(met) => break met,
                },
                Wake::Woken | Wake::Refused => break Met::Ready,
            }
        };
        self.leave(self.wants);
        let evicted =
            hub::expect_hub("a descriptor", |hub| hub.reactor.borrow_mut().was_evicted(self.who));
        if evicted && met != Met::Cancelled { Met::Gone } else { met }
    }

    /// Has the kernel look at each again, which says so at once if one is ready, and stands there as who is in the next park: a wake
    /// for the last one ends no other. How the wait has ended, if it has meanwhile.
    fn look(&mut self) -> Option<Met> {
        hub::expect_hub("a descriptor", |hub| {
            let Some(next) = hub.peek(|me| me.map(|me| hub.ticket(me))) else {
                return Some(Met::Ready);
            };
            let mut reactor = hub.reactor.borrow_mut();
            for &(fd, _) in self.wants {
                // Who was told of it in this very turn stands there no more.
                if !reactor.is_guest(fd, self.who) {
                    return Some(Met::Ready);
                }
                if reactor.renew_guests(fd).is_err() {
                    return Some(Met::Gone);
                }
            }
            self.wants.iter().for_each(|&(fd, _)| reactor.rename_guest(fd, self.who, next));
            self.who = next;
            None
        })
    }

    fn reason(&self) -> Reason {
        match *self.wants {
            [(fd, events)] if events & libc::EPOLLOUT as u32 != 0 => {
                Reason::new("waiting, in a call of libc, to write to").on_fd(fd)
            }
            [(fd, _)] => Reason::new("waiting, in a call of libc, to read from").on_fd(fd),
            _ => Reason::new("waiting, in a call of libc, for several descriptors"),
        }
    }
}

/// Asks the kernel now and then while others run: for a hub whose epoll is broken, and descriptors it refuses.
fn by_and_by(wants: &[(RawFd, u32)], deadline: Option<Instant>) -> Met {
    loop {
        let next = clock::deadline(BY_AND_BY);
        if deadline.is_some_and(|at| at <= clock::now()) {
            return Met::TimedOut;
        }
        let reason =
            Reason::new("asking now and then, in a call of libc, for descriptors").outside();
        match park(reason, next.min(deadline.or(next)), || ()) {
            Wake::Killed => return Met::Cancelled,
            Wake::Woken | Wake::Refused => return Met::Ready,
            Wake::TimedOut if is_any_ready(wants) => return Met::Ready,
            Wake::TimedOut => {}
        }
    }
}

/// Waits for that long; a kill or a time-out cuts it short, unless it was due before.
///
/// Never [`Met::Ready`].
pub fn sleep(deadline: Option<Instant>) -> Met {
    let nap = || loop {
        match park(Reason::new("sleeping in a call of libc"), deadline, || ()) {
            Wake::Woken => {} // meant for something else
            Wake::TimedOut => return Met::TimedOut,
            Wake::Killed | Wake::Refused => return Met::Cancelled,
        }
    };
    // Whoever is told and sleeps again is not to keep the others from running.
    if is_due() { put_off(nap) } else { nap() }
}

/// Lets every other task that is ready run before this one goes on.
pub fn give_way() {
    if is_due() {
        cancelled();
    } else {
        hub::hub(|hub| hub.is_some_and(Hub::yield_now));
    }
}
