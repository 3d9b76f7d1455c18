//! Processes: numbers, names, how they end, and ending them. By fork, but for one that begins anew (spawn).
//!
//! In Python: `multiprocessing.Process`, `start`, `join`, `exitcode`, `terminate`, `is_alive`.

use std::time::Duration;

use osier::process::{Builder, Process, StartError, current, functions, parent, pipe};

functions! {
    /// Runs in a process that begins anew: `main` does not run there.
    fn report(say: pipe::Writer<String>, n: u32) {
        let parent = parent().expect("a child has one");
        let line = format!("{} was started by {}, n is {n}", current().name(), parent.name());
        say.send(&line).unwrap();
    }
}

fn main() -> Result<(), StartError> {
    osier::run(|| {
        let me = std::process::id();
        let child = Process::fork(move || {
            assert_eq!(parent().map(|parent| parent.pid()), Some(me));
            println!("hello from {}", current().name());
            7 // the exit code
        })?;
        assert_ne!(child.pid(), me);
        println!("{} ended with {}", child.name(), child.join());

        let (reader, writer) = pipe::simplex()?;
        let anew = Builder::new().name("reporter").spawn(report, (writer, 42))?;
        println!("{}", reader.recv().unwrap());
        println!("{} ended with {}", anew.name(), anew.join());

        let sleeper = Process::fork(|| osier::sleep(Duration::from_secs(3600)))?;
        println!("alive: {}, status: {:?}", sleeper.is_alive(), sleeper.exit_status());
        sleeper.terminate()?;
        println!("{} ended with {}", sleeper.name(), sleeper.join());
        println!("alive: {}", sleeper.is_alive());
        Ok(())
    })
}
