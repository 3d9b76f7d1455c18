//! The same numbers through queues of three kinds.
//!
//! In Python: `queue.Queue`, `queue.LifoQueue`, `queue.PriorityQueue`, the last one with tuples
//! `(priority, item)`. What goes into a priority queue is compared as it is, the smallest is first.

use std::cmp::Reverse;

use osier::queue::{GetError, LifoQueue, PriorityQueue, Queue};

fn main() {
    osier::run(|| {
        let numbers = [3, 1, 2];
        let (fifo, lifo, smallest) =
            (Queue::bounded(3), LifoQueue::bounded(3), PriorityQueue::bounded(3));
        for n in numbers {
            fifo.put(n).expect("room for three");
            lifo.put(n).expect("room for three");
            smallest.put(n).expect("room for three");
        }
        println!("full: {} {} {}", fifo.is_full(), lifo.is_full(), smallest.is_full());
        println!("a fourth is handed back: {:?}", fifo.try_put(4).unwrap_err().into_inner());
        for _ in numbers {
            println!("fifo {:?}, lifo {:?}, priority {:?}", fifo.get(), lifo.get(), smallest.get());
        }
        println!("no more of them: {}", fifo.try_get() == Err(GetError::Empty));

        let jobs = PriorityQueue::unbounded();
        for job in [(2, "sweep"), (1, "put out the fire"), (3, "rest")] {
            jobs.put(job).expect("it is open");
        }
        jobs.shutdown(); // so that the loop ends
        for (priority, job) in &jobs {
            println!("{priority}: {job}");
        }

        let largest = PriorityQueue::from_iter(numbers.map(Reverse));
        println!("the largest first: {}", largest.get().expect("it has three").0);
    });
}
