//! What was put and is not done yet: numbers in shared memory, and no waiting.
//!
//! One number counts. It is right as long as nobody dies, and then too great for ever: by items that a dead process had got, or had not
//! sent. So each process notes as well how many it has in hand, and before it takes one in hand it says that something goes on. When nothing
//! is under way, no living process has one in hand, and nothing went on while that was found out, then nothing is unfinished, whatever
//! the number says: the rest has died.

use std::sync::atomic::{AtomicU64, Ordering::SeqCst};

use super::owner::Owner;

/// Processes that can use a queue at the same time.
const SEATS: usize = 512;
/// Words of a ledger: two, and two a seat.
pub(super) const WORDS: usize = 2 + 2 * SEATS;

/// The numbers.
pub(super) struct Ledger<'a>(pub(super) &'a [AtomicU64]);

impl Ledger<'_> {
    fn unfinished_word(&self) -> &AtomicU64 {
        &self.0[0]
    }

    /// Changes whenever a process is about to take something in hand.
    fn doings(&self) -> &AtomicU64 {
        &self.0[1]
    }

    /// Whose a seat is.
    fn owner(&self, seat: usize) -> &AtomicU64 {
        &self.0[2 + 2 * seat]
    }

    /// How many the process of a seat has in hand; less than none if it has done others' work.
    fn in_hand(&self, seat: usize) -> &AtomicU64 {
        &self.0[3 + 2 * seat]
    }

    /// Takes a seat that is free, or a dead process'; none if more processes use the queue than there are seats.
    pub(super) fn sit(&self, me: Owner, lives: impl Fn(Owner) -> bool) -> Option<usize> {
        (0..SEATS).find(|seat| {
            let there = self.owner(*seat).load(SeqCst);
            let free = there == 0 || !lives(Owner::from_bits(there));
            let mine = free
                && self.owner(*seat).compare_exchange(there, me.bits(), SeqCst, SeqCst).is_ok();
            if mine {
                self.in_hand(*seat).store(0, SeqCst);
            }
            mine
        })
    }

    /// This process may be about to have an item.
    pub(super) fn reach(&self, seat: usize) {
        self.in_hand(seat).fetch_add(1, SeqCst);
        self.doings().fetch_add(1, SeqCst);
    }

    /// It has it no more, or did not get it.
    pub(super) fn let_go(&self, seat: usize) {
        self.in_hand(seat).fetch_sub(1, SeqCst);
    }

    /// One more is unfinished.
    pub(super) fn begin(&self) {
        self.unfinished_word().fetch_add(1, SeqCst);
    }

    /// One that was got is done; none if there was none. Otherwise whether all are done now.
    pub(super) fn finish(&self, seat: usize) -> Option<bool> {
        let before = self.take_back()?;
        self.let_go(seat);
        Some(before == 1)
    }

    /// One is unfinished no more, though nobody has got it; how many there were.
    pub(super) fn take_back(&self) -> Option<u64> {
        self.unfinished_word().fetch_update(SeqCst, SeqCst, |n| n.checked_sub(1)).ok()
    }

    pub(super) fn unfinished(&self) -> usize {
        usize::try_from(self.unfinished_word().load(SeqCst)).unwrap_or(usize::MAX)
    }

    /// Writes off what has died with processes; how many those were.
    pub(super) fn write_off(
        &self,
        lives: impl Fn(Owner) -> bool,
        is_bare: impl Fn() -> bool,
    ) -> usize {
        let (doings, unfinished) =
            (self.doings().load(SeqCst), self.unfinished_word().load(SeqCst));
        let held: i64 = (0..SEATS).filter_map(|seat| self.held(seat, &lives)).sum();
        let quiet = held <= 0 && is_bare() && self.doings().load(SeqCst) == doings;
        let off =
            quiet && self.unfinished_word().compare_exchange(unfinished, 0, SeqCst, SeqCst).is_ok();
        if off { usize::try_from(unfinished).unwrap_or(usize::MAX) } else { 0 }
    }

    /// What the process of that seat has in hand, if it lives.
    fn held(&self, seat: usize, lives: impl Fn(Owner) -> bool) -> Option<i64> {
        let there = self.owner(seat).load(SeqCst);
        let held = self.in_hand(seat).load(SeqCst).cast_signed();
        (there != 0 && held != 0 && lives(Owner::from_bits(there))).then_some(held)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Owner = Owner::from_bits(7);
    const DEAD: Owner = Owner::from_bits(8);

    fn with(f: impl FnOnce(Ledger<'_>)) {
        let words: Vec<_> = (0..WORDS).map(|_| AtomicU64::new(0)).collect();
        f(Ledger(&words));
    }

    fn lives(owner: Owner) -> bool {
        owner == ME
    }

    #[test]
    fn what_is_begun_is_finished_once() {
        with(|ledger| {
            let seat = ledger.sit(ME, lives).unwrap();
            for _ in 0..2 {
                ledger.reach(seat);
                ledger.begin();
            }
            assert_eq!(ledger.unfinished(), 2);
            assert_eq!(ledger.finish(seat), Some(false));
            assert_eq!(ledger.finish(seat), Some(true));
            assert_eq!(ledger.finish(seat), None);
        });
    }

    #[test]
    fn what_the_dead_had_is_written_off_when_all_is_quiet() {
        with(|ledger| {
            let (mine, theirs) =
                (ledger.sit(ME, lives).unwrap(), ledger.sit(DEAD, |_| true).unwrap());
            for seat in [mine, theirs] {
                ledger.reach(seat);
                ledger.begin();
            }
            assert_eq!(ledger.write_off(lives, || true), 0, "one is in my hand");
            ledger.finish(mine);
            assert_eq!(ledger.write_off(lives, || false), 0, "one may be theirs");
            let busy = || {
                ledger.reach(mine);
                ledger.let_go(mine);
                true
            };
            assert_eq!(ledger.write_off(lives, busy), 0, "something went on");
            assert_eq!(ledger.write_off(lives, || true), 1);
            assert_eq!(ledger.unfinished(), 0);
        });
    }

    #[test]
    fn a_dead_process_gives_its_seat() {
        with(|ledger| {
            let all: Vec<_> = (0..SEATS).map(|_| ledger.sit(DEAD, |_| true).unwrap()).collect();
            assert_eq!(ledger.sit(ME, |_| true), None);
            assert_eq!(ledger.sit(ME, lives), Some(all[0]));
        });
    }
}
