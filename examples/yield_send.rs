//! A producer feeds two consumers, which are generators that values are sent to.
//!
//! In Python: `x = yield` in the consumers, `next(c)` to bring each to its first `yield`, `c.send(x)` in the
//! producer, `c.close()` at the end. There, tutorials build the first scheduler of it.

use osier::greenlet::{Generator, generator};

fn consumer(name: &str) -> Generator<'_, String, u32> {
    Generator::new(move |y| {
        let mut eaten = 0;
        let mut sent = y.yield_(format!("{name} is hungry"));
        while let Some(bun) = sent {
            eaten += 1;
            sent = y.yield_(format!("{name} eats bun {bun}, which makes {eaten}"));
        }
    })
}

fn main() {
    let mut consumers = ["Ann", "Bob"].map(consumer);
    for consumer in &mut consumers {
        println!("{}", consumer.next().expect("its first yield"));
    }

    let buns = generator(|y| {
        for bun in 1..=3 {
            println!("two halves of bun {bun} are done");
            y.yield_(bun);
        }
    });
    for bun in buns {
        for consumer in &mut consumers {
            println!("{}", consumer.send(bun).expect("it is hungry for ever"));
        }
    }

    let ends = consumers.each_mut().map(Iterator::next); // sends nothing
    println!("both have ended: {}", ends == [None, None]);
}
