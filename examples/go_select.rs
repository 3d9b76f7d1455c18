//! For those who know Go: `select` over sends, receives, time, and a default.
//!
//! In Go: the tour's `fibonacci(c, quit)`, then `case <-time.After(d)` and `default`. As there, the choice among
//! branches that are ready is by lot.

use std::time::Duration;

use osier::channel::{self, Receiver, Sender};
use osier::select::{after, recv, send};

fn fibonacci(numbers: &Sender<u32>, quit: &Receiver<()>) {
    let (mut x, mut y) = (0, 1);
    loop {
        osier::select! {
            sent = send(numbers, x) => {
                sent.expect("it is received, or quit comes");
                (x, y) = (y, x + y);
            },
            _ = recv(quit) => return println!("quit"),
        }
    }
}

fn main() {
    osier::run(|| {
        let (numbers, received) = channel::bounded(0);
        let (quit, quits) = channel::bounded(0);
        let task = osier::spawn(move || fibonacci(&numbers, &quits));
        for _ in 0..8 {
            println!("{}", received.recv().expect("there are more"));
        }
        quit.send(()).expect("it waits for that");
        task.join().expect("nobody panics");

        let (_nobody, never) = channel::bounded::<()>(0);
        osier::select! {
            _ = recv(&never) => println!("this cannot be"),
            _ = after(Duration::from_millis(10)) => println!("nothing came in time"),
        }
        osier::select! {
            _ = recv(&never) => println!("this cannot be"),
            default => println!("nothing is there"),
        }
    });
}
