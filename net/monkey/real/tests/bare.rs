//! The same without the line: nothing is patched, and one waits after the other. So the trials in `crates.rs` can fail.

use std::time::{Duration, Instant};

use osier_monkey_real::{clients, servers};

/// How long each waits.
const WAIT: Duration = Duration::from_millis(50);

#[test]
fn without_the_line_one_waits_after_the_other() {
    let server = servers::pages(WAIT).expect("it needs nothing").addr;
    let began = Instant::now();
    osier::run(|| {
        let tasks = (0..8).map(|n| osier::spawn(move || clients::ureq::ask(server, WAIT, n)));
        let ends = osier::join_all(tasks.collect::<Vec<_>>());
        ends.into_iter().for_each(|end| end.unwrap().unwrap());
    });
    assert!(began.elapsed() >= 8 * WAIT, "they took {:?}", began.elapsed());
}
