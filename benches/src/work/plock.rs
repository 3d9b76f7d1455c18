//! `plock`: a lock between processes, that nobody else wants or that several want.

use osier::process::sync::{Barrier, Lock};
use osier::process::{Process, pipe};

use crate::args::{Args, Key, count, number};
use crate::measure::{Mark, wall};
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[count("n", 10_000_000), number("processes", 1, 1, 64)];

/// Locks and unlocks, in one process or as many as are asked for, from when all are there to when all are through.
pub(crate) fn run(args: &Args) -> Result<Report, String> {
    let (n, processes) = (args.number("n"), args.number("processes"));
    if n < processes {
        return Err(format!("n={n}: each of {processes} processes locks at least once"));
    }
    let per = n / processes;
    osier::run(|| if processes == 1 { free(n) } else { wanted(processes, per) })
        .map_err(|error| error.to_string())
}

fn free(n: usize) -> Result<Report, Box<dyn std::error::Error>> {
    let lock = Lock::new()?;
    let mark = Mark::now();
    for _ in 0..n {
        drop(std::hint::black_box(&lock).lock().expect("nobody dies"));
    }
    Ok(Report::new(n, mark.span()).with("processes", 1.0))
}

fn wanted(processes: usize, per: usize) -> Result<Report, Box<dyn std::error::Error>> {
    let (lock, all) = (Lock::new()?, Barrier::new(processes + 1)?);
    let (reader, writer) = pipe::simplex::<f64>()?;
    let mut children = Vec::new();
    for _ in 0..processes {
        let (lock, all, writer) = (lock.clone(), all.clone(), writer.try_clone()?);
        children.push(Process::fork(move || {
            all.wait().expect("all come");
            let mut longest = 0;
            for turn in 0..per {
                // A look at the clock costs more than the lock: now and then is enough for who waits for milliseconds.
                let began = (turn % 16 == 0).then(wall);
                drop(lock.lock().expect("nobody dies"));
                longest = longest.max(began.map_or(0, |began| began.elapsed().as_nanos()));
            }
            writer.send(&(longest as f64)).expect("it is read");
        })?);
    }
    drop(writer);
    all.wait()?;
    let mark = Mark::now();
    let longest = (0..processes).map(|_| reader.recv().unwrap_or(f64::NAN)).fold(0.0, f64::max);
    let span = mark.span();
    let ended = children.iter().all(|child| child.join().is_success());
    if !ended {
        return Err("a process did not come through".into());
    }
    let report = Report::new(processes * per, span).with("processes", processes as f64);
    Ok(report.with("longest_wait_us", longest / 1000.0))
}
