//! Pseudo-random numbers, the same in every run and in every peer.

use std::time::Duration;

/// xorshift64, as the peers have it.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new() -> Random {
        Random(0x9E37_79B9_7F4A_7C15)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// `n` random sleeps of 0 to 1000 ms.
pub(crate) fn naps(n: usize) -> Vec<Duration> {
    let mut random = Random::new();
    (0..n).map(|_| Duration::from_micros(random.next() % 1_000_000)).collect()
}

/// The numbers below `n`, in random order.
pub(crate) fn shuffled(n: usize) -> Vec<usize> {
    let mut random = Random::new();
    let mut order: Vec<usize> = (0..n).collect();
    for i in (1..n).rev() {
        order.swap(i, (random.next() % (i as u64 + 1)) as usize);
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn naps_are_those_of_the_peers() {
        // As the peers' own generator gives them.
        let micros: Vec<u128> = naps(4).iter().map(Duration::as_micros).collect();
        assert_eq!(micros, [842_989, 499_574, 135_030, 62_260]);
    }

    #[test]
    fn an_order_is_a_permutation() {
        let mut order = shuffled(1000);
        assert_ne!(order, (0..1000).collect::<Vec<_>>());
        order.sort_unstable();
        assert_eq!(order, (0..1000).collect::<Vec<_>>());
    }
}
