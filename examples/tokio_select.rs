//! For those who know tokio: `select!`, `timeout`, and `abort`.
//!
//! There: `tokio::select! { v = rx.recv() => .., _ = sleep(d) => .. }`, `timeout(d, f).await`, `handle.abort()`. What is
//! cut short here is unwound from where it waits, so its destructors run; it is not just dropped.

use std::time::Duration;

use osier::channel;
use osier::select::{after, recv};

struct Open;

impl Drop for Open {
    fn drop(&mut self) {
        println!("closed");
    }
}

/// Waits far longer than anybody would.
fn slow() {
    let _open = Open;
    osier::sleep(Duration::from_secs(3600));
}

fn main() {
    osier::run(|| {
        let (sender, receiver) = channel::unbounded();
        osier::spawn(move || sender.send("a message"));
        for _ in 0..2 {
            osier::select! {
                message = recv(&receiver) => println!("{message:?}"),
                _ = after(Duration::from_secs(3600)) => println!("too late"),
            }
        }

        println!(
            "{:?}",
            osier::timeout(Duration::from_millis(10), slow).map_err(|e| e.to_string())
        );

        let task = osier::spawn(slow);
        osier::yield_now(); // it begins
        task.kill(); // handle.abort()
        println!("killed: {}", task.join().unwrap_err().is_killed());
    });
}
