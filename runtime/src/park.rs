//! The suspension primitive: every wait of a task goes through [`park`].
//!
//! A wait has a reason, for reports; a deadline, or none; and an `undo` that unhooks the waiter from
//! wherever it was entered, called when the wait ends otherwise than by a wake. Who is to be woken
//! takes an [`Unparker`] first, hooks it up, and parks.

use std::cell::Cell;
use std::fmt;
use std::marker::PhantomData;
use std::time::Instant;

use crate::hub::{Alarm, Hub, Message, Sender, expect_hub, hub};
use crate::task::{Reason, TaskRef, Waiter, Wake};

/// Suspends the task until it is woken or the deadline comes.
///
/// Or until it is to unwind. A wake that came since [`Unparker::current`] made the unparker of this wait ends it at once.
/// `undo` is called when the wait ends in any other way than by a wake, before `park` returns. A
/// wake and a time-out in the same turn count as a wake, so what was handed over is not lost.
///
/// What is built on this calls [`deliver`](crate::deliver) on the result, once its own state is in
/// order: that unwinds a task that is to be killed.
///
/// # Blocking
/// Switches tasks, unless a wake has come already or the task may not wait
/// ([`Wake::Refused`]).
///
/// # Panics
/// Outside of [`run`](crate::run), and inside of [`no_switch`](crate::no_switch).
///
/// ```
/// use osier::{Reason, Unparker, Wake};
///
/// osier::run(|| {
///     let me = Unparker::current();
///     osier::spawn(move || me.unpark());
///     let wake = osier::park(Reason::new("waiting for a friend"), None, || {});
///     assert_eq!(wake, Wake::Woken);
/// });
/// ```
#[must_use = "a wait that was cut short has to be passed on: see deliver"]
pub fn park(reason: Reason, deadline: Option<Instant>, undo: impl FnOnce()) -> Wake {
    let mut pinned = false;
    let wake = expect_hub("a wait", |hub| match hub.current() {
        Some(me) if !std::thread::panicking() => {
            pinned = me.pinned.get() != 0;
            wait(hub, &me, reason, deadline)
        }
        _ => Wake::Refused,
    });
    if wake != Wake::Woken {
        undo();
    }
    assert!(!pinned, "a wait inside of no_switch: {reason}");
    wake
}

fn wait(hub: &Hub, me: &TaskRef, reason: Reason, deadline: Option<Instant>) -> Wake {
    if me.pinned.get() != 0 {
        // Over before it began: whoever has its ticket must not end the next wait with it.
        me.end_wait();
        return Wake::Refused;
    }
    if me.token.get() {
        me.end_wait();
        return Wake::Woken;
    }
    if me.due.get() {
        me.end_wait();
        return Wake::Killed;
    }
    me.reason.set(reason);
    me.since.set(hub.now());
    hub.note_wait(me);
    let vital = !me.daemon.get();
    let alarm = deadline.map(|at| hub.set_alarm(at, Alarm::Wait(hub.ticket(me)), vital));
    if reason.is_outside() {
        hub.owe(true);
    }
    hub.suspend();
    if reason.is_outside() {
        hub.owe(false);
    }
    if let Some(alarm) = alarm {
        hub.clear_alarm(alarm);
    }
    me.end_wait();
    me.wake.get()
}

/// Lets every other task that is ready run before this one goes on.
///
/// Timers, descriptors and other threads are looked after every few switches, so tasks that do
/// nothing but this starve nobody. Does nothing outside of a task, or in one that unwinds.
///
/// # Blocking
/// Switches tasks.
///
/// # Panics
/// Inside of [`no_switch`](crate::no_switch).
///
/// ```
/// osier::run(|| {
///     let other = osier::spawn(|| "hello");
///     while !other.is_finished() {
///         osier::yield_now();
///     }
///     assert_eq!(other.value(), Some(&"hello"));
/// });
/// ```
#[inline]
pub fn yield_now() {
    if std::thread::panicking() {
        return;
    }
    let due = hub(|hub| hub.is_some_and(Hub::yield_now));
    if due {
        crate::cancel::deliver(Wake::Killed);
    }
}

/// As [`yield_now`], and nothing inside of [`no_switch`](crate::no_switch).
///
/// For operations that wait now and then only: a task that has always something to do lets the others have their turn.
#[doc(hidden)]
pub fn give_way() {
    let pinned = hub(|hub| hub?.peek(|me| Some(me?.pinned.get() != 0)));
    if pinned == Some(false) {
        yield_now();
    }
}

