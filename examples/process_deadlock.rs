//! Two processes that each hold what the other wants; a dump shows it, and one `RLock` cures it. By fork.
//!
//! In Python: `multiprocessing.Lock` twice, which hangs, then one `multiprocessing.RLock`.

use std::io;
use std::time::Duration;

use osier::process::sync::{Event, Lock, LockError, RLock};
use osier::process::{Process, StartError};

/// Takes one, and then the other, as soon as both processes have one.
fn eat(me: usize, forks: [Lock; 2], ready: [Event; 2]) -> bool {
    let _mine = forks[me].lock().unwrap();
    ready[me].set();
    ready[1 - me].wait();
    // Without the limit it would hang for good.
    let limit = Duration::from_millis([200, 10_000][me]);
    match forks[1 - me].lock_timeout(limit) {
        Ok(_) => true,
        Err(LockError::TimedOut) => false,
        Err(error) => panic!("{error}"),
    }
}

/// What the dump says of who waits for whom, with names in the place of numbers.
fn told(pids: [u32; 2]) -> Option<String> {
    let dump = osier::dump().to_string();
    let [me, other] = pids.map(|pid| format!("process {pid}"));
    let (_, rest) = dump.split_once("waiting for a lock")?;
    let (how, _) = rest.split_once(&me)?;
    Some(format!("waiting for a lock{}the parent", how.replace(&other, "the child")))
}

fn deadlock() -> Result<(), StartError> {
    let forks = [Lock::new()?, Lock::new()?];
    let ready = [Event::new()?, Event::new()?];
    let (theirs, both) = (forks.clone(), ready.clone());
    let child = Process::fork(move || eat(1, theirs, both) as i32)?;
    let pids = [std::process::id(), child.pid()];
    let looks = osier::spawn(move || {
        let look = || {
            osier::sleep(Duration::from_millis(2));
            told(pids)
        };
        println!("{}", std::iter::repeat_with(look).flatten().next().expect("it waits"));
    });
    println!("the parent eats: {}", eat(0, forks, ready));
    println!("the child eats: {}", child.join() != osier::process::ExitStatus::Code(0));
    looks.join().unwrap();
    Ok(())
}

/// One lock for both forks, which each may take twice.
fn cured() -> io::Result<()> {
    let forks = RLock::new()?;
    let eat = |forks: &RLock| {
        let _one = forks.lock().unwrap();
        let _other = forks.lock().unwrap();
        forks.depth()
    };
    let theirs = forks.clone();
    let child = Process::fork(move || eat(&theirs) as i32).map_err(io::Error::other)?;
    println!("the parent has {} forks", eat(&forks));
    println!("the child had as many: {}", child.join());
    Ok(())
}

fn main() -> Result<(), StartError> {
    osier::run(|| {
        deadlock()?;
        Ok(cured()?)
    })
}
