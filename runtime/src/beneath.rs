//! Waits of a task beneath other code's frames: in a call of libc that is taken over; for `osier-monkey`.
//!
//! Whoever calls libc knows nothing of tasks. It may have made an [`Unparker`](crate::Unparker) for a wait of its own, with which it is about
//! to [`park`](crate::park): so a wait here has a number of its own, and a wake of the one above is kept for it. It may be C, through
//! which nothing may unwind: so nothing here does, and what is in store for the task (a kill, a time-out)
//! stays there. It may have been called by the runtime itself, in the middle of its work: then there is no waiting here.

use std::cell::Cell;
use std::fmt;
use std::io;
use std::marker::PhantomData;
use std::os::fd::BorrowedFd;
use std::time::Instant;

use crate::hub::{Alarm, Deadlock, Hub, Message, expect_hub, hub};
use crate::io::Source;
use crate::park::{RemoteUnparker, Unparker};
use crate::stay::stays;
use crate::task::{Reason, TaskRef, Wake};

/// What may end the waits of a [`Beneath`] besides a wake and a deadline.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Ears {
    /// What is in store for the task: the wait says `Killed` then.
    Open,
    /// Nothing but the verdict of a deadlock: then it says `Killed`.
    Shut,
}

/// From whom a wake may come, for the check for a deadlock.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum From {
    /// What the reason says.
    Told,
    /// Another OS thread, as long as there is one.
    AnyThread,
}

/// The task that runs, as it is about to wait beneath other code. While there is one, it waits in no other way.
pub struct Beneath {
    /// Its thread only.
    _local: PhantomData<Cell<*const ()>>,
}

impl Beneath {
    /// None where the task may not wait, or there is none; then the OS thread has to.
    ///
    /// That is in a task that unwinds, in `no_switch`, in the hub's own code and its callbacks, where the runtime takes its own
    /// locks, and beneath another wait of this kind.
    pub fn begin(ears: Ears) -> Option<Beneath> {
        if stays() || std::thread::panicking() {
            return None;
        }
        let begun = hub(|hub| {
            let hub = hub.filter(|hub| hub.is_at_rest())?;
            hub.peek(|me| {
                let me = me.filter(|me| me.pinned.get() == 0 && !me.is_beneath())?;
                hub.ticket(me); // so that it can be found
                me.descend(ears == Ears::Shut);
                Some(())
            })
        });
        begun.map(|()| Beneath { _local: PhantomData })
    }

    /// What ends the next wait here, from any OS thread. It may end one of a later `Beneath` of this task as well.
    pub fn unparker(&self) -> RemoteUnparker {
        Unparker::current().remote()
    }

    /// Waits until it is woken, or the deadline comes, or it hears something.
    ///
    /// A wake that comes before this is called is not kept: whoever enters the unparker somewhere does so with nobody else
    /// running on this thread in between, and another thread's wake comes by message.
    pub fn park(&self, reason: Reason, deadline: Option<Instant>, from: From) -> Wake {
        expect_hub("a wait", |hub| {
            let me = hub.current().expect("it began in a task");
            wait(hub, &me, reason, deadline, from)
        })
    }

    /// Waits until the descriptor is readable, has been hung up, or the deadline comes, or it hears something.
    ///
    /// # Errors
    /// When the reactor cannot have it: another task waits to read it, it cannot be polled, there is no memory.
    pub fn readable(
        &self,
        fd: BorrowedFd<'_>,
        reason: Reason,
        deadline: Option<Instant>,
    ) -> io::Result<Wake> {
        let source = Source::new(fd);
        // The descriptor stays its owner's.
        source.share();
        let mut glance = source.glance_to_read();
        glance.enter()?;
        let wake = self.park(reason, deadline, From::Told);
        glance.leave();
        Ok(wake)
    }
}

impl Drop for Beneath {
    fn drop(&mut self) {
        hub(|hub| hub.and_then(Hub::current).map(|me| me.ascend()));
    }
}

impl fmt::Debug for Beneath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Beneath").finish_non_exhaustive()
    }
}

fn wait(hub: &Hub, me: &TaskRef, reason: Reason, deadline: Option<Instant>, from: From) -> Wake {
    if me.due.get() && !me.is_deaf() {
        return Wake::Killed;
    }
    // The wait above may have begun already, and be about to suspend.
    let above = (me.reason.replace(reason), me.since.replace(hub.now()));
    hub.note_wait(me);
    let alarm = deadline.map(|at| hub.set_alarm(at, Alarm::Wait(hub.ticket(me)), !me.daemon.get()));
    if reason.is_outside() {
        hub.owe(true);
    }
    if from == From::AnyThread {
        hub.suspect(true);
    }
    hub.suspend();
    if from == From::AnyThread {
        hub.suspect(false);
    }
    if reason.is_outside() {
        hub.owe(false);
    }
    if let Some(alarm) = alarm {
        hub.clear_alarm(alarm);
    }
    me.reason.set(above.0);
    me.since.set(above.1);
    me.wake.get()
}

/// Ends a wait, from any OS thread, in any state of this one's hub; false when whoever waits will never run again.
pub fn rouse(who: &RemoteUnparker) -> bool {
    let here = hub(|hub| {
        let hub = hub.filter(|hub| hub.number() == who.waiter.id.hub() && hub.is_at_rest())?;
        Some(hub.wake_live(who.waiter))
    });
    here.unwrap_or_else(|| who.sender.send(Message::Wake(who.waiter)).is_ok())
}

/// Whether it is a wait of a task of the hub that runs on this thread.
pub fn is_here(who: &RemoteUnparker) -> bool {
    who.is_here()
}

/// The number of the hub that runs on this thread.
#[inline]
pub fn hub_number() -> Option<u32> {
    hub(|hub| hub.map(Hub::number))
}

/// Whether something is in store for the task that runs: its next wait will unwind.
pub fn is_due() -> bool {
    hub(|hub| hub?.peek(|me| Some(me?.due.get()))).unwrap_or(false)
}

/// Takes the verdict of a deadlock that the task which runs was told.
pub fn verdict() -> Option<Deadlock> {
    let me = hub(|hub| hub.and_then(Hub::current))?;
    let payload = me.interrupts(|store| store.take_verdict())?;
    payload.downcast::<Deadlock>().ok().map(|verdict| *verdict)
}
