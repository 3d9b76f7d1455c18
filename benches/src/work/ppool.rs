//! `ppool`: calls of a tiny or a computing function through a pool of worker processes.

use osier::process::functions;
use osier::process::pool::Pool;

use crate::args::{Args, Key, count, number, one_of};
use crate::measure::Mark;
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[
    count("n", 200_000),
    number("workers", 2, 1, 64),
    number("tasks", 1, 1, 1 << 20),
    number("chunk", 1, 1, 1 << 20),
    number("spin", 0, 0, 1 << 30),
    one_of("kind", &["async", "apply", "map", "imap"]),
];

functions! {
    /// Computes for so many rounds.
    fn spin(rounds: u64) -> u64 {
        (0..rounds).fold(1, |x: u64, i| std::hint::black_box(x.wrapping_mul(31).wrapping_add(i)))
    }
}

/// From the first call to the last result; workers have begun before.
pub(crate) fn run(args: &Args) -> Result<Report, String> {
    let (n, rounds) = (args.number("n"), args.number("spin") as u64);
    let (workers, chunk) = (args.number("workers"), args.number("chunk"));
    osier::run(|| {
        let builder = Pool::builder().workers(workers).tasks_per_worker(args.number("tasks"));
        let pool = builder.build().map_err(|error| error.to_string())?;
        pool.chunks(1).map(spin, vec![0; 20 * workers]).map_err(|error| error.to_string())?;
        let items = std::iter::repeat_n(rounds, n);
        let mark = Mark::now();
        let done = match args.word("kind") {
            "apply" => items.filter(|rounds| pool.apply(spin, (*rounds,)).is_ok()).count(),
            "map" => pool.chunks(chunk).map(spin, items).map_or(0, |all| all.len()),
            "imap" => pool.chunks(chunk).imap(spin, items).bound(256).flatten().count(),
            _ => {
                let calls: Vec<_> = items.map(|rounds| pool.apply_async(spin, (rounds,))).collect();
                calls.into_iter().filter_map(|call| call.result().ok()).count()
            }
        };
        let span = mark.span();
        assert_eq!(done, n, "each call was made");
        Ok(Report::new(n, span).with("workers", workers as f64))
    })
}
