//! Producers and consumers that are processes: two put, three get, and all share two queues. By fork.
//!
//! In Python: `multiprocessing.Queue`, `JoinableQueue`. Nothing is got before the producers are joined: that is no deadlock.

use std::io;

use osier::process::queue::{JoinableQueue, Queue};
use osier::process::{Builder, Process};

const EACH: u64 = 500;

fn main() -> io::Result<()> {
    osier::run(|| {
        let numbers = JoinableQueue::unbounded()?;
        let squares = Queue::bounded(16)?;

        let producers: Vec<Process> = (0..2)
            .map(|producer| {
                let numbers = numbers.clone();
                let produce = move || {
                    for n in 0..EACH {
                        numbers.put(producer * EACH + n).expect("it is open");
                    }
                };
                Builder::new().name(format!("producer-{producer}")).fork(produce)
            })
            .collect::<Result<_, _>>()?;
        for producer in producers {
            println!("{} ended with {}", producer.name(), producer.join());
        }
        println!("{} numbers wait", numbers.unfinished());

        let consumers: Vec<Process> = (0..3)
            .map(|_| {
                let (numbers, squares) = (numbers.clone(), squares.clone());
                Process::fork(move || {
                    // Ends when the queue is shut down and empty.
                    for n in numbers.iter() {
                        squares.put(n * n).expect("it is open");
                        numbers.task_done();
                    }
                })
            })
            .collect::<Result<_, _>>()?;
        let sum: u64 = squares.iter().take(2 * EACH as usize).sum();
        numbers.join();
        numbers.shutdown();
        let ended = consumers.iter().filter(|consumer| consumer.join().is_success()).count();
        println!("{ended} consumers have squared them; the sum is {sum}");
        assert_eq!(sum, (0..2 * EACH).map(|n| n * n).sum::<u64>());
        Ok(())
    })
}
