//! Eight items, three workers: results in the order of the items, whoever is done first; one fails.
//!
//! In Python: `gevent.pool.Pool(3).map(f, items)`, or `executor.map`; both stop at the first error. Here the failing
//! item's place holds its error, and the others go on.

use std::cell::Cell;
use std::time::Duration;

fn main() {
    osier::run(|| {
        let (busy, most) = (Cell::new(0), Cell::new(0));
        let results = osier::map_ordered(1..=8_u64, 3, |n| {
            busy.set(busy.get() + 1); // what it borrows outlives the workers
            most.set(most.get().max(busy.get()));
            osier::sleep(Duration::from_millis(10 - n)); // later ones are done sooner
            busy.set(busy.get() - 1);
            assert!(n != 5, "five is right out");
            n * n
        });
        for (n, result) in (1..).zip(results) {
            match result {
                Ok(square) => println!("{n}: {square}"),
                Err(error) => println!("{n}: {error}"),
            }
        }
        println!("at most {} at once", most.get());
    });
}
