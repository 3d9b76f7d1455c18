//! A sum by several OS threads, each with a hub of its own and several tasks on it.
//!
//! In Python: processes times coroutines, as `multiprocessing.Pool(4).map(part, ranges)` with gevent in each process,
//! since threads share one interpreter. Here threads do; what crosses them is `Send`.

use std::ops::Range;

use osier::thread;

const HUBS: u64 = 4;
const TASKS: u64 = 10;

/// The `n`th of `parts` pieces.
fn piece(whole: &Range<u64>, n: u64, parts: u64) -> Range<u64> {
    let length = (whole.end - whole.start) / parts;
    let start = whole.start + n * length;
    start..if n + 1 == parts { whole.end } else { start + length }
}

/// Sums up by tasks of the hub that it is called on.
fn sum(range: Range<u64>) -> u64 {
    let task = |n| {
        let part = piece(&range, n, TASKS);
        osier::spawn(move || part.sum::<u64>())
    };
    let parts = osier::join_all((0..TASKS).map(task));
    parts.into_iter().map(|part| part.expect("nobody panics")).sum()
}

fn main() -> std::io::Result<()> {
    let whole = 0..1_000_001;
    let hubs = thread::hubs(HUBS as usize)?;
    let parts: Vec<_> = (0..)
        .zip(&hubs)
        .map(|(n, hub)| {
            let part = piece(&whole, n, HUBS);
            hub.spawn(move || sum(part))
        })
        .collect();
    let mut total = 0;
    for (n, part) in parts.into_iter().enumerate() {
        let part = part.join().expect("nobody panics");
        println!("hub {n}: {part}");
        total += part;
    }
    println!("total: {total}");
    Ok(())
}
