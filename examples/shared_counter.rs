//! A hundred tasks count up one number, in three ways.
//!
//! In Python: the global `n` of a hundred threads, with `time.sleep(0)` between reading and writing to show
//! that it goes wrong, and `with lock:` as the cure. Between two waits a task is alone, so the first way is right here.

use std::cell::Cell;
use std::rc::Rc;

use osier::sync::Mutex;

const TASKS: usize = 100;

/// Runs `body` in a hundred tasks, all with the same state.
fn in_tasks<S: 'static>(state: S, body: fn(&S)) -> Rc<S> {
    let state = Rc::new(state);
    osier::run(|| {
        let task = || {
            let state = state.clone();
            osier::spawn(move || body(&state))
        };
        osier::join_all((0..TASKS).map(|_| task()));
    });
    state
}

fn main() {
    let counter = in_tasks(Cell::new(0), |counter| counter.set(counter.get() + 1));
    println!("no wait in between, no lock: {}", counter.get());

    let counter = in_tasks(Cell::new(0), |counter| {
        let read = counter.get();
        osier::yield_now(); // the others read the same
        counter.set(read + 1);
    });
    println!("a wait in between, no lock: {}, which is wrong", counter.get());

    let counter = in_tasks(Mutex::new(0), |counter| {
        let mut counter = counter.lock().expect("nobody panics");
        let read = *counter;
        osier::yield_now(); // the others wait for the lock
        *counter = read + 1;
    });
    println!("a wait in between, a lock: {}", counter.try_lock().expect("all have ended"));
}
