//! Which of several branches: numbers by lot, of one source for each OS thread.

use std::cell::Cell;

use crate::random::Random;

thread_local!(static LOTS: Cell<Random> = const { Cell::new(Random::new(0)) });

/// Sets the chances of this OS thread's selects: after the same seed they are the same.
///
/// Without this they are those of one fixed seed.
///
/// ```
/// use osier::queue::Queue;
/// use osier::select::{get, set_seed, try_select};
///
/// let queues: Vec<_> = (0..4).map(|n| Queue::from_iter(n..100)).collect();
/// let draw = || {
///     set_seed(7);
///     let mut gets: Vec<_> = queues.iter().map(get).collect();
///     (0..20).map(|_| try_select(&mut gets).unwrap()).collect::<Vec<_>>()
/// };
/// assert_eq!(draw(), draw());
/// ```
pub fn set_seed(seed: u64) {
    LOTS.set(Random::new(seed));
}

/// A number below `bound`, each as likely as another.
#[inline]
pub(super) fn below(bound: usize) -> usize {
    let mut lots = LOTS.replace(Random::new(0));
    let drawn = lots.below(bound);
    LOTS.set(lots);
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_numbers_are_about_as_likely() {
        set_seed(1);
        let mut counts = [0_u32; 7];
        (0..70_000).for_each(|_| counts[below(7)] += 1);
        assert!(counts.iter().all(|count| (9_500..10_500).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_seed_decides_and_none_is_special() {
        let draw = |seed| {
            set_seed(seed);
            [0; 8].map(|_: u32| below(1000))
        };
        assert_eq!(draw(3), draw(3));
        assert_ne!(draw(3), draw(4));
        assert_ne!(draw(0), [0; 8]);
    }
}