/// Ends one wait of one task; stays on its thread.
///
/// It is good for the wait that was next when it was made, and does nothing to later ones.
///
/// ```
/// use osier::{Reason, Unparker};
///
/// osier::run(|| {
///     let me = Unparker::current();
///     me.unpark(); // before the wait: it will not begin
///     let _ = osier::park(Reason::new("waiting for myself"), None, || {});
/// });
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Unparker {
    waiter: Waiter,
    /// The hub's own thread only.
    _local: PhantomData<Cell<*const ()>>,
}

impl Unparker {
    /// For the next wait of the task that calls this.
    ///
    /// # Panics
    /// Outside of a task.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline] // or its parts are stored one by one, loaded as a whole, and that stalls
    pub fn current() -> Unparker {
        let waiter = expect_hub("a wait", |hub| hub.peek(|me| me.map(|me| hub.ticket(me))));
        let waiter = waiter.expect("only a task can wait, not a destructor that the hub runs");
        Unparker { waiter, _local: PhantomData }
    }

    /// As [`current`](Self::current), but none where a wait would be refused.
    #[inline]
    pub(crate) fn if_allowed() -> Option<Unparker> {
        if std::thread::panicking() {
            return None;
        }
        let waiter = hub(|hub| hub?.peek(|me| Some(hub?.ticket(me?))))?;
        Some(Unparker { waiter, _local: PhantomData })
    }

    /// Ends the wait, if it is not over.
    ///
    /// The task is put at the end of the run queue.
    ///
    /// # Blocking
    /// Never switches tasks.
    #[inline]
    pub fn unpark(&self) {
        hub(|hub| {
            if let Some(hub) = hub {
                hub.wake(self.waiter, Wake::Woken);
            }
        });
    }

    /// The same; false when whoever waited will never run again, as it was leaked at the end of a run.
    ///
    /// What is handed over is for the next one then.
    #[inline]
    pub(crate) fn hit(&self) -> bool {
        hub(|hub| hub.is_some_and(|hub| hub.wake_live(self.waiter)))
    }

    /// Whether there is somebody to be woken.
    pub(crate) fn is_live(&self) -> bool {
        hub(|hub| hub.is_some_and(|hub| hub.is_waiting(self.waiter)))
    }

    /// One that may go to another OS thread.
    ///
    /// A wait for it says so in its reason ([`Reason::outside`]), or it may be taken for a deadlock.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn remote(&self) -> RemoteUnparker {
        RemoteUnparker { waiter: self.waiter, sender: expect_hub("an unparker", Hub::sender) }
    }
}

impl fmt::Debug for Unparker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unparker").field("task", &self.waiter.id).finish_non_exhaustive()
    }
}

/// Ends one wait of one task, from any OS thread.
///
/// ```
/// use osier::{Reason, Unparker, Wake};
///
/// osier::run(|| {
///     let me = Unparker::current().remote();
///     let thread = std::thread::spawn(move || me.unpark());
///     let reason = Reason::new("waiting for a thread").outside();
///     assert_eq!(osier::park(reason, None, || {}), Wake::Woken);
///     thread.join().unwrap();
/// });
/// ```
#[derive(Clone, Debug)]
pub struct RemoteUnparker {
    pub(crate) waiter: Waiter,
    pub(crate) sender: Sender,
}

impl RemoteUnparker {
    /// Ends the wait, if it is not over.
    ///
    /// A hub that has ended is past waking: that is no error.
    ///
    /// # Blocking
    /// Never waits.
    pub fn unpark(&self) {
        self.rouse();
    }

    /// The same; false when the hub has ended.
    ///
    /// On the hub's own thread there is no need to write to it.
    pub(crate) fn rouse(&self) -> bool {
        let is_here = hub(|hub| {
            let hub = hub.filter(|hub| hub.number() == self.waiter.id.hub());
            hub.map(|hub| hub.wake(self.waiter, Wake::Woken)).is_some()
        });
        is_here || self.sender.send(Message::Wake(self.waiter)).is_ok()
    }

    /// Whether the hub is the one that runs on this thread.
    pub(crate) fn is_here(&self) -> bool {
        hub(|hub| hub.is_some_and(|hub| hub.number() == self.waiter.id.hub()))
    }
}
