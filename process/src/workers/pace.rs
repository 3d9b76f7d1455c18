//! How soon one that has died is replaced, and when it is a loop. A pure structure.

use std::time::Duration;

/// How workers that die are replaced.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// The pause before the first replacement; it doubles with each that dies young.
    pub(super) first: Duration,
    /// The longest pause.
    pub(super) most: Duration,
    /// One that lived so long has not died young.
    pub(super) healthy: Duration,
    /// So many that die young, one after the other, are a loop.
    pub(super) limit: u32,
}

/// What is to be done after a death.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// Replace it after about that time.
    After(Duration),
    /// Give up: so many have died young.
    Loop(u32),
}

impl Pace {
    /// What is to be done; `young` is how many have died young in a row, and is brought up to date.
    pub(super) fn after(&self, lived: Duration, young: &mut u32) -> Next {
        *young = if lived >= self.healthy { 0 } else { *young + 1 };
        if *young >= self.limit {
            return Next::Loop(*young);
        }
        let doublings = young.saturating_sub(1).min(30);
        Next::After(self.first.saturating_mul(1 << doublings).min(self.most))
    }
}

/// Between half of the pause and all of it, by lot: workers that die at once do not come back at once.
pub(super) fn jittered(pause: Duration, lot: u32) -> Duration {
    pause / 2 + (pause / 2).mul_f64(f64::from(lot) / f64::from(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACE: Pace = Pace {
        first: Duration::from_millis(10),
        most: Duration::from_millis(50),
        healthy: Duration::from_secs(1),
        limit: 6,
    };

    #[test]
    fn pauses_double_to_a_limit_and_then_it_is_a_loop() {
        let mut young = 0;
        let next: Vec<Next> = (0..6).map(|_| PACE.after(Duration::ZERO, &mut young)).collect();
        let wanted = [10, 20, 40, 50, 50].map(|ms| Next::After(Duration::from_millis(ms)));
        assert_eq!((&next[..5], next[5]), (&wanted[..], Next::Loop(6)));
    }

    #[test]
    fn one_that_lived_long_ends_the_row() {
        let mut young = 0;
        for _ in 0..100 {
            for _ in 0..5 {
                assert!(matches!(PACE.after(Duration::ZERO, &mut young), Next::After(_)));
            }
            assert_eq!(PACE.after(PACE.healthy, &mut young), Next::After(PACE.first));
        }
    }

    #[test]
    fn many_doublings_overflow_nothing() {
        let (mut young, pace) = (100, Pace { limit: u32::MAX, ..PACE });
        assert_eq!(pace.after(Duration::ZERO, &mut young), Next::After(PACE.most));
    }

    #[test]
    fn jitter_is_within_half() {
        let pause = Duration::from_millis(10);
        assert_eq!(jittered(pause, 0), pause / 2);
        assert_eq!(jittered(pause, u32::MAX), pause);
        assert!((pause / 2..pause).contains(&jittered(pause, u32::MAX / 2)));
    }
}
