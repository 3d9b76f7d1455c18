//! `yield`: many tasks give way in turn.
//!
//! What a yield costs depends on the calls that lie between it and the task's loop (returns through
//! them are predicted or not) and on whether the next task's stack is where the processor expects
//! it. So both are keys: `depth`, or `mixed=1` for half the tasks at depth 1 in one function and
//! half at depth 5 in another; and `order`, which says whether the run queue follows the stacks in
//! memory (`spawn`) or not (`shuffled`, always so with `mixed=1`).

use std::hint::black_box;
use std::rc::Rc;

use osier::{JoinHandle, join_all, spawn};

use super::depth;
use super::lap::Lap;
use crate::args::{Args, Key, count, number, one_of};
use crate::gate::{Gate, gather};
use crate::random::shuffled;
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[
    number("tasks", 2, 1, 1 << 24),
    count("n", 10_000_000),
    number("depth", 0, 0, depth::DEEPEST),
    number("mixed", 0, 0, 1),
    one_of("order", &["spawn", "shuffled"]),
];

pub(crate) fn run(args: &Args) -> Result<Report, String> {
    let (tasks, n) = (args.number("tasks"), args.number("n"));
    if n < tasks {
        return Err(format!("n={n}: each of {tasks} tasks yields at least once"));
    }
    let mixed = args.number("mixed") == 1;
    let lap = osier::run(|| yields(args, tasks, n / tasks, mixed));
    let (n, span) = lap.result().ok_or("not every task came through")?;
    let mut report = Report::new(n, span).with("tasks", tasks as f64);
    for key in ["depth", "mixed"].into_iter().filter(|key| args.is_given(key)) {
        report = report.with(key, args.number(key) as f64);
    }
    Ok(report)
}

fn yields(args: &Args, tasks: usize, per: usize, mixed: bool) -> Rc<Lap> {
    let depth = args.number("depth");
    let lap = Rc::new(Lap::new(tasks, per));
    let gate = Rc::new(Gate::default());
    let one = |i| match (mixed, i % 2) {
        (true, 0) => start(&lap, &gate, depth::one),
        (true, _) => start(&lap, &gate, depth::other::five),
        (false, _) => at_depth(depth, &lap, &gate),
    };
    let handles: Vec<JoinHandle<()>> = (0..tasks).map(one).collect();
    // All have a stack now; the order of the run queue is made anew.
    gather(&gate, tasks);
    match mixed || args.word("order") == "shuffled" {
        true => gate.open(shuffled(tasks)),
        false => gate.open(0..tasks),
    }
    for outcome in join_all(handles) {
        outcome.expect("it only gives way");
    }
    lap
}

fn at_depth(depth: usize, lap: &Rc<Lap>, gate: &Rc<Gate>) -> JoinHandle<()> {
    match depth {
        0 => start(lap, gate, depth::zero),
        1 => start(lap, gate, depth::one),
        2 => start(lap, gate, depth::two),
        3 => start(lap, gate, depth::three),
        4 => start(lap, gate, depth::four),
        5 => start(lap, gate, depth::five),
        6 => start(lap, gate, depth::six),
        7 => start(lap, gate, depth::seven),
        _ => start(lap, gate, depth::eight),
    }
}

fn start(
    lap: &Rc<Lap>,
    gate: &Rc<Gate>,
    give_way: impl Fn(usize) -> usize + 'static,
) -> JoinHandle<()> {
    let (lap, gate) = (lap.clone(), gate.clone());
    spawn(move || {
        gate.wait();
        lap.enter();
        while !lap.ready() {
            give_way(0);
        }
        for i in 0..lap.per {
            black_box(give_way(i));
        }
        lap.leave();
    })
}
