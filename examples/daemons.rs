//! The end of a program waits for tasks, and not for daemons: these are ended.
//!
//! In Python: `threading.Thread(target=f, daemon=True)` against one without. There a daemon just stops; here it is
//! unwound, so that what it holds is given back.

use std::time::Duration;

use osier::Builder;

/// Says when it is given back.
struct Lamp(&'static str);

impl Drop for Lamp {
    fn drop(&mut self) {
        println!("{}: lamp off", self.0);
    }
}

fn work(name: &'static str, length: Duration) {
    let _lamp = Lamp(name);
    println!("{name}: lamp on");
    osier::sleep(length);
    println!("{name}: done");
}

fn main() {
    osier::run(|| {
        let (short, endless) = (Duration::from_millis(20), Duration::from_secs(3600));
        osier::spawn(move || work("task", short));
        Builder::new()
            .daemon(true)
            .spawn(move || work("daemon", endless))
            .expect("there is memory for one more");
        osier::yield_now(); // lets both begin
        println!("main: done");
    });
    println!("run has returned");
}
