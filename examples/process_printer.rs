//! Four processes print to one file, piece by piece: under a lock lines stay whole, without one they are torn. By fork.
//!
//! In Python: `with lock: print(...)` in `multiprocessing.Process(target=f, args=(lock,))`.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use osier::process::sync::{Barrier, Lock};
use osier::process::{Builder, Process, StartError};

const PROCESSES: usize = 4;
const LINES: usize = 5;
const WORDS: [&str; 3] = ["three words", " of number ", "a line\n"];

/// Prints one line, in pieces: between any two of them others may print.
fn print(paper: &Path, me: usize) -> io::Result<()> {
    let mut paper = OpenOptions::new().append(true).open(paper)?;
    for word in WORDS {
        paper.write_all(word.replace("number", &me.to_string()).as_bytes())?;
        osier::sleep(Duration::from_millis(1)); // a printer is slow
    }
    Ok(())
}

/// How many lines of all are whole, if a lock is used, or not.
fn whole(paper: &Path, lock: Option<Lock>) -> Result<usize, StartError> {
    fs::write(paper, "")?;
    let all = Barrier::new(PROCESSES)?; // so that they begin at the same time
    let printer = |me| {
        let (paper, lock, all) = (paper.to_path_buf(), lock.clone(), all.clone());
        Builder::new().name(format!("printer-{me}")).fork(move || -> io::Result<()> {
            all.wait().expect("all come");
            for _ in 0..LINES {
                let _turn = lock.as_ref().map(|lock| lock.lock().expect("nobody dies"));
                print(&paper, me)?;
            } // the guard goes here: the next one's turn
            Ok(())
        })
    };
    let printers: Vec<Process> = (0..PROCESSES).map(printer).collect::<Result<_, _>>()?;
    printers.iter().for_each(|printer| _ = printer.join());

    let printed = fs::read_to_string(paper)?;
    let line = |me: usize| WORDS.concat().replace("number", &me.to_string());
    let lines: Vec<String> = (0..PROCESSES).map(line).collect();
    Ok(printed.split_inclusive('\n').filter(|&found| lines.iter().any(|l| l == found)).count())
}

fn main() -> Result<(), StartError> {
    let paper = std::env::temp_dir().join(format!("osier-printer-{}", std::process::id()));
    let shown = osier::run(|| {
        let all = PROCESSES * LINES;
        println!("with a lock: {} of {all} lines are whole", whole(&paper, Some(Lock::new()?))?);
        println!("without one some are torn: {}", whole(&paper, None)? < all);
        Ok(())
    });
    fs::remove_file(&paper)?; // also if something was wrong
    shown
}
