//! Neither zombies nor orphans: what has ended is gone before anybody joins it, and daemons die with their parent. By fork.
//!
//! In Python: a zombie (`Z` in `ps`) is a child that has ended and was not joined; an orphan is one whose parent was killed.

use std::fs;
use std::io;
use std::process::Command;
use std::time::Duration;

use osier::process::{Builder, Process, StartError, parent, pipe};

/// What /proc/PID/stat says: `S` sleeps, `R` runs, `Z` is a zombie, `X` was just reaped.
fn state(pid: u32) -> String {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    // The name before it may have brackets.
    let state = stat.rsplit_once(") ").and_then(|(_, rest)| rest.chars().next());
    state.map_or("gone".to_string(), String::from)
}

/// Waits until a process is in one of these states, ten seconds at most; which one it is in then.
fn until(pid: u32, states: &[&str]) -> String {
    for _ in 0..10_000 {
        if states.contains(&state(pid).as_str()) {
            break;
        }
        osier::sleep(Duration::from_millis(1));
    }
    state(pid)
}

fn lives(pid: u32) -> bool {
    !["gone", "Z", "X"].contains(&state(pid).as_str())
}

fn zombies() -> Result<(), StartError> {
    let mut theirs = Command::new("true").spawn()?;
    println!("a child of std's has ended: {}", until(theirs.id(), &["Z"]));
    theirs.wait()?;
    println!("once it was waited for: {}", state(theirs.id()));

    let ours = Process::fork(|| 7)?;
    println!("a child of ours has ended: {}", until(ours.pid(), &["gone"]));
    println!("how is still known: {}", ours.join());
    Ok(())
}

/// Has two children, one of them a daemon, and tells who they are.
fn have_children(tell: pipe::Writer<(u32, u32)>, last: pipe::Writer<String>) -> io::Result<()> {
    let sleep = || osier::sleep(Duration::from_secs(3600));
    let daemon = Builder::new().daemon(true).fork(sleep)?;
    let other = Process::fork(move || {
        let parent = parent().expect("a child has one");
        parent.join(); // as long as it likes: this one is no daemon
        last.send(&"my parent is gone, so I end as well".to_string())
    })?;
    tell.send(&(daemon.pid(), other.pid())).map_err(io::Error::from)?;
    daemon.join();
    Ok(())
}

fn orphans() -> Result<(), StartError> {
    let (pids, tell) = pipe::simplex()?;
    let (words, last) = pipe::simplex()?;
    let middle = Process::fork(move || have_children(tell, last))?;
    let (daemon, other) = pids.recv().map_err(io::Error::from)?;
    println!("the daemon lives: {}, the other child lives: {}", lives(daemon), lives(other));
    middle.kill()?; // SIGKILL: it cannot do anything about it any more
    println!("their parent has ended with {}", middle.join());
    until(daemon, &["gone", "Z"]); // who takes an orphan in reaps it sooner or later
    println!("the daemon lives: {}", lives(daemon));
    println!("the other child says: {}", words.recv().map_err(io::Error::from)?);
    Ok(())
}

fn main() -> Result<(), StartError> {
    osier::run(|| zombies().and_then(|()| orphans()))
}
