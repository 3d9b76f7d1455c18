//! Twenty processes sell the tickets of one office, whose books are a file: a lock keeps them right. By fork.
//!
//! In Python: `multiprocessing.Process` and `multiprocessing.Lock` around `json.load` and `json.dump`.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, io};

use osier::process::sync::{Event, Lock};
use osier::process::{ExitStatus, Process, StartError};

const TICKETS: u32 = 12;
const CLERKS: usize = 20;

fn left(books: &Path) -> io::Result<u32> {
    let text = fs::read_to_string(books)?;
    text.trim_matches(|c: char| !c.is_ascii_digit()).parse().map_err(io::Error::other)
}

fn write(books: &Path, left: u32) -> io::Result<()> {
    fs::write(books, format!("{{\"left\": {left}}}\n"))
}

/// Sells one, if there is one.
fn sell(books: &Path) -> io::Result<bool> {
    let left = left(books)?;
    osier::sleep(Duration::from_millis(1)); // the network
    if left > 0 {
        write(books, left - 1)?;
    }
    Ok(left > 0)
}

/// How many are sold by clerks who sell one each, if they can.
fn open(books: &Path, lock: &Lock) -> Result<usize, StartError> {
    write(books, TICKETS)?;
    let opens = Event::new()?;
    let clerks = (0..CLERKS).map(|_| {
        let (books, lock, opens) = (PathBuf::from(books), lock.clone(), opens.clone());
        Process::fork(move || {
            opens.wait();
            let _turn = lock.lock().expect("nobody dies");
            i32::from(!sell(&books).expect("the books are in order"))
        })
    });
    let clerks = clerks.collect::<Result<Vec<_>, _>>()?;
    opens.set();
    Ok(clerks.iter().filter(|clerk| clerk.join() == ExitStatus::Code(0)).count())
}

fn main() -> Result<(), StartError> {
    let books = env::temp_dir().join(format!("osier-tickets-{}", std::process::id()));
    let sold = osier::run(|| {
        let lock = Lock::new()?;
        let sold = open(&books, &lock)?;
        println!("{CLERKS} clerks, {TICKETS} tickets, a lock: {sold} sold, {} left", left(&books)?);
        Ok(())
    });
    fs::remove_file(&books)?; // also if something was wrong
    sold
}
