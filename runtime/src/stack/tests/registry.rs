//! The registry of regions, with regions where no process has memory.

use std::sync::Barrier;
use std::thread;

use crate::stack::GUARD_SIZE;
use crate::stack::registry::{insert, remove, stack_guarded_at};

const SLOT: usize = GUARD_SIZE + 4096;

/// Regions where no process has memory, so that nothing else is found there.
fn nowhere(i: usize) -> usize {
    (usize::MAX / 2).next_multiple_of(SLOT) + i * 4 * SLOT
}

#[test]
fn guards_are_found_in_more_regions_than_a_block_holds() {
    let entries: Vec<_> = (0..100).map(|i| insert(nowhere(i), 3 * SLOT, SLOT)).collect();
    for i in 0..100 {
        let start = nowhere(i);
        for slot in [start, start + SLOT, start + 2 * SLOT] {
            assert_eq!(stack_guarded_at(slot).map(|found| found.0), Some(4096));
            assert_eq!(stack_guarded_at(slot + GUARD_SIZE - 1).map(|found| found.0), Some(4096));
            assert_eq!(stack_guarded_at(slot + GUARD_SIZE), None);
        }
        assert_eq!(stack_guarded_at(start + 3 * SLOT), None);
        assert_eq!(stack_guarded_at(start.wrapping_sub(1)), None);
    }
    entries.into_iter().for_each(remove);
    assert!((0..100).all(|i| stack_guarded_at(nowhere(i)).is_none()));
}

#[test]
fn regions_come_and_go_under_readers_eyes() {
    let start = Barrier::new(3);
    let lasting = insert(nowhere(200), SLOT, SLOT);
    thread::scope(|s| {
        for writer in 0..2 {
            let start = &start;
            s.spawn(move || {
                start.wait();
                for i in 0..20_000 {
                    // Two geometries in the same entries: a torn read would mix them.
                    let slot = SLOT << (i % 2);
                    remove(insert(nowhere(300 + writer * 1000), slot, slot));
                }
            });
        }
        start.wait();
        for _ in 0..20_000 {
            assert_eq!(
                stack_guarded_at(nowhere(200)).map(|found| found.0),
                Some(SLOT - GUARD_SIZE)
            );
            let found = stack_guarded_at(nowhere(300));
            assert!(matches!(found, None | Some((4096 | 73_728, _))), "{found:?}");
        }
    });
    remove(lasting);
}
