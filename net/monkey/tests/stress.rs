//! Tasks of three hubs and plain threads at std's locks, by lot; `OSIER_SEED` draws the same again.
use osier_monkey as _;

#[path = "../../../tests/support/kills.rs"]
mod kills;

use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex, PoisonError, RwLock};
use std::thread;
use std::time::Duration;

use kills::Lot;

const HUBS: u64 = 3;
const TASKS: u64 = 8;
const PLAIN: u64 = 2;
const ITEMS: u64 = 1500;
/// Of the queue.
const ROOM: usize = 3;

/// What all of them share.
#[derive(Default)]
struct Stage {
    queue: Mutex<VecDeque<u64>>,
    filled: Condvar,
    emptied: Condvar,
    /// Two numbers that are the same for whoever may look.
    twins: RwLock<[u64; 2]>,
    /// The sum of what was put, and of what was got.
    sums: [AtomicU64; 2],
}

impl Stage {
    fn put(&self, item: u64, lot: &mut Lot, is_task: bool) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        while queue.len() == ROOM {
            queue = if lot.below(4) == 0 {
                let limit = Duration::from_micros(lot.below(300));
                self.emptied.wait_timeout(queue, limit).unwrap().0
            } else {
                self.emptied.wait(queue).unwrap()
            };
        }
        if is_task && lot.below(8) == 0 {
            osier::yield_now(); // with the lock held
        }
        queue.push_back(item);
        self.filled.notify_one();
        drop(queue);
        self.sums[0].fetch_add(item, Relaxed);
    }

    fn get(&self, lot: &mut Lot) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        let item = loop {
            if let Some(item) = queue.pop_front() {
                break item;
            }
            queue = self.filled.wait(queue).unwrap();
        };
        drop(queue);
        match lot.below(3) {
            0 => self.emptied.notify_all(),
            _ => self.emptied.notify_one(),
        }
        self.sums[1].fetch_add(item, Relaxed);
    }

    fn twins(&self, lot: &mut Lot, is_task: bool) {
        if lot.below(3) == 0 {
            let mut twins = self.twins.write().unwrap();
            twins[0] += 1;
            if is_task {
                osier::yield_now();
            }
            twins[1] += 1;
        } else {
            let twins = self.twins.read().unwrap();
            if is_task && lot.below(2) == 0 {
                osier::yield_now();
            }
            assert_eq!(twins[0], twins[1]);
        }
    }

    fn play(&self, who: u64, mut lot: Lot, is_task: bool) {
        for round in 0..ITEMS {
            // As many put as get.
            if who.is_multiple_of(2) {
                self.put(who << 32 | round, &mut lot, is_task);
            } else {
                self.get(&mut lot);
            }
            if lot.below(4) == 0 {
                self.twins(&mut lot, is_task);
            }
        }
    }
}

#[test]
fn nothing_is_lost_and_nobody_stays_behind() {
    let mut lot = Lot::new();
    let mut draw = || Lot::seeded(lot.below(u64::MAX));
    let stage = Arc::new(Stage::default());
    let mut threads = Vec::new();
    for hub in 0..HUBS {
        let lots: Vec<_> = (0..TASKS).map(|_| draw()).collect();
        let stage = stage.clone();
        threads.push(thread::spawn(move || {
            osier::run(|| {
                let stage = Rc::new(stage);
                for (number, lot) in (0..).zip(lots) {
                    let stage = stage.clone();
                    drop(osier::spawn(move || stage.play(hub * TASKS + number, lot, true)));
                }
            });
        }));
    }
    for number in 0..PLAIN {
        let (stage, lot) = (stage.clone(), draw());
        threads.push(thread::spawn(move || stage.play(HUBS * TASKS + number, lot, false)));
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let [put, got] = &stage.sums;
    assert_eq!(put.load(Relaxed), got.load(Relaxed));
    assert!(stage.queue.lock().unwrap().is_empty());
}
