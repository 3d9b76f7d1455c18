//! The ring, by one process, by several, and by some that end before any access.

use std::collections::VecDeque;
use std::sync::atomic::AtomicU64;

use super::ring::{HEAD_WORDS, Nothing, Record, Ring};
use crate::stamp;
use crate::words::Words;
use crate::words::mortal::live;

/// Words for records.
const ROOM: usize = 16;
/// A process that there is not: it ends during the test.
const MORTAL: stamp::Stamp = (1 << stamp::PID_BITS) - 1;

struct Bench(Vec<AtomicU64>);

impl Bench {
    /// One whose records begin that far from the end of the ring, and of the count.
    fn new(start: u64) -> Bench {
        let bench = Bench((0..HEAD_WORDS + ROOM).map(|_| AtomicU64::new(0)).collect());
        for at in [1, 9] {
            bench.0[at].store(start, std::sync::atomic::Ordering::Relaxed);
        }
        bench
    }

    fn of(&self, who: stamp::Stamp) -> Ring<'_> {
        Ring::new(Words::new(&self.0), who)
    }

    fn ring(&self) -> Ring<'_> {
        self.of(stamp::me())
    }

    fn set(&self, at: usize, value: u64) {
        self.0[at].store(value, std::sync::atomic::Ordering::Relaxed);
    }
}

fn put(ring: Ring<'_>, item: &[u8]) -> bool {
    ring.putter().expect("nobody holds it for long").put(item)
}

fn take(ring: Ring<'_>) -> Result<Vec<u8>, Nothing> {
    let taker = ring.taker()?;
    let Record::Bytes(length) = taker.record else { panic!("{:?}", taker.record) };
    let mut bytes = vec![0; length];
    taker.copy(&mut bytes);
    taker.finish();
    Ok(bytes)
}

#[test]
fn what_is_put_is_taken_in_order_wherever_the_ring_ends() {
    for start in (0..ROOM as u64).chain(u64::MAX - 20..=u64::MAX) {
        let bench = Bench::new(start);
        let (ring, mut model) = (bench.ring(), VecDeque::new());
        for round in 0..60_usize {
            let item: Vec<u8> = (0..round * 7 % 41).map(|i| (i + round) as u8).collect();
            let words: usize = model.iter().map(|item: &Vec<u8>| 1 + item.len().div_ceil(8)).sum();
            let fits = words + 1 + item.len().div_ceil(8) <= ROOM;
            assert_eq!(put(ring, &item), fits, "{start} {round}");
            model.extend(fits.then_some(item));
            if round % 3 > 0 {
                assert_eq!(take(ring).ok(), model.pop_front(), "{start} {round}");
            }
        }
    }
}

#[test]
fn an_item_elsewhere_has_its_place_and_a_number_of_its_own() {
    let bench = Bench::new(ROOM as u64 - 3);
    let ring = bench.ring();
    assert!(put(ring, b"first"));
    let mut putter = ring.putter().unwrap();
    let (lost, number) = (putter.number().unwrap(), putter.number().unwrap());
    assert_ne!(lost, number);
    putter.refer(number);
    drop(putter);
    assert!(put(ring, b"last"));
    assert_eq!(take(ring).unwrap(), b"first");
    let taker = ring.taker().unwrap();
    assert_eq!(taker.record, Record::Elsewhere(number));
    taker.finish();
    assert_eq!(take(ring).unwrap(), b"last");
    assert_eq!(take(ring), Err(Nothing::Empty));
}

#[test]
fn what_is_not_finished_is_not_taken() {
    let bench = Bench::new(0);
    let item = [7; 8 * (ROOM - 1)];
    assert!(put(bench.ring(), &item));
    let taker = bench.ring().taker().unwrap();
    taker.copy(&mut [0; 8 * (ROOM - 1)]);
    assert!(!put(bench.ring(), b""), "it would be written over");
    drop(taker);
    assert_eq!(take(bench.ring()).unwrap(), item);
    assert!(put(bench.ring(), b""));
}

#[test]
fn what_is_no_record_is_an_error_and_goes() {
    for first in [9 * 8, 1 << 40, u64::MAX, (1 << 63) + 1] {
        let bench = Bench::new(0);
        assert!(put(bench.ring(), b"item"));
        bench.set(HEAD_WORDS, first);
        assert_eq!(take(bench.ring()), Err(Nothing::Nonsense), "{first:x}");
        assert_eq!(take(bench.ring()), Err(Nothing::Empty));
        assert!(put(bench.ring(), b"next"));
        assert_eq!(take(bench.ring()).unwrap(), b"next");
    }
    // A tail that cannot be.
    let bench = Bench::new(0);
    bench.set(1, 3 * ROOM as u64);
    assert_eq!(take(bench.ring()), Err(Nothing::Nonsense));
}

/// One that ends before any of its accesses has put the item or not, and others go on.
#[test]
fn who_ends_while_it_puts_has_put_all_or_nothing() {
    let mut outcomes = [0; 2];
    for accesses in 0.. {
        let bench = Bench::new(ROOM as u64 - 2);
        assert!(put(bench.ring(), b"before"));
        let done = live(accesses, || put(bench.of(MORTAL), b"half of it, or all"));
        assert!(put(bench.ring(), b"behind"));
        let mut all = Vec::new();
        while let Ok(item) = take(bench.ring()) {
            all.push(item);
        }
        let there = all.len() - 2;
        assert_eq!(
            all[..there + 1].last().unwrap(),
            [&b"before"[..], b"half of it, or all"][there]
        );
        assert_eq!((&all[0][..], &all[there + 1][..]), (&b"before"[..], &b"behind"[..]));
        outcomes[there] += 1;
        assert!(done.is_none() || there == 1);
        if outcomes[1] > 1 {
            break; // once without letting go, and once whole
        }
    }
    assert!(outcomes[0] > 3, "{outcomes:?}");
}

#[test]
fn who_ends_while_it_takes_has_taken_it_or_not() {
    let mut outcomes = [0; 2];
    for accesses in 0.. {
        let bench = Bench::new(ROOM as u64 - 2);
        assert!(put(bench.ring(), b"first one") && put(bench.ring(), b"second"));
        let done = live(accesses, || take(bench.of(MORTAL)));
        let next = take(bench.ring()).unwrap();
        let taken = usize::from(next == b"second");
        assert!(taken == 1 || next == b"first one" && take(bench.ring()).unwrap() == b"second");
        assert_eq!(take(bench.ring()), Err(Nothing::Empty));
        outcomes[taken] += 1;
        assert!(done.is_none() || taken == 1);
        if outcomes[1] > 1 {
            break;
        }
    }
    assert!(outcomes[0] > 3, "{outcomes:?}");
}

#[test]
fn a_holder_that_lives_is_not_waited_for_for_ever() {
    let bench = Bench::new(0);
    assert!(put(bench.ring(), b"item"));
    let parent = stamp::of(rustix::process::getppid().unwrap());
    for at in [0, 8] {
        bench.set(at, parent);
    }
    assert!(bench.ring().putter().is_none());
    assert_eq!(take(bench.ring()), Err(Nothing::Busy));
    bench.set(8, 0);
    assert_eq!(take(bench.ring()).unwrap(), b"item");
}
