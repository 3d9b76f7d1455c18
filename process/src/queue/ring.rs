//! Items in a ring of shared memory: what is put into it, in order, and taken out.
//!
//! ```text
//!         head (who takes changes it)      tail (who puts changes it)
//!          v                                v
//! --------+--------+----------+------------+-------------------------
//!          record   record     record
//! ```
//!
//! A record is a word that says how long it is, and its bytes; or a word that says that an item is elsewhere, or many are in a piece, and the number there; for a
//! piece also how far it was read. Head and tail count words
//! and never go back. One process at a time puts, one takes, each holding a word of its own ([`Hold`]). A record is there from the store of the
//! tail on and gone from the store of the head on, and these stores are the last of each: who ends before has changed nothing, and who ends after has done it.
//!
//! No waiting here, but for the holder of a word; and no belief: what a word says is checked, as any process could have written it.

use super::hold::Hold;
use crate::stamp::{Stamp, pid_of};
use crate::words::Words;

/// Words of what stands before the records: of those who put, and on another line of the cache of those who take.
pub(super) const HEAD_WORDS: usize = 16;
const PUTTER: usize = 0;
const TAIL: usize = 1;
const NUMBER: usize = 2;
const TAKER: usize = 8;
const HEAD: usize = 9;

/// Bytes of a word.
const WORD: usize = 8;
/// In the first word of a record: the item is elsewhere, and the next word is its number.
const ELSEWHERE: u64 = 1 << 63;
/// The same: a piece, its number, and how far it was read.
const PIECE: u64 = ELSEWHERE + 1;
/// One word in so many is kept for pieces.
const KEPT: u64 = 64;

/// The ring: [`HEAD_WORDS`], and behind them a power of two of words for records.
#[derive(Clone, Copy)]
pub(super) struct Ring<'a> {
    words: Words<'a>,
    /// Words for records, less one.
    mask: u64,
    /// Who puts and takes here.
    me: Stamp,
}

/// What a record is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Record {
    /// So many bytes.
    Bytes(usize),
    /// The item of that number, elsewhere.
    Elsewhere(u64),
    /// The piece of that number, and how far it was read.
    Piece(u64, u64),
}

/// Who puts now.
pub(super) struct Putter<'a> {
    ring: Ring<'a>,
    tail: u64,
    _hold: Hold<'a>,
}

/// Who takes now, and what is next.
pub(super) struct Taker<'a> {
    ring: Ring<'a>,
    head: u64,
    /// Where the next record ends.
    behind: u64,
    pub(super) record: Record,
    _hold: Hold<'a>,
}

/// Why there is nothing to be taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Nothing {
    /// There is nothing.
    Empty,
    /// Somebody else takes, and takes long.
    Busy,
    /// What is there is no record: all of it is gone.
    Nonsense,
}

impl<'a> Ring<'a> {
    pub(super) fn new(words: Words<'a>, me: Stamp) -> Ring<'a> {
        let room = words.len() - HEAD_WORDS;
        debug_assert!(room.is_power_of_two());
        Ring { words, mask: room as u64 - 1, me }
    }

    /// Whether there is no record.
    pub(super) fn is_empty(self) -> bool {
        // The head first: it does not pass the tail.
        let head = self.words.load(HEAD);
        self.words.load(TAIL) == head
    }

    /// Which processes put and take now.
    pub(super) fn busy(self) -> [Option<u32>; 2] {
        [PUTTER, TAKER].map(|at| match self.words.load(at) {
            0 => None,
            who => Some(pid_of(who)),
        })
    }

    /// The place for putting; none if somebody else has it for long.
    #[inline]
    pub(super) fn putter(self) -> Option<Putter<'a>> {
        let hold = Hold::take(self.words, PUTTER, self.me)?;
        Some(Putter { ring: self, tail: self.words.load(TAIL), _hold: hold })
    }

