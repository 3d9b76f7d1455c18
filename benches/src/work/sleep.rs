//! `sleep`: many tasks asleep at once, each for its own time of up to a second.
//!
//! `waves=2` does it again on the stacks of the first wave and reports that under `wave2_...`: the
//! first touch of a stack is a page fault, which is most of what a first wave costs.

use osier::{JoinHandle, join_all, spawn};

use crate::args::{Args, Key, count, number};
use crate::measure::{Mark, Span, wall};
use crate::random::naps;
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[count("n", 100_000), number("waves", 1, 1, 2)];

/// How late one task woke.
struct Late {
    nanos: u64,
    early: bool,
}

/// One wave's figures.
struct Wave {
    span: Span,
    late: Vec<u64>,
    early: usize,
}

pub(crate) fn run(args: &Args) -> Result<Report, String> {
    let (n, waves) = (args.number("n"), args.number("waves"));
    let mut waves = osier::run(|| (0..waves).map(|_| wave(n)).collect::<Vec<_>>());
    let first = &mut waves[0];
    let mut report = Report::new(n, first.span)
        .with("wall_ms", first.span.wall / 1e6)
        .with("cpu_s", first.span.cpu / 1e9)
        .with_lateness(["late_p50_us", "late_p99_us", "late_max_us"], &mut first.late);
    if let Some(second) = waves.get_mut(1) {
        let names = ["wave2_late_p50_us", "wave2_late_p99_us", "wave2_late_max_us"];
        report = report
            .with("wave2_wall_ms", second.span.wall / 1e6)
            .with("wave2_cpu_s", second.span.cpu / 1e9)
            .with_lateness(names, &mut second.late);
    }
    Ok(report.with("early", waves.iter().map(|wave| wave.early).sum::<usize>() as f64))
}

fn wave(n: usize) -> Wave {
    let naps = naps(n);
    let mark = Mark::now();
    let one = |nap| {
        spawn(move || {
            let began = wall();
            osier::sleep(nap);
            let slept = wall() - began;
            Late { nanos: slept.saturating_sub(nap).as_nanos() as u64, early: slept < nap }
        })
    };
    let handles: Vec<JoinHandle<Late>> = naps.into_iter().map(one).collect();
    let late: Vec<Late> =
        join_all(handles).into_iter().map(|late| late.expect("it only sleeps")).collect();
    let span = mark.span();
    let early = late.iter().filter(|late| late.early).count();
    Wave { span, late: late.iter().map(|late| late.nanos).collect(), early }
}
