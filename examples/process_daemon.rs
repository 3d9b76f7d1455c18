//! The end of a program waits for its children, and not for daemons: these are terminated. By fork.
//!
//! In Python: `multiprocessing.Process(target=f, daemon=True)` against one without.

use std::time::Duration;

use osier::process::sync::Event;
use osier::process::{Builder, Process, StartError, at_exit, current};

/// Tells what it is, and whether it may have children.
fn introduce() {
    let me = current();
    println!("{}: daemon is {}", me.name(), me.is_daemon());
    match Process::fork(|| 5) {
        Ok(child) => println!("{}: my child ended with {}", me.name(), child.join()),
        Err(error) => println!("{}: {error}", me.name()),
    }
}

fn main() -> Result<(), StartError> {
    osier::run(|| {
        let (began, ends) = (Event::new()?, Event::new()?);
        let theirs = began.clone();
        let daemon = Builder::new().name("daemon").daemon(true).fork(move || {
            introduce();
            theirs.set();
            osier::sleep(Duration::from_secs(3600));
            println!("daemon: done"); // it never comes to this
        })?;
        began.wait();
        began.clear();

        let theirs = (began.clone(), ends.clone());
        let worker = Builder::new().name("worker").fork(move || {
            introduce();
            theirs.0.set();
            theirs.1.wait(); // until the program is about to end
            println!("worker: done");
        })?;
        began.wait();

        for child in [daemon, worker] {
            println!("{} is alive: {}", child.name(), child.is_alive());
        } // a handle that is dropped ends nothing
        println!("main: done");
        at_exit(0, move || ends.set());
        Ok(()) // nobody joins them: the exit waits for the worker, and ends the daemon
    })
}
