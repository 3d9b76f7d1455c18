//! `spawn1` and `spawnall`: tasks that do nothing but return.

use std::hint::black_box;

use osier::{JoinHandle, join_all, spawn};

use crate::args::{Args, Key, count};
use crate::measure::Mark;
use crate::report::Report;

pub(crate) const ONE_KEYS: &[Key] = &[count("n", 1_000_000)];
pub(crate) const ALL_KEYS: &[Key] = &[count("n", 100_000)];

/// Spawns a task and joins it, again and again.
pub(crate) fn one(args: &Args) -> Result<Report, String> {
    let n = args.number("n");
    let span = osier::run(|| {
        let mark = Mark::now();
        for i in 0..n {
            black_box(spawn(move || i).join().expect("it only returns"));
        }
        mark.span()
    });
    Ok(Report::new(n, span))
}

/// Spawns all before it joins the first.
pub(crate) fn all(args: &Args) -> Result<Report, String> {
    let n = args.number("n");
    let span = osier::run(|| {
        let mark = Mark::now();
        let handles: Vec<JoinHandle<usize>> = (0..n).map(|i| spawn(move || i)).collect();
        let sum: usize = join_all(handles).into_iter().map(|i| i.expect("it only returns")).sum();
        assert_eq!(sum, n * (n - 1) / 2);
        mark.span()
    });
    Ok(Report::new(n, span))
}
