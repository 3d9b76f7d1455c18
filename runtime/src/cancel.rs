//! Kills, time-outs, shields: how a wait is cut short, and how that is put off.
//!
//! A task is stopped by unwinding it from where it waits, so that every destructor runs. The
//! unwinding is a panic without a message; it does not count as one: our own locks are not
//! poisoned by it (std's are), and a join says "killed".

use std::any::Any;
use std::error::Error;
use std::fmt;
use std::panic::{self, AssertUnwindSafe, catch_unwind};
use std::time::{Duration, Instant};

use crate::clock;
use crate::coroutine::deactivate;
use crate::hub::{Alarm, Hub, expect_hub, hub, is_left_behind};
use crate::task::{Due, Killed, TaskRef, TimeoutUnwind, Wake};

/// Unwinds the task if its wait was cut short for that.
///
/// Any other result is given back. For what is built on [`park`](crate::park): called when one's own
/// state is in order.
///
/// # Panics
/// That is how it unwinds, without a message.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use std::time::Duration;
/// use osier::{Reason, Wake};
///
/// osier::run(|| {
///     let deadline = osier::clock::deadline(Duration::from_millis(1));
///     let wake = osier::park(Reason::new("waiting for nobody"), deadline, || {});
///     assert_eq!(osier::deliver(wake), Wake::TimedOut);
/// });
/// ```
pub fn deliver(wake: Wake) -> Wake {
    if wake == Wake::Killed
        && let Some(payload) = take_due()
    {
        panic::resume_unwind(payload);
    }
    wake
}

/// What the running task is to be unwound with.
fn take_due() -> Option<Box<dyn Any + Send>> {
    let me = hub(|hub| hub.and_then(Hub::current))?;
    match me.interrupts(|store| store.take())? {
        Due::Kill(payload) if payload.is::<Killed>() => Some(Box::new(Killed::delivered_to(me.id))),
        Due::Kill(payload) => Some(payload),
        Due::Timeout(scope) => Some(Box::new(TimeoutUnwind::delivered_to(me.id, scope))),
    }
}

/// Asks a task to end; the running one unwinds at once.
pub(crate) fn kill(task: &TaskRef, payload: Option<Box<dyn Any + Send>>) {
    refuse_without_unwinding("kill a green thread");
    if is_left_behind(task.id.hub()) && !task.is_done() {
        // No panic: destructors kill.
        log::warn!(
            "green thread {} is of another process, from which this one was forked: it is not killed",
            **task
        );
    }
    let is_me = hub(|hub| {
        let hub = hub.filter(|hub| hub.number() == task.id.hub())?;
        hub.interrupt(task, |store| store.kill(payload));
        hub.current().filter(|me| me == task)
    });
    if is_me.is_some_and(|me| me.due.get()) && !std::thread::panicking() {
        deliver(Wake::Killed);
    }
}

/// Killing is unwinding, and a program can be built without.
pub(crate) fn refuse_without_unwinding(what: &str) {
    if cfg!(not(panic = "unwind")) {
        panic!("cannot {what}: the program is built with panic = \"abort\"");
    }
}

/// A [`timeout`] has expired.
///
/// As an [`io::Error`](std::io::Error) it has the kind `TimedOut`.
///
/// ```
/// use std::{io, time::Duration};
///
/// fn answer() -> io::Result<u32> {
///     Ok(osier::timeout(Duration::from_secs(5), || 42)?)
/// }
/// assert_eq!(osier::run(answer)?, 42);
/// # io::Result::Ok(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Elapsed {
    /// None: it never began, as the program cannot unwind.
    limit: Option<Duration>,
}

impl fmt::Display for Elapsed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.limit {
            Some(limit) => write!(f, "timed out after {limit:?}"),
            None => f.write_str("no time-out: the program is built with panic = \"abort\""),
        }
    }
}

impl Error for Elapsed {}

impl From<Elapsed> for std::io::Error {
    fn from(elapsed: Elapsed) -> Self {
        std::io::Error::new(std::io::ErrorKind::TimedOut, elapsed)
    }
}

