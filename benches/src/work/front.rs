//! `front`: connections to a front of worker processes, by a listener each or by one for all.

use std::io::{Read, Write};

use osier::net::TcpStream;
use osier::net::server::Front;
use osier::process::Crew;

use crate::args::{Args, Key, count, number, one_of};
use crate::measure::Mark;
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[
    count("n", 20_000),
    number("workers", 2, 1, 64),
    number("conns", 64, 1, 10_000),
    one_of("listener", &["own", "shared"]),
];

/// From the first connection to the end of the last; the workers' CPU time is not in the figures.
pub(crate) fn run(args: &Args) -> Result<Report, String> {
    let (n, workers) = (args.number("n"), args.number("workers"));
    let conns = args.number("conns").min(n);
    osier::run(|| {
        let front = Front::new().processes(workers).shared(args.word("listener") == "shared");
        let front = front.listen("127.0.0.1:0").map_err(|error| error.to_string())?;
        let addr = front.addresses()[0];
        let crew = front
            .start_serving(|mut stream, _| {
                // It asks, so that a connection is more than its beginning.
                let mut byte = [0];
                stream.read_exact(&mut byte)?;
                stream.write_all(&byte)
            })
            .map_err(|error| error.to_string())?;
        let ask = move || {
            let mut stream = TcpStream::connect(addr)?;
            stream.write_all(b"?")?;
            stream.read_to_end(&mut Vec::new())
        };
        let mark = Mark::now();
        let asked = osier::map_unordered(0..n, conns, |_| ask().is_ok());
        let span = mark.span();
        let answered = asked.into_iter().filter(|(_, is)| matches!(is, Ok(true))).count();
        assert_eq!(answered, n, "each was answered");
        let (least, most) = shares(&crew, n);
        crew.kill();
        crew.join().map_err(|error| error.to_string())?;
        let report = Report::new(n, span).with("workers", workers as f64);
        Ok(report.with("least_share", least).with("most_share", most))
    })
}

/// The smallest and the largest part of the connections that a worker had.
fn shares(crew: &Crew, n: usize) -> (f64, f64) {
    let status = crew.status();
    let had = status.iter().flat_map(|worker| &worker.counters);
    let had = had.filter(|(name, _)| name == "accepted").map(|(_, count)| *count);
    let shares: Vec<f64> = had.map(|count| count as f64 / n as f64).collect();
    let pick = |f: fn(f64, f64) -> f64| shares.iter().copied().reduce(f).unwrap_or(0.0);
    (pick(f64::min), pick(f64::max))
}
