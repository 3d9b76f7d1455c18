//! Waiting for a word, and waking: nobody who waits is missed.

use loom::sync::atomic::{AtomicU32, Ordering, fence};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::futex::tally;

/// A word, and its shard of the table.
struct Place {
    word: AtomicU32,
    count: AtomicU32,
    /// Who waits, each by a bit, and who was woken.
    line: Mutex<Line>,
    /// What parked tasks are woken by.
    hub: Condvar,
}

#[derive(Default)]
struct Line {
    inside: Vec<u32>,
    woken: u32,
}

impl Place {
    fn new() -> Arc<Place> {
        Arc::new(Place {
            word: AtomicU32::new(0),
            count: AtomicU32::new(0),
            line: Mutex::new(Line::default()),
            hub: Condvar::new(),
        })
    }

    /// As `table::enter`, and parked until woken; false if the word was another already.
    fn wait(&self, me: u32) -> bool {
        tally::announce(&self.count);
        let mut line = self.line.lock().unwrap();
        if self.word.load(Ordering::Relaxed) != 0 {
            drop(line);
            tally::retract(&self.count, 1);
            return false;
        }
        line.inside.push(me);
        while line.woken & me == 0 {
            line = self.hub.wait(line).unwrap();
        }
        true
    }

    /// As `FUTEX_WAKE`; how many.
    fn wake(&self, most: usize) -> usize {
        fence(Ordering::SeqCst); // the kernel's, in its own call
        if tally::is_zero(&self.count) {
            return 0;
        }
        let mut line = self.line.lock().unwrap();
        let taken = most.min(line.inside.len());
        let woken: Vec<u32> = line.inside.drain(..taken).collect();
        tally::retract(&self.count, taken as u32);
        line.woken |= woken.iter().sum::<u32>();
        self.hub.notify_all();
        taken
    }
}

/// All of them take minutes; two forced switches are what any race here needs, and `LOOM_MAX_PREEMPTIONS` makes it more.
fn model(body: impl Fn() + Send + Sync + 'static) {
    let mut builder = loom::model::Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(2));
    builder.check(body);
}

/// Loom reports one who waits for ever as a deadlock.
#[test]
fn who_changes_the_word_and_wakes_all_leaves_nobody() {
    model(|| {
        let place = Place::new();
        let waiters: Vec<_> = [1, 2]
            .map(|me| {
                let place = place.clone();
                thread::spawn(move || place.wait(me))
            })
            .into_iter()
            .collect();
        place.word.store(1, Ordering::Relaxed);
        let woken = place.wake(2);
        let waited = waiters.into_iter().map(|waiter| waiter.join().unwrap());
        assert_eq!(waited.filter(|waited| *waited).count(), woken);
        assert!(tally::is_zero(&place.count));
    });
}

#[test]
fn two_who_wake_one_each_wake_two() {
    model(|| {
        let place = Place::new();
        let theirs = place.clone();
        let waiter = thread::spawn(move || theirs.wait(1));
        let theirs = place.clone();
        let waker = thread::spawn(move || {
            theirs.word.store(1, Ordering::Relaxed);
            theirs.wake(1)
        });
        place.word.store(2, Ordering::Relaxed);
        let woken = place.wake(1) + waker.join().unwrap();
        assert_eq!(usize::from(waiter.join().unwrap()), woken);
        assert!(tally::is_zero(&place.count));
    });
}
