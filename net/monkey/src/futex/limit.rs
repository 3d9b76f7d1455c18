//! Until when a wait for a word goes on: the kernel's times as the runtime's moments.
//!
//! # Why unsafe
//! The time is read through the caller's pointer.

use std::time::{Duration, Instant};

use libc::{CLOCK_MONOTONIC, CLOCK_REALTIME, EINVAL, c_int, c_long, clockid_t, timespec};
use osier_runtime::clock;

/// How long a change of the calendar's clock may go unnoticed.
const CALENDAR: Duration = Duration::from_secs(1);

/// A moment on one of the kernel's clocks.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limit {
    clock: clockid_t,
    /// Since that clock's zero.
    at: Duration,
}

impl Limit {
    /// What the pointer tells, if it is not null; `relative` to now, on a clock that nobody sets.
    ///
    /// # Safety
    /// The pointer is null or good to be read.
    pub(super) unsafe fn read(
        from: usize,
        relative: bool,
        calendar: bool,
    ) -> Result<Option<Limit>, c_int> {
        let from = from as *const timespec;
        if from.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller's promise.
        let given = span(unsafe { from.read_unaligned() }).ok_or(EINVAL)?;
        if relative {
            let at = now(CLOCK_MONOTONIC).saturating_add(given);
            return Ok(Some(Limit { clock: CLOCK_MONOTONIC, at }));
        }
        let clock = if calendar { CLOCK_REALTIME } else { CLOCK_MONOTONIC };
        Ok(Some(Limit { clock, at: given }))
    }

    /// Whether it has come.
    pub(super) fn is_over(&self) -> bool {
        now(self.clock) >= self.at
    }

    /// When to look again whether it has; never early by its own clock. None: no clock gets there.
    pub(super) fn next_look(&self) -> Option<Instant> {
        let left = self.at.saturating_sub(now(self.clock));
        let left = if self.clock == CLOCK_REALTIME { left.min(CALENDAR) } else { left };
        // The runtime's clock is asked after the kernel's: the sum is late rather than early.
        clock::now().checked_add(left)
    }
}

/// None if it is no time at all.
fn span(time: timespec) -> Option<Duration> {
    let nanos = u32::try_from(time.tv_nsec).ok().filter(|nanos| *nanos < 1_000_000_000)?;
    Some(Duration::new(u64::try_from(time.tv_sec).ok()?, nanos))
}

fn now(clock: clockid_t) -> Duration {
    let mut time = timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the kernel writes where the pointer is to.
    let result = unsafe { libc::clock_gettime(clock, &mut time) };
    debug_assert_eq!(result, 0, "a clock that every kernel has");
    span(time).unwrap_or_default()
}

/// An error of the kernel's, as its calls return it.
pub(super) fn error(number: c_int) -> c_long {
    -c_long::from(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_time_is_refused() {
        let time = |tv_sec, tv_nsec| {
            let time = timespec { tv_sec, tv_nsec };
            // SAFETY: it is right here.
            unsafe { Limit::read(&raw const time as usize, true, false) }
        };
        assert_eq!(time(0, 1_000_000_000).unwrap_err(), EINVAL);
        assert_eq!(time(0, -1).unwrap_err(), EINVAL);
        assert_eq!(time(-1, 0).unwrap_err(), EINVAL);
        assert!(time(0, 0).unwrap().unwrap().is_over());
        assert!(!time(60, 999_999_999).unwrap().unwrap().is_over());
        assert!(time(i64::MAX, 0).unwrap().unwrap().next_look().is_none());
        // SAFETY: null is allowed.
        assert!(unsafe { Limit::read(0, true, false) }.unwrap().is_none());
    }
}
