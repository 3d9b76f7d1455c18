//! A time, as a future.

use std::cell::Cell;
use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use crate::clock;
use crate::hub::{Alarm, expect_hub, hub};
use crate::timers::Key;

/// A future that is ready after that time, as [`sleep`](crate::sleep) would return.
///
/// It counts from now, not from the first poll.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use std::time::Duration;
/// use osier::future::{after, block_on};
///
/// osier::run(|| block_on(after(Duration::from_millis(1))));
/// ```
pub fn after(length: Duration) -> After {
    After { deadline: clock::deadline(length), place: None, _local: PhantomData }
}

/// A future that is ready at that moment.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use osier::future::{after_until, block_on};
///
/// osier::run(|| block_on(after_until(osier::clock::now())));
/// ```
pub fn after_until(deadline: Instant) -> After {
    After { deadline: Some(deadline), place: None, _local: PhantomData }
}

/// A time as a future, made by [`after`]. It uses the timers of the hub that it is polled on.
///
/// # Panics
/// When it is polled outside of [`run`](crate::run).
///
/// ```
/// use std::time::Duration;
/// use osier::future::{After, after, block_on};
///
/// let nap: After = after(Duration::ZERO);
/// osier::run(|| block_on(nap));
/// ```
#[must_use = "a future does nothing unless it is awaited"]
pub struct After {
    /// None: a time that the clock cannot say, which never comes.
    deadline: Option<Instant>,
    /// Where it waits: the hub's number, the place in its list, the alarm.
    place: Option<(u32, usize, Key)>,
    /// A hub's timers are its own thread's.
    _local: PhantomData<Cell<*const ()>>,
}

impl Future for After {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.deadline else { return Poll::Pending };
        if clock::now() >= deadline {
            self.leave();
            return Poll::Ready(());
        }
        let waker = cx.waker().clone();
        expect_hub("a future waited for a time", |hub| match self.place {
            Some((number, place, _)) if number == hub.number() => hub.timed.renew(place, waker),
            _ => {
                let vital = hub.peek(|me| me.is_none_or(|me| !me.daemon.get()));
                let place = hub.timed.enter(waker);
                let key = hub.set_alarm(deadline, Alarm::Future(place), vital);
                self.place = Some((hub.number(), place, key));
            }
        });
        Poll::Pending
    }
}

impl After {
    fn leave(&mut self) {
        let Some((number, place, key)) = self.place.take() else { return };
        hub(|hub| {
            if let Some(hub) = hub.filter(|hub| hub.number() == number) {
                hub.clear_alarm(key);
                hub.timed.leave(place);
            }
        });
    }
}

impl Drop for After {
    fn drop(&mut self) {
        self.leave();
    }
}

impl fmt::Debug for After {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("After").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
