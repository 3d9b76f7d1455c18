//! A bar with five places and twenty guests: a semaphore lets five in at a time, first come, first served.
//!
//! In Python: `sem = threading.Semaphore(5)` and `with sem:` in twenty threads.

use std::cell::Cell;
use std::time::Duration;

use osier::sync::Semaphore;

fn main() {
    let places = Semaphore::new(5);
    let (seated, most) = (Cell::new(0), Cell::new(0));
    let visit = |guest: u32| {
        let _place = places.acquire().expect("there is waiting here");
        seated.set(seated.get() + 1);
        most.set(most.get().max(seated.get()));
        println!("guest {guest:>2} sits down");
        osier::sleep(Duration::from_millis(5));
        seated.set(seated.get() - 1);
    }; // the place is free again

    osier::run(|| {
        // Tasks of a scope may borrow: the bar needs no `Rc`.
        osier::scope(|s| {
            for guest in 1..=20 {
                let visit = &visit;
                s.spawn(move || visit(guest));
            }
        });
    });
    println!("at most {} at once; {} places are free", most.get(), places.available());
}
