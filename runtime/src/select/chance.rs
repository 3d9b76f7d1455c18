//! Which of several branches: a small generator of numbers, one for each OS thread.

use std::cell::Cell;

thread_local!(static STATE: Cell<u64> = const { Cell::new(SEED) });

/// What it begins with; any number but 0 would do.
const SEED: u64 = 0x9e37_79b9_7f4a_7c15;

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
    // Mixed, as the first numbers after two small seeds would be alike; 0 would stay 0.
    let mixed = (seed ^ SEED).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    STATE.set((mixed ^ mixed >> 31).max(1));
}

/// A number below `bound`, each as likely as another (xorshift64*).
#[inline]
pub(super) fn below(bound: u32) -> u32 {
    let mut x = STATE.get();
    x ^= x >> 12;
    x ^= x << 25;
    x ^= x >> 27;
    STATE.set(x);
    let high = x.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 32;
    ((high * u64::from(bound)) >> 32) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_numbers_are_about_as_likely() {
        set_seed(1);
        let mut counts = [0_u32; 7];
        (0..70_000).for_each(|_| counts[below(7) as usize] += 1);
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
        assert_ne!(draw(SEED), [0; 8]);
    }
}
