//! The books of trimming, without a stack: what is due, and when.

use crate::stack::trim::{DEEP_PER_TICK, HOLD, Ledger, Work};

/// Does all that is due; how many whole stacks and how many deep ones went.
fn work_off(ledger: &mut Ledger) -> (usize, usize) {
    let (mut whole, mut deep) = (0, 0);
    while let Some(work) = ledger.due() {
        match work {
            Work::Whole(_) => whole += 1,
            Work::Deep(_) => deep += 1,
        }
        ledger.done(work);
    }
    (whole, deep)
}

#[test]
fn what_was_out_at_the_peak_stays_warm_for_a_while_and_fades_by_half() {
    let mut ledger = Ledger::default();
    ledger.tick(1000, 1000, 1);
    assert_eq!(work_off(&mut ledger), (0, 1000), "all 1000 were out in this period");
    for _ in 0..HOLD {
        ledger.tick(1000, 1000, 1);
        assert_eq!(work_off(&mut ledger), (0, 0), "a wave may follow");
    }
    let mut cooled = Vec::new();
    for _ in 0..5 {
        ledger.tick(1000, 1000, 1);
        cooled.push(work_off(&mut ledger).0);
    }
    assert_eq!(cooled, [500, 250, 125, 61, 0], "and 64 always stay");
    assert!(ledger.is_settled(1000));
}

#[test]
fn a_long_absence_counts_in_full() {
    let mut ledger = Ledger::default();
    ledger.tick(1000, 1000, 1);
    ledger.tick(1000, 1000, u64::MAX);
    assert_eq!(work_off(&mut ledger), (936, 64));
}

#[test]
fn what_moves_is_dirty_again_and_not_cold() {
    let mut ledger = Ledger::default();
    ledger.tick(1000, 1000, 1);
    ledger.tick(1000, 1000, 60);
    assert_eq!(work_off(&mut ledger), (936, 64));
    // 100 are taken and come back.
    ledger.moved_above(900);
    assert_eq!(ledger.cold(), 900);
    assert_eq!(ledger.due(), None, "nothing is due before the next tick");
    assert!(!ledger.is_settled(1000));
    ledger.tick(1000, 1000, 1);
    assert_eq!(work_off(&mut ledger), (0, 100), "the peak of 100 is justified");
}

#[test]
fn a_goal_gives_way_to_those_who_take() {
    let mut ledger = Ledger::default();
    ledger.tick(1000, 1000, 1);
    ledger.tick(1000, 1000, 60);
    assert_eq!(ledger.due(), Some(Work::Whole(0)));
    ledger.moved_above(0);
    assert_eq!(ledger.due(), None);
}

#[test]
fn deep_looks_are_rationed() {
    let ration = DEEP_PER_TICK;
    let idle = ration * 5 / 2;
    let mut ledger = Ledger::default();
    ledger.tick(idle, idle, 1);
    assert_eq!(work_off(&mut ledger), (0, ration));
    ledger.tick(idle, idle, HOLD);
    // What goes whole in the meantime needs no look of its own.
    ledger.tick(idle, idle, 1);
    assert_eq!(work_off(&mut ledger), (ration * 5 / 4, ration * 3 / 4));
    ledger.tick(idle, idle, 1);
    assert_eq!(work_off(&mut ledger), (ration * 5 / 8, ration / 2));
}
