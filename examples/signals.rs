//! A server that reads its settings anew on SIGHUP, counts on SIGUSR1, and ends in order on SIGTERM.
//!
//! In Python: `gevent.signal_handler(signal.SIGHUP, reload)`. Here tasks wait for signals; `kill` sends them, as an operator would.

use std::cell::Cell;
use std::io;
use std::process::{self, Command};
use std::rc::Rc;
use std::time::Duration;

use osier::signal::{self, Signal, Signals};
use osier::{sleep, spawn};

fn main() -> io::Result<()> {
    osier::run(|| {
        let answered = Rc::new(Cell::new(0));
        let count = answered.clone();
        // A task for each signal that comes; it may wait.
        let _reload = signal::on([Signal::HUP], |signal| {
            println!("{signal}: reading the settings");
            sleep(Duration::from_millis(5));
            println!("{signal}: done");
        })?;
        let _report = signal::on([Signal::USR1], move |signal| {
            println!("{signal}: answered {}", count.get());
        })?;
        let server = spawn(move || {
            loop {
                answered.set(answered.get() + 1);
                sleep(Duration::from_secs(3600)); // nobody asks for anything
            }
        });

        // Noted from here on, so that none is missed between two waits.
        let end = Signals::new([Signal::TERM, Signal::INT])?;
        spawn(operator);
        println!("{}: ending in order", end.wait()?);
        server.kill();
        println!("the server was killed: {}", server.join().is_err());
        Ok(())
    })
}

/// Somebody at a terminal.
fn operator() {
    let me = process::id().to_string();
    for signal in ["-HUP", "-USR1", "-TERM"] {
        sleep(Duration::from_millis(100));
        Command::new("kill").args([signal, &me]).status().expect("kill is there");
    }
}
