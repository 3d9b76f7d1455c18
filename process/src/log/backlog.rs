//! Records that the kernel has no room for: in their order, no more than so much, and where some are missing.
//!
//! It sends nothing, knows no time and no task.

use std::collections::VecDeque;

/// The bytes that are kept; 1 MiB.
pub(super) const MOST: usize = 1 << 20;
/// What an entry counts besides its bytes.
const ENTRY: usize = 48;

/// What is to be sent.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Entry {
    Record(Vec<u8>),
    /// So many records were lost here.
    Lost(u64),
}

/// What is kept.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    entries: VecDeque<Entry>,
    /// Of all records in it, with `ENTRY` for each; at most `MOST` and one record.
    bytes: usize,
}

impl Backlog {
    /// Whether there is room for another one.
    pub(super) fn has_room(&self) -> bool {
        self.bytes < MOST
    }

    pub(super) fn keep(&mut self, record: Vec<u8>) {
        self.bytes += record.len() + ENTRY;
        self.entries.push_back(Entry::Record(record));
    }

    /// Notes that a record is lost here.
    pub(super) fn lose(&mut self) {
        match self.entries.back_mut() {
            Some(Entry::Lost(count)) => *count += 1,
            _ => self.entries.push_back(Entry::Lost(1)),
        }
    }

    /// Notes that the first one is lost, as it can never be sent.
    pub(super) fn lose_first(&mut self) {
        match self.pop() {
            // What tells of others tells of itself no more.
            Some(Entry::Lost(_)) | None => {}
            Some(Entry::Record(_)) => match self.entries.front_mut() {
                Some(Entry::Lost(count)) => *count += 1,
                _ => self.entries.push_front(Entry::Lost(1)),
            },
        }
    }

    pub(super) fn first(&self) -> Option<&Entry> {
        self.entries.front()
    }

    /// The first one was sent.
    pub(super) fn pop(&mut self) -> Option<Entry> {
        let entry = self.entries.pop_front()?;
        if let Entry::Record(record) = &entry {
            self.bytes -= record.len() + ENTRY;
        }
        Some(entry)
    }

    /// How many records are in it, and were lost of those.
    pub(super) fn records(&self) -> u64 {
        let count = |entry: &Entry| if let Entry::Lost(count) = entry { *count } else { 1 };
        self.entries.iter().map(count).sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn losses_are_counted_where_they_happen() {
        let mut backlog = Backlog::default();
        backlog.keep(vec![1]);
        backlog.lose();
        backlog.lose();
        backlog.keep(vec![2]);
        backlog.lose();
        assert_eq!(backlog.records(), 5);
        let all: Vec<Entry> = std::iter::from_fn(|| backlog.pop()).collect();
        let want = [Entry::Record(vec![1]), Entry::Lost(2), Entry::Record(vec![2]), Entry::Lost(1)];
        assert_eq!(all, want);
        assert!(backlog.first().is_none() && backlog.bytes == 0);
    }

    #[test]
    fn it_is_bounded_and_has_room_again() {
        let mut backlog = Backlog::default();
        while backlog.has_room() {
            backlog.keep(vec![0; 1000]);
        }
        assert_eq!(backlog.records(), MOST.div_ceil(1000 + ENTRY) as u64);
        backlog.pop();
        assert!(backlog.has_room());
        while backlog.pop().is_some() {}
        assert_eq!(backlog.bytes, 0);
    }

    #[test]
    fn one_that_cannot_be_sent_is_lost_in_its_place() {
        let mut backlog = Backlog::default();
        (0..2).for_each(|n| backlog.keep(vec![n]));
        backlog.lose_first();
        assert_eq!(backlog.first(), Some(&Entry::Lost(1)));
        backlog.lose_first();
        assert_eq!(backlog.first(), Some(&Entry::Record(vec![1])));
        backlog.lose();
        backlog.lose_first();
        assert_eq!(backlog.first(), Some(&Entry::Lost(2)));
    }
}