    /// The place for taking, if there is something to be taken.
    #[inline]
    pub(super) fn taker(self) -> Result<Taker<'a>, Nothing> {
        if self.is_empty() {
            return Err(Nothing::Empty); // without touching what others hold
        }
        let hold = Hold::take(self.words, TAKER, self.me).ok_or(Nothing::Busy)?;
        let (head, tail) = (self.words.load(HEAD), self.words.load(TAIL));
        if head == tail {
            return Err(Nothing::Empty);
        }
        match self.record(head, tail.wrapping_sub(head)) {
            Some((record, length)) => Ok(Taker {
                ring: self,
                head,
                behind: head.wrapping_add(length),
                record,
                _hold: hold,
            }),
            None => {
                self.words.store(HEAD, tail);
                Err(Nothing::Nonsense)
            }
        }
    }

    /// The record at `head`, and how many of the words that are there it has.
    #[inline]
    fn record(self, head: u64, there: u64) -> Option<(Record, u64)> {
        let first = self.words.load(self.at(head));
        let next = |words| self.words.load(self.at(head.wrapping_add(words)));
        let (record, length) = match first {
            ELSEWHERE => (Record::Elsewhere(next(1)), 2),
            PIECE => (Record::Piece(next(1), next(2)), 3),
            bytes => {
                let bytes = usize::try_from(bytes).ok()?;
                (Record::Bytes(bytes), 1 + bytes.div_ceil(WORD) as u64)
            }
        };
        (length <= there && there <= self.mask + 1).then_some((record, length))
    }

    /// The word of that count.
    #[inline]
    fn at(self, count: u64) -> usize {
        HEAD_WORDS + (count & self.mask) as usize
    }

    /// The words from that count on, and those at the beginning that follow them.
    #[inline]
    fn parts(self, count: u64, words: usize) -> (Words<'a>, Words<'a>) {
        let first = self.at(count);
        let straight = words.min(self.words.len() - first);
        let around = words - straight;
        (self.words.part(first, straight), self.words.part(HEAD_WORDS, around))
    }
}

impl Putter<'_> {
    /// Puts these bytes; whether there was room.
    #[inline]
    pub(super) fn put(&mut self, bytes: &[u8]) -> bool {
        let words = bytes.len().div_ceil(WORD);
        if !self.has_room(1 + words as u64, KEPT) {
            return false;
        }
        let ring = self.ring;
        ring.words.store(ring.at(self.tail), bytes.len() as u64);
        let (straight, around) = ring.parts(self.tail.wrapping_add(1), words);
        let (before, behind) = bytes.split_at(bytes.len().min(straight.len() * WORD));
        straight.write(before);
        around.write(behind);
        self.publish(1 + words as u64);
        true
    }

    /// A number for an item elsewhere, if there is room to say where; each is given once.
    pub(super) fn number(&self) -> Option<u64> {
        self.has_room(2, KEPT).then(|| self.ring.words.count(NUMBER))
    }

    /// The same for a piece, for which there is room when there is none for an item.
    pub(super) fn number_of_piece(&self) -> Option<u64> {
        self.has_room(3, u64::MAX).then(|| self.ring.words.count(NUMBER))
    }

    /// Says that a piece has that number.
    pub(super) fn refer_to_piece(&mut self, number: u64) {
        self.refer_by(&[PIECE, number, 0]);
    }

    /// Says that an item has that number elsewhere.
    pub(super) fn refer(&mut self, number: u64) {
        self.refer_by(&[ELSEWHERE, number]);
    }

    fn refer_by(&mut self, words: &[u64]) {
        debug_assert!(self.has_room(words.len() as u64, u64::MAX));
        let ring = self.ring;
        for (place, word) in (0..).zip(words) {
            ring.words.store(ring.at(self.tail.wrapping_add(place)), *word);
        }
        self.publish(words.len() as u64);
    }

    /// Whether there is room for that, and one word in `kept` besides.
    #[inline]
    fn has_room(&self, words: u64, kept: u64) -> bool {
        let room = self.ring.mask + 1;
        let used = self.tail.wrapping_sub(self.ring.words.load(HEAD));
        used.checked_add(words).is_some_and(|used| used <= room - room / kept)
    }

    #[inline]
    fn publish(&mut self, words: u64) {
        self.tail = self.tail.wrapping_add(words);
        self.ring.words.store(TAIL, self.tail);
    }
}

impl Taker<'_> {
    /// Copies the record's bytes, of which there are so many as it says, to there.
    #[inline]
    pub(super) fn copy(&self, to: &mut [u8]) {
        let words = to.len().div_ceil(WORD);
        let (straight, around) = self.ring.parts(self.head.wrapping_add(1), words);
        let (before, behind) = to.split_at_mut(to.len().min(straight.len() * WORD));
        straight.read(before);
        around.read(behind);
    }

    /// Notes how far the piece was read, which stays where it is.
    pub(super) fn note(self, read: u64) {
        self.ring.words.store(self.ring.at(self.head.wrapping_add(2)), read);
    }

    /// Takes the record out.
    #[inline]
    pub(super) fn finish(self) {
        self.ring.words.store(HEAD, self.behind);
    }
}
