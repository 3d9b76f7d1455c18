//! Many items in one piece, and taking one after the other out of it.
//!
//! Each is its length, how many descriptors it has, and its bytes; the descriptors of all follow each other.

use std::collections::VecDeque;

use super::road::Item;
use crate::wire::{Arrival, Parcel, RecvError, Sheet};

/// Bytes before each item.
const HEAD: usize = 6;
/// Bytes of a piece, unless one item has more.
const MOST: usize = 16 << 20;
/// Descriptors of a piece.
const MOST_PASSED: usize = 250;

/// Takes from the front what goes into one piece.
pub(super) fn pack(items: &mut VecDeque<Item>) -> Parcel {
    let mut batch = Parcel::default();
    while let Some(next) = items.front() {
        let (bytes, passed) = (next.parcel.bytes.len(), next.parcel.descriptors.len());
        let fits = batch.bytes.len() + bytes + HEAD <= MOST
            && batch.descriptors.len() + passed <= MOST_PASSED;
        if !fits && !batch.bytes.is_empty() {
            break;
        }
        let item = items.pop_front().expect("it is there");
        let length = u32::try_from(bytes).expect("an item is less than 4 GiB");
        batch.bytes.extend(length.to_le_bytes());
        batch.bytes.extend(u16::try_from(passed).expect("that is a limit").to_le_bytes());
        batch.bytes.extend(item.parcel.bytes);
        batch.descriptors.extend(item.parcel.descriptors);
    }
    batch
}

/// What stands before an item: its bytes, and its descriptors.
fn decode(head: [u8; HEAD]) -> (usize, usize) {
    let [a, b, c, d, low, high] = head;
    (u32::from_le_bytes([a, b, c, d]) as usize, usize::from(u16::from_le_bytes([low, high])))
}

/// How far a piece was read: bytes, and above them descriptors.
#[derive(Clone, Copy)]
pub(super) struct Read(u64);

/// Where the descriptors begin.
const DESCRIPTORS: u32 = 48;

impl Read {
    pub(super) fn of(bits: u64) -> Read {
        Read(bits)
    }

    pub(super) fn bits(self) -> u64 {
        self.0
    }

    /// How many bytes were read.
    pub(super) fn at(self) -> u64 {
        self.0 & ((1 << DESCRIPTORS) - 1)
    }

    /// The next item of the piece, or what is wrong with it, and how far it was read with that; none if the rest makes no sense.
    pub(super) fn next(self, piece: Sheet) -> (Result<Arrival, RecvError>, Option<Read>) {
        let mut head = [0; HEAD];
        let Ok(()) = piece.fill(&mut head, self.at()) else { return (Err(nonsense()), None) };
        let (length, passed) = decode(head);
        let (first, length) = (self.at() + HEAD as u64, length as u64);
        if first + length > piece.len() {
            return (Err(nonsense()), None);
        }
        let gone = (self.0 >> DESCRIPTORS) as usize;
        let read = Read((first + length) | ((gone + passed) as u64) << DESCRIPTORS);
        let item = piece.read(first, length).map(|bytes| {
            let descriptors = piece.descriptors(gone, passed);
            Arrival::from(Parcel { bytes, descriptors })
        });
        (item, Some(read))
    }
}

pub(super) fn nonsense() -> RecvError {
    RecvError::Decode("what was in a queue makes no sense, and is lost".to_string())
}

/// The items of a piece, as far as it makes sense.
pub(super) fn unpack(batch: Parcel) -> VecDeque<Item> {
    let mut passed = batch.descriptors.into_iter();
    let mut rest = &batch.bytes[..];
    let mut items = VecDeque::new();
    while let Some((head, behind)) = rest.split_first_chunk::<HEAD>() {
        let (length, count) = decode(*head);
        let Some((bytes, behind)) = behind.split_at_checked(length) else { break };
        let descriptors = passed.by_ref().take(count).collect();
        items.push_back(Item { parcel: Parcel { bytes: bytes.to_vec(), descriptors } });
        rest = behind;
    }
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(bytes: &[u8]) -> Item {
        let near = std::os::unix::net::UnixStream::pair().unwrap().0;
        Item { parcel: Parcel { bytes: bytes.to_vec(), descriptors: vec![near.into()] } }
    }

    #[test]
    fn what_is_packed_comes_out() {
        let mut items: VecDeque<_> = [&b"one"[..], b"", b"three"].map(item).into();
        let batch = pack(&mut items);
        assert!(items.is_empty());
        let out = unpack(batch);
        let bytes: Vec<_> = out.iter().map(|item| &item.parcel.bytes[..]).collect();
        assert_eq!(bytes, [&b"one"[..], b"", b"three"]);
        assert!(out.iter().all(|item| item.parcel.descriptors.len() == 1));
    }

    #[test]
    fn one_that_is_too_large_goes_alone() {
        let mut items: VecDeque<_> = [&vec![0; MOST + 1][..], b"small"].map(item).into();
        assert_eq!(unpack(pack(&mut items)).len(), 1);
        assert_eq!(items.len(), 1);
    }

    #[test]
    fn what_is_no_piece_has_no_items() {
        let nonsense = Parcel { bytes: vec![255; 20], descriptors: Vec::new() };
        assert!(unpack(nonsense).is_empty());
    }
}
