//! Eating and playing at once: where one sleeps, the other goes on.
//!
//! In Python: `def eat(name)` and `def play(name)` with a `gevent.sleep` between two prints each,
//! `gevent.joinall([g1, g2])`. No patching is needed here: `osier::sleep` is the sleep of tasks.

use std::time::Duration;

fn eat(name: &str) {
    println!("{name} begins to eat");
    osier::sleep(Duration::from_millis(300));
    println!("{name} has eaten");
}

fn play(name: &str) {
    println!("{name} begins to play");
    osier::sleep(Duration::from_millis(100));
    println!("{name} has played");
}

fn main() {
    let began = osier::clock::now();
    osier::run(|| {
        let eater = osier::spawn(|| eat("Egon"));
        let player = osier::spawn(|| play("Egon"));
        println!("nobody runs before somebody waits");
        osier::join_all([eater, player]);
    });
    println!("it takes as long as the longer one: {:.1?}", began.elapsed());
}
