//! How long tasks run between two switches: counted while there is a watch, by powers of two.
//!
//! One number a power and no list, so that counting costs a few instructions beside the two looks at the clock that a
//! watch takes at a switch anyway, and a histogram of a year is as small as one of a second. Without a watch
//! nothing is counted, and a switch knows nothing of it.

use std::fmt;
use std::time::Duration;

/// The last power: what takes longer than 8 s is counted as if it took less than 17.
const POWERS: usize = 25;

/// How many slices of running took how long; see [`Watch::slices`](crate::Watch::slices).
///
/// ```
/// use std::time::Duration;
///
/// osier::run(|| {
///     let watch = osier::watch(Duration::from_secs(1))?;
///     (0..10).for_each(|_| osier::yield_now());
///     let slices = watch.slices();
///     assert!(slices.count() >= 10);
///     for (limit, count) in slices.iter() {
///         println!("{count} took less than {limit:?}");
///     }
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Slices {
    /// At n: those that took less than 2^n microseconds, and not less than half of that.
    counts: [u64; POWERS],
}

impl Slices {
    /// Counts one more.
    pub(super) fn add(&mut self, length: Duration) {
        let micros = length.as_micros();
        let power = (u128::BITS - micros.leading_zeros()) as usize;
        self.counts[power.min(POWERS - 1)] += 1;
    }

    /// How many there are.
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// How many took that long or longer.
    ///
    /// They are counted by powers of two: all that are counted with one of that length are taken to be as long.
    ///
    /// ```
    /// # use std::time::Duration;
    /// osier::run(|| {
    ///     let watch = osier::watch(Duration::from_secs(10)).unwrap();
    ///     osier::yield_now();
    ///     assert_eq!(watch.slices().longer(Duration::from_secs(8)), 0);
    /// });
    /// ```
    pub fn longer(&self, limit: Duration) -> u64 {
        self.iter().filter(|(end, _)| *end > limit).map(|(_, count)| count).sum()
    }

    /// What they took less than, by powers of two microseconds, and how many; none that nobody took.
    pub fn iter(&self) -> impl Iterator<Item = (Duration, u64)> {
        let limit = |power: usize| Duration::from_micros(1 << power);
        let counts = self.counts.into_iter().enumerate();
        counts.filter(|(_, count)| *count > 0).map(move |(power, count)| (limit(power), count))
    }
}

/// A line for each power of two: `       93 x < 64µs`.
impl fmt::Display for Slices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter().try_for_each(|(limit, count)| writeln!(f, "{count:>9} x < {limit:?}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_length_has_its_power_c_08() {
        let mut slices = Slices::default();
        for micros in [0, 1, 2, 3, 4, 1023, 1024, 1 << 40] {
            slices.add(Duration::from_micros(micros));
        }
        let limits = [(1, 1), (2, 1), (4, 2), (8, 1), (1024, 1), (2048, 1), (1 << 24, 1)];
        let limits = limits.map(|(micros, count)| (Duration::from_micros(micros), count));
        assert_eq!(slices.iter().collect::<Vec<_>>(), limits);
        assert_eq!((slices.count(), slices.longer(Duration::from_micros(1024))), (8, 2));
        assert_eq!(slices.to_string().lines().next(), Some("        1 x < 1µs"));
    }
}
