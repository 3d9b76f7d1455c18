//! The hub of this thread.

use std::io;

use super::{Hub, directory};
use crate::coroutine::{Place, deactivate};
use crate::stack::LineBuf;
use crate::sys::shot;
use crate::sys::slot::Slot;
use crate::task::TaskId;

thread_local! {
    /// Set while the hub of this thread runs.
    pub(super) static HUB: Slot<Hub> = const { Slot::new() };
}

/// Gives `f` the hub of this thread, if one runs.
#[inline(always)]
pub(crate) fn hub<R>(f: impl FnOnce(Option<&Hub>) -> R) -> R {
    HUB.with(|slot| slot.with(f))
}

/// Gives `f` the hub of this thread.
///
/// # Panics
/// When none runs: `what` begins the sentence that says so.
#[inline(always)]
#[track_caller]
pub(crate) fn expect_hub<R>(what: &str, f: impl FnOnce(&Hub) -> R) -> R {
    hub(|hub| match hub {
        Some(hub) => f(hub),
        None => outside(what),
    })
}

#[cold]
#[track_caller]
fn outside(what: &str) -> ! {
    panic!("{what} outside of osier::run: wrap the program's body in `osier::run(|| {{ ... }})`")
}

/// Whether this code runs in a task, and one that may wait.
pub(crate) fn is_in_task() -> bool {
    hub(|hub| hub.is_some_and(|hub| hub.is_running()) && !std::thread::panicking())
}

/// Leaves the hubs of the process behind that this one was forked from, and whatever ran on them.
///
/// Nothing of theirs is dropped: it is the other process's. For a forked child that never returns to where it was.
pub(crate) fn desert() -> io::Result<()> {
    directory::desert();
    let disowned = hub(|hub| hub.map_or(Ok(()), |hub| hub.reactor.borrow_mut().disown()));
    HUB.with(Slot::clear);
    deactivate();
    shot::stand_on(0, 0);
    disowned
}

/// Where this code runs, as far as switches by hand are concerned.
#[inline(always)]
pub(crate) fn here() -> Place {
    hub(|hub| match hub {
        None => Place::OUTSIDE,
        Some(hub) => hub.peek(|me| match me {
            None => Place::numbered(TaskId::new(hub.number, 0).get()), // tasks count from 1
            Some(me) if me.pinned.get() != 0 => Place::PINNED,
            Some(me) => Place::numbered(me.id.get()),
        }),
    })
}

/// Writes the name of the task that runs; called in a signal handler.
pub(crate) fn describe(line: &mut LineBuf) {
    use std::fmt::Write;

    hub(|hub| {
        let task = hub.and_then(Hub::current);
        let Some(task) = task else { return };
        task.peek_name(|name| {
            let _ = match name {
                Some(name) => write!(line, "{name}"),
                None => write!(line, "{}", task.id),
            };
        });
    });
}
