//! A baker and two guests around a counter with room for three buns.
//!
//! In Python: `q = queue.Queue(maxsize=3)` between threads, and `None` put once for each consumer as the end. Here the
//! queue itself is shut down: its consumers take what is left, and their loops end.

use osier::queue::Queue;

fn baker(counter: &Queue<u32>) {
    for bun in 1..=8 {
        counter.put(bun).expect("nobody else shuts it down"); // waits while it is full
        println!("baker: bun {bun}");
    }
    counter.shutdown();
}

fn guest(name: &str, counter: &Queue<u32>) -> usize {
    let mut eaten = 0;
    for bun in counter {
        println!("{name}: eats bun {bun}");
        eaten += 1;
        osier::yield_now(); // chews
    }
    eaten
}

fn main() {
    osier::run(|| {
        let counter = Queue::bounded(3);
        let guests = ["Ann", "Bob"].map(|name| {
            let counter = counter.clone(); // the same queue
            osier::spawn(move || guest(name, &counter))
        });
        osier::spawn(move || baker(&counter));
        let eaten = guests.map(|guest| guest.join().expect("nobody panics"));
        println!("Ann and Bob have eaten {} buns", eaten.iter().sum::<usize>());
    });
}
