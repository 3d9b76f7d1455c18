//! What timers are set for, and how many of them hold off a deadlock verdict.
//!
//! The wheel rounds up to its ticks of 65.5 us. Under a virtual clock that would be a lateness
//! one could see, so there a tick stands for a microsecond: timers go off on the dot.

use std::cell::{Cell, RefCell};
use std::time::{Duration, Instant};

use crate::clock;
use crate::task::Waiter;
use crate::timers::{Key, Wheel};

/// What happens when a timer expires.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Alarm {
    /// A wait has reached its deadline.
    Wait(Waiter),
    /// The scope of a time-out has; the ticket names the task, the number the scope.
    Scope(Waiter, u32),
    /// The time of a future has; its place in the hub's list.
    Future(usize),
}

/// The hub's clock and its timers.
#[derive(Debug)]
pub(super) struct Alarms {
    /// Time 0 of this hub.
    origin: Instant,
    /// The time of the hub's last look at the clock: nanoseconds since `origin`.
    now: Cell<u64>,
    /// The alarm, and whether it is one of a task that `run` waits for.
    wheel: RefCell<Wheel<(Alarm, bool)>>,
    /// How many alarms are those of tasks that `run` waits for.
    vital: Cell<usize>,
    /// Whether a tick of the wheel stands for a microsecond; the same for all of the hub's life.
    exact: bool,
}

/// Nanoseconds of the wheel that stand for a microsecond, if it is to be exact: one tick.
const TICK: u64 = 1 << 16;

impl Alarms {
    /// Whether nobody works on them.
    pub(super) fn is_at_rest(&self) -> bool {
        self.wheel.try_borrow_mut().is_ok()
    }

    pub(super) fn new() -> Alarms {
        Alarms {
            origin: clock::now(),
            now: Cell::new(0),
            wheel: RefCell::new(Wheel::new()),
            vital: Cell::new(0),
            exact: clock::is_virtual(),
        }
    }

    /// A deadline as the wheel counts.
    #[inline]
    fn due(&self, ns: u64) -> u64 {
        // Beyond the wheel's last tick but one (8.9 years) would be never, and time would stand still.
        if self.exact { ns.div_ceil(1000).min((1 << 48) - 2) * TICK } else { ns }
    }

    /// The time of the last look as the wheel counts.
    #[inline]
    fn present(&self) -> u64 {
        let now = self.now.get();
        if self.exact { (now / 1000).min((1 << 48) - 2) * TICK } else { now }
    }

    /// Looks at the clock.
    pub(super) fn look(&self) -> u64 {
        self.now.set(self.ns(clock::now()));
        self.now.get()
    }

    /// The time of the last look.
    pub(super) fn now(&self) -> u64 {
        self.now.get()
    }

    /// The time of the last look, as the clock says it.
    pub(super) fn instant(&self) -> Instant {
        self.origin + Duration::from_nanos(self.now.get())
    }

    fn ns(&self, at: Instant) -> u64 {
        at.saturating_duration_since(self.origin).as_nanos().try_into().unwrap_or(u64::MAX)
    }

    pub(super) fn set(&self, at: Instant, alarm: Alarm, vital: bool) -> Key {
        self.vital.set(self.vital.get() + usize::from(vital));
        self.wheel.borrow_mut().insert(self.due(self.ns(at)), (alarm, vital))
    }

    /// Takes an alarm back; one that has gone off already is no matter.
    pub(super) fn clear(&self, key: Key) {
        if let Some((_, vital)) = self.wheel.borrow_mut().remove(key) {
            self.vital.set(self.vital.get() - usize::from(vital));
        }
    }

    /// Takes back all alarms.
    pub(super) fn forget_all(&self) {
        let mut wheel = Wheel::new();
        wheel.expire(self.present(), |_| ());
        *self.wheel.borrow_mut() = wheel;
        self.vital.set(0);
    }

    /// Calls `ring` for whatever is due at the time of the last look.
    pub(super) fn expire(&self, mut ring: impl FnMut(Alarm)) {
        let mut wheel = self.wheel.borrow_mut();
        if wheel.is_empty() {
            return;
        }
        wheel.expire(self.present(), |(alarm, vital)| {
            self.vital.set(self.vital.get() - usize::from(vital));
            ring(alarm);
        });
    }

    /// How long from the last look until the next alarm may be due.
    pub(super) fn left(&self) -> Option<Duration> {
        let next = self.wheel.borrow().next_deadline()?;
        let next = if self.exact { next / TICK * 1000 } else { next };
        Some(Duration::from_nanos(next.saturating_sub(self.now.get())))
    }

    /// How many alarms there are, and how many of them are of tasks that `run` waits for.
    pub(super) fn count(&self) -> (usize, usize) {
        (self.wheel.borrow().len(), self.vital.get())
    }
}
