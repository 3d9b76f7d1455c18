//! A boss tells all workers at once what time it is, by an event.
//!
//! In Python: `event = threading.Event()`, `event.set()` in the boss, `event.wait()` and `event.clear()` in
//! the workers. Whoever waits when it is set goes on, even if another one clears it first.

use std::rc::Rc;
use std::time::Duration;

use osier::sync::Event;

fn boss(event: &Event) {
    println!("boss: tonight we all work until ten");
    event.set();
    osier::sleep(Duration::from_millis(50));
    println!("boss: it is ten, you may go home");
    event.set();
}

fn worker(number: u32, event: &Event) {
    event.wait();
    println!("worker {number}: oh, what a life");
    event.clear();
    event.wait();
    println!("worker {number}: hooray!");
}

fn main() {
    osier::run(|| {
        let event = Rc::new(Event::new());
        for number in 1..=5 {
            let event = event.clone();
            osier::spawn(move || worker(number, &event));
        }
        osier::spawn(move || boss(&event));
    }); // returns when all six have ended
}
