//! Numbers that look drawn by lot and are the same for the same seed.
//!
//! SplitMix64 by Steele, Lea and Flood: 64 bits of state, every seed is a good one, and nothing to
//! allocate. Not for secrets. A select draws one of its branches by it, and runs under test all they have to draw.

#[cfg(feature = "testing")]
use std::hash::{BuildHasher, RandomState};

/// A source of numbers that a seed determines.
///
/// ```
/// use osier::testing::Random;
///
/// let (mut one, mut other) = (Random::new(7), Random::new(7));
/// assert_eq!(one.next(), other.next());
/// assert!(one.below(10) < 10);
/// let mut cards = [1, 2, 3, 4, 5];
/// one.shuffle(&mut cards);
/// cards.sort();
/// assert_eq!(cards, [1, 2, 3, 4, 5]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Random {
    state: u64,
}

impl Random {
    /// Begins at that seed.
    pub const fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// Draws a number of 64 bits.
    #[inline]
    #[cfg_attr(
        feature = "testing",
        expect(clippy::should_implement_trait, reason = "there is no end to it")
    )]
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.state ^ self.state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// Draws a number from 0 on, below `end`.
    ///
    /// # Panics
    /// When `end` is 0: there is no such number.
    #[inline]
    pub fn below(&mut self, end: usize) -> usize {
        assert!(end > 0, "there is no number below 0");
        ((u128::from(self.next()) * end as u128) >> 64) as usize
    }
}

/// What only tests draw.
#[cfg(feature = "testing")]
impl Random {
    /// A seed that differs from run to run.
    pub(crate) fn fresh_seed() -> u64 {
        RandomState::new().hash_one(0_u8) >> 32 // short enough to be typed
    }

    /// Draws whether something happens that does once in so many times.
    ///
    /// # Panics
    /// When `times` is 0.
    pub fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    /// Draws one of several.
    ///
    /// # Panics
    /// When there is none.
    pub fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Puts a list in an order drawn by lot.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for end in (1..list.len()).rev() {
            list.swap(end, self.below(end + 1));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_are_those_of_the_paper() {
        // From the reference implementation by Vigna, seed 1234567.
        let mut random = Random::new(1_234_567);
        let drawn: Vec<u64> = (0..3).map(|_| random.next()).collect();
        let reference =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(drawn, reference);
    }

    #[test]
    fn every_number_below_is_drawn_and_none_beyond() {
        let mut random = Random::new(1);
        let mut drawn = [0; 7];
        (0..7000).for_each(|_| drawn[random.below(7)] += 1);
        assert!(drawn.iter().all(|count| (800..1200).contains(count)), "{drawn:?}");
    }
}
