//! `mem`: what a parked task with 64 live bytes costs.
//!
//! `ns_per_op` is the time to spawn and park one; `teardown_ns` to wake, end and join it.

use std::hint::black_box;
use std::rc::Rc;

use osier::{JoinHandle, join_all, spawn};

use crate::args::{Args, Key, count};
use crate::gate::{Gate, gather};
use crate::measure::{Mark, Memory, Span};
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[count("n", 100_000)];

pub(crate) fn run(args: &Args) -> Result<Report, String> {
    let n = args.number("n");
    let before = Memory::now();
    let (up, parked, down) = osier::run(|| park_all(n));
    let per = |x: f64| x / n as f64;
    Ok(Report::new(n, up)
        .with("rss_bytes", per(parked.rss - before.rss))
        .with("pte_bytes", per(parked.pte - before.pte))
        .with("machine_bytes", per(before.left - parked.left))
        .with("teardown_ns", per(down.wall)))
}

fn park_all(n: usize) -> (Span, Memory, Span) {
    let gate = Rc::new(Gate::default());
    let mark = Mark::now();
    let one = |i: usize| {
        let gate = gate.clone();
        spawn(move || {
            let live = black_box([i as u8; 64]);
            gate.wait();
            black_box(live);
        })
    };
    let handles: Vec<JoinHandle<()>> = (0..n).map(one).collect();
    gather(&gate, n);
    let (up, parked) = (mark.span(), Memory::now());
    let mark = Mark::now();
    gate.open(0..n);
    for outcome in join_all(handles) {
        outcome.expect("it only waits");
    }
    (up, parked, mark.span())
}