/// Runs `f` and unwinds it out of its wait when `limit` is over.
///
/// No limit (`None`) never fires; one of zero fires at the first wait. A body that does not wait is
/// never cut short, and one that ends has its result returned even if its time was up. Time-outs
/// nest, each knows its own expiry; when several have expired the outermost is first. If the body
/// swallows the unwinding (`catch_unwind`), the next wait in it unwinds again.
///
/// # Errors
/// [`Elapsed`] when this time-out has expired; another one's expiry, a kill or a panic goes on
/// through. With `panic = "abort"` always, and `f` is not called.
///
/// # Blocking
/// Does not switch tasks by itself.
///
/// # Panics
/// Outside of [`run`](crate::run).
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let slow = || osier::sleep(Duration::from_secs(3600));
///     assert!(osier::timeout(Duration::from_millis(5), slow).is_err());
///     assert_eq!(osier::timeout(None, || 7), Ok(7));
/// });
/// ```
pub fn timeout<T>(limit: impl Into<Option<Duration>>, f: impl FnOnce() -> T) -> Result<T, Elapsed> {
    let Some(limit) = limit.into() else { return Ok(f()) };
    if cfg!(not(panic = "unwind")) {
        return Err(Elapsed { limit: None });
    }
    let Some(me) = expect_hub("a time-out", Hub::current) else { return Ok(f()) };
    let scope = me.interrupts(|store| store.begin());
    let alarm = set_alarm(&me, scope, limit);
    let result = catch_unwind(AssertUnwindSafe(f));
    if let Some(alarm) = alarm {
        expect_hub("a time-out", |hub| hub.clear_alarm(alarm));
    }
    me.interrupts(|store| store.end(scope));
    let is_mine = |unwind: &TimeoutUnwind| unwind.is_for(me.id, scope);
    match result {
        Ok(value) => Ok(value),
        Err(payload) if payload.downcast_ref().is_some_and(is_mine) => {
            Err(Elapsed { limit: Some(limit) })
        }
        Err(payload) => {
            drop(me);
            panic::resume_unwind(payload)
        }
    }
}

fn set_alarm(me: &TaskRef, scope: u32, limit: Duration) -> Option<crate::timers::Key> {
    if limit.is_zero() {
        me.interrupts(|store| store.expire(scope));
        return None;
    }
    let at: Instant = clock::deadline(limit)?;
    Some(expect_hub("a time-out", |hub| {
        hub.set_alarm(at, Alarm::Scope(hub.ticket(me), scope), !me.daemon.get())
    }))
}

/// Runs `f` and puts off kills until it has ended.
///
/// Time-outs that began outside are put off, too. For cleaning up that waits, and for callbacks that C code calls (an unwinding must not cross
/// C). What was put off comes at the next wait after it.
///
/// # Blocking
/// Does not switch tasks by itself.
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let task = osier::spawn(|| {
///         osier::shield(|| osier::sleep(Duration::from_millis(5)));
///         "clean"
///     });
///     osier::yield_now();
///     task.kill();
///     assert_eq!(task.join().unwrap(), "clean"); // it had no wait outside of the shield
/// });
/// ```
pub fn shield<T>(f: impl FnOnce() -> T) -> T {
    struct Lower(Option<TaskRef>);
    impl Drop for Lower {
        fn drop(&mut self) {
            if let Some(me) = &self.0 {
                me.interrupts(|store| store.unshield());
            }
        }
    }
    let me = hub(|hub| hub.and_then(Hub::current));
    if let Some(me) = &me {
        me.interrupts(|store| store.shield());
    }
    let _lower = Lower(me);
    f()
}

/// Runs `f`, in which a wait panics instead of switching tasks.
///
/// For code that must not be left half-way, as it keeps something in a thread-local that is
/// meant for one call (scoped-tls does): see [`spawn`](crate::spawn).
///
/// # Panics
/// Where `f` waits.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// let total = osier::run(|| osier::no_switch(|| 1 + 1));
/// assert_eq!(total, 2);
/// ```
pub fn no_switch<T>(f: impl FnOnce() -> T) -> T {
    struct Unpin(Option<TaskRef>);
    impl Drop for Unpin {
        fn drop(&mut self) {
            if let Some(me) = &self.0 {
                me.pinned.set(me.pinned.get() - 1);
            }
        }
    }
    let me = hub(|hub| hub.and_then(Hub::current));
    if let Some(me) = &me {
        deactivate();
        me.pinned.set(me.pinned.get() + 1);
    }
    let _unpin = Unpin(me);
    f()
}
