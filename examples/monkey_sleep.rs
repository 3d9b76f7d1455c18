//! Eating and playing at once, with std's own sleep: one line in the program makes that wait as a task.
//!
//! In Python: `from gevent import monkey; monkey.patch_all()`, and `time.sleep` in `eat` and `play`.

#![expect(clippy::disallowed_methods, reason = "std's sleep is what this is about")]

use osier_monkey as _;

/// Knows nothing of green threads.
mod life {
    use std::thread::sleep;
    use std::time::Duration;

    pub(crate) fn eat(name: &str) {
        println!("{name} begins to eat");
        sleep(Duration::from_secs(2));
        println!("{name} has eaten");
    }

    pub(crate) fn play(name: &str) {
        println!("{name} begins to play");
        sleep(Duration::from_secs(1));
        println!("{name} has played");
    }
}

fn main() {
    let began = osier::clock::now();
    osier::run(|| {
        let eater = osier::spawn(|| life::eat("Egon"));
        let player = osier::spawn(|| life::play("Egon"));
        osier::join_all([eater, player]);
    });
    let took = osier::clock::now() - began;
    println!("it takes as long as the longer one: {took:.1?}");
    assert!(took.as_secs() < 3, "one after the other");
}
