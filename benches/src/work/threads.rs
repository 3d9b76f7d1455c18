//! `threads`: items through a channel from one OS thread's hub to another's.

use std::thread;

use osier::thread::{Receiver, Sender, bounded, unbounded};

use crate::args::{Args, Key, count, number, one_of};
use crate::measure::Mark;
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[
    count("n", 5_000_000),
    number("room", 1024, 0, 1 << 20),
    one_of("kind", &["bounded", "unbounded"]),
];

/// The time includes the start and the end of the other thread, as it does for the peers.
pub(crate) fn run(args: &Args) -> Result<Report, String> {
    let n = args.number("n");
    let endless = args.word("kind") == "unbounded";
    let (sender, receiver): (Sender<usize>, Receiver<usize>) =
        if endless { unbounded() } else { bounded(args.number("room")) };
    let mark = Mark::now();
    let other = thread::spawn(move || {
        osier::run(|| (0..n).for_each(|i| sender.send(i).expect("the other lives")));
    });
    let sum: usize = osier::run(|| receiver.iter().sum());
    other.join().map_err(|_| "the sender panicked".to_owned())?;
    let span = mark.span();
    assert_eq!(sum, n * (n - 1) / 2, "each item came once");
    let report = Report::new(n, span);
    Ok(if endless { report } else { report.with("room", args.number("room") as f64) })
}
