//! The bell of a hub: no message sleeps through.

use loom::sync::atomic::{AtomicBool, Ordering};
use loom::sync::{Arc, Condvar, Mutex};
use loom::thread;

use crate::hub::bell::Bell;

/// What a hub and those who write to it share: the queue, the bell, and what a ring wakes.
struct Hub {
    /// A place for each sender; no more ordered than a lock-free queue has to be.
    queue: [AtomicBool; 2],
    bell: Bell,
    /// An eventfd: whether it was rung, and who sleeps by it.
    rung: Mutex<bool>,
    reactor: Condvar,
}

impl Hub {
    fn send(&self, who: usize) {
        self.queue[who].store(true, Ordering::Release);
        if self.bell.must_ring() {
            *self.rung.lock().unwrap() = true;
            self.reactor.notify_one();
        }
    }

    fn sleep(&self) {
        let mut rung = self.rung.lock().unwrap();
        while !*rung {
            rung = self.reactor.wait(rung).unwrap();
        }
        *rung = false;
    }

    /// How many have sent so far.
    fn look(&self) -> usize {
        self.queue.iter().filter(|place| place.load(Ordering::Acquire)).count()
    }
}

/// Loom reports a hub that sleeps for ever as a deadlock.
fn all_arrive(senders: usize) {
    let hub = Arc::new(Hub {
        queue: [AtomicBool::new(false), AtomicBool::new(false)],
        bell: Bell::new(),
        rung: Mutex::new(false),
        reactor: Condvar::new(),
    });
    let threads: Vec<_> = (0..senders)
        .map(|who| {
            let hub = hub.clone();
            thread::spawn(move || hub.send(who))
        })
        .collect();
    let mut got = hub.look();
    while got < senders {
        hub.bell.fall_asleep();
        if hub.look() == got {
            hub.sleep();
        }
        hub.bell.wake_up();
        got = hub.look();
    }
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn a_message_ends_the_sleep() {
    loom::model(|| all_arrive(1));
}

#[test]
fn two_messages_end_it_both() {
    let mut model = loom::model::Builder::new();
    model.preemption_bound = model.preemption_bound.or(Some(3));
    model.check(|| all_arrive(2));
}
