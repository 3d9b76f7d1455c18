//! How a parcel looks on a socket: one message, whatever its size.
//!
//! Three bytes, then the bytes of the value. The first says what follows; it is never missing, as a message of no bytes
//! could not be told from the end. The other two count the descriptors. What does not fit into a message travels in a sealed file
//! instead, with its length and its first bytes in the message; and more descriptors than one message takes wait in a socket of their own that is passed, so that one message is all there is
//! to a parcel: several may write to one socket.

/// The bytes before the value's.
pub(super) const HEAD: usize = 3;
/// The bytes of a number before the head, where there is one.
pub(super) const NUMBER: usize = 8;
/// The most bytes of a value that travel in the message; the kernel takes some 208 KiB in all.
pub(crate) const INLINE: usize = 160 << 10;
/// Bytes of the length of a value that stands in a file.
pub(super) const LENGTH: usize = 8;
/// So many of its first bytes follow: whoever cannot receive the file knows by them what it was.
pub(crate) const FIRST: usize = 8;
/// The most descriptors that one message takes (SCM_MAX_FD).
pub(super) const MOST: usize = 253;
/// The most descriptors of one parcel.
pub(super) const MOST_PASSED: usize = u16::MAX as usize;

/// Set if the value stands in a sealed file, the first descriptor; its length follows the head.
const SEALED: u8 = 1;
/// Set if the value's descriptors wait in a socket, the last descriptor.
const QUEUED: u8 = 2;
/// Set in every first byte, so that what is no message of ours is likely to be told.
const MARK: u8 = 0xa0;

/// What the first bytes say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) sealed: bool,
    pub(super) queued: bool,
    /// How many descriptors the value has.
    pub(super) count: u16,
}

impl Head {
    pub(super) fn encode(self) -> [u8; HEAD] {
        let flags =
            MARK | if self.sealed { SEALED } else { 0 } | if self.queued { QUEUED } else { 0 };
        let [low, high] = self.count.to_le_bytes();
        [flags, low, high]
    }

    /// What it says, and what follows it; none if it is no head.
    pub(super) fn decode(message: &[u8]) -> Option<(Head, &[u8])> {
        let (head, rest) = message.split_first_chunk::<HEAD>()?;
        let [flags, low, high] = *head;
        if flags & !(SEALED | QUEUED) != MARK {
            return None;
        }
        let (sealed, queued) = (flags & SEALED != 0, flags & QUEUED != 0);
        Some((Head { sealed, queued, count: u16::from_le_bytes([low, high]) }, rest))
    }

    /// How many descriptors come with the message itself.
    pub(super) fn carried(self) -> usize {
        usize::from(self.sealed) + if self.queued { 1 } else { usize::from(self.count) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_is_read_as_it_was_written() {
        for bits in 0..4_u8 {
            let head = Head { sealed: bits & 1 != 0, queued: bits & 2 != 0, count: 1000 };
            let mut message = head.encode().to_vec();
            message.push(7);
            assert_eq!(Head::decode(&message), Some((head, &[7][..])));
        }
    }

    #[test]
    fn what_is_no_head_is_told() {
        assert_eq!(Head::decode(&[]), None);
        assert_eq!(Head::decode(&[MARK, 0]), None);
        assert_eq!(Head::decode(&[0, 0, 0]), None);
        assert_eq!(Head::decode(&[MARK | 4, 0, 0]), None);
    }
}
