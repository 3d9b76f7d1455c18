//! Files, read and written by tasks while others run: `osier::fs` has the names of `std::fs`.
//!
//! In Python: `gevent.fileobject.FileObjectThread`. A named pipe stands for a slow disk here: to open it waits for the other end.

use std::io::{self, BufRead, BufReader, Write};
use std::process::Command;
use std::time::Duration;

use osier::fs::{self, File};
use osier::{join_all, spawn};

fn main() -> io::Result<()> {
    let folder = std::env::temp_dir().join(format!("osier-files-{}", std::process::id()));
    osier::run(|| {
        fs::create_dir(&folder)?;
        let result = work(&folder);
        fs::remove_dir_all(&folder)?;
        result
    })
}

fn work(folder: &std::path::Path) -> io::Result<()> {
    // Ten tasks, a file each.
    let write = |n: usize| {
        let path = folder.join(format!("{n}.txt"));
        spawn(move || fs::write(path, "line\n".repeat(n)))
    };
    for result in join_all((1..=10).map(write)) {
        result.expect("nobody kills it")?;
    }
    let mut sizes = Vec::new();
    for entry in fs::read_dir(folder)? {
        sizes.push(fs::metadata(entry?.path())?.len());
    }
    sizes.sort_unstable();
    println!("sizes: {sizes:?}");

    // A file is what std's readers and writers take.
    let mut file = File::options().append(true).open(folder.join("3.txt"))?;
    writeln!(file, "the fourth")?;
    file.sync_all()?;
    let lines = BufReader::new(File::open(folder.join("3.txt"))?).lines();
    println!("the last line: {:?}", lines.last().transpose()?);

    // What takes long takes one thread of a pool, and no task but the one that waits.
    let pipe = folder.join("slow");
    Command::new("mkfifo").arg(&pipe).status()?;
    let path = pipe.clone();
    let slow = spawn(move || fs::read_to_string(path));
    for n in 1..=3 {
        println!("another task runs: {n}");
        osier::sleep(Duration::from_millis(5));
    }
    println!("is it there? {}", slow.is_finished());
    fs::write(&pipe, "at last")?;
    println!("it is: {}", slow.join().expect("nobody kills it")?);
    Ok(())
}
