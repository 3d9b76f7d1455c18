//! How an event finds its way back to the source that it is about, and to no other.

use std::os::fd::RawFd;

use mio::Token;

const _: () = assert!(usize::BITS == 64, "a token holds two halves of 32 bits");

/// Marks the event of a wake from outside. As a key its index would be [`NO_INDEX`].
pub(super) const WAKE: Token = Token(usize::MAX);

/// The index that no source has.
const NO_INDEX: u32 = u32::MAX;
/// Set in place of an index: the rest is the number of a descriptor that guests wait for.
const GUEST: u32 = 1 << 31;

/// Names one registration, also when its place has long been given to another: then it names
/// nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Key {
    /// Place in the slab of sources.
    index: u32,
    /// Number of the registration, counted through the reactor's life; wraps after 2^32.
    pub(super) generation: u32,
}

impl Key {
    /// The key of place `index`.
    pub(super) fn new(index: usize, generation: u32) -> Key {
        let index = u32::try_from(index).unwrap_or(NO_INDEX);
        assert!(index < GUEST, "a reactor holds fewer than 2^31 sources");
        Key { index, generation }
    }

    /// Place in the slab of sources.
    pub(super) fn index(self) -> usize {
        self.index as usize
    }

    /// All of it as a number.
    pub(crate) fn bits(self) -> u64 {
        self.token().0 as u64
    }

    /// The key with these [`bits`](Self::bits).
    pub(crate) fn from_bits(bits: u64) -> Key {
        Key { index: bits as u32, generation: (bits >> 32) as u32 }
    }

    /// What the kernel keeps for it.
    pub(super) fn token(self) -> Token {
        Token((self.generation as usize) << 32 | self.index())
    }

    /// What the kernel has kept, unless it was [`WAKE`].
    pub(super) fn from_token(token: Token) -> Option<Key> {
        let key = Key { index: token.0 as u32, generation: (token.0 >> 32) as u32 };
        (key.index < GUEST).then_some(key)
    }
}

/// What the kernel keeps for a descriptor that guests wait for; `round` tells this watch of it from older ones.
pub(super) fn guest_data(fd: RawFd, round: u32) -> u64 {
    u64::from(round) << 32 | u64::from(fd as u32 | GUEST)
}

/// Descriptor and round, if it is about one that guests wait for.
pub(super) fn guest(token: Token) -> Option<(RawFd, u32)> {
    let (index, round) = (token.0 as u32, (token.0 >> 32) as u32);
    (index & GUEST != 0 && index != NO_INDEX).then_some(((index & !GUEST) as RawFd, round))
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn goes_through_the_kernel_and_back() {
        for (index, generation) in [(0, 0), (7, u32::MAX), (GUEST as usize - 1, 1 << 31)] {
            let key = Key::new(index, generation);
            assert_eq!(Key::from_token(key.token()), Some(key));
            assert_eq!(guest(key.token()), None);
        }
        for (fd, round) in [(0, 0), (7, u32::MAX), (i32::MAX - 1, 1 << 31)] {
            let token = Token(guest_data(fd, round) as usize);
            assert_eq!((guest(token), Key::from_token(token)), (Some((fd, round)), None));
        }
        assert_eq!(guest(WAKE), None);
        assert_eq!(Key::from_token(WAKE), None);
    }
}
