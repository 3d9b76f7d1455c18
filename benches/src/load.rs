//! `load echo`: asks an echo server, one message in flight on each connection.
//!
//! A fixed count of requests and not a time, for what counts instructions and system calls: both
//! slow the server down by a lot.

use std::io::{self, Read, Write};
use std::rc::Rc;
use std::time::Duration;

use osier::net::TcpStream;
use osier::{JoinHandle, join_all, spawn};

use crate::args::{Args, HOST, Key, PORT, count, number};
use crate::gate::{Gate, gather};
use crate::measure::{Mark, wall};
use crate::report::{Report, rank};
use crate::work::Work;

pub(crate) const WORKS: &[Work] = &[Work { name: "echo", keys: KEYS, run: echo }];

const KEYS: &[Key] =
    &[HOST, PORT, number("conns", 64, 1, 60_000), count("size", 64), count("n", 100_000)];

/// Every connection asks equally often, so the total is rounded up.
fn echo(args: &Args) -> Result<Report, String> {
    let (conns, size) = (args.number("conns"), args.number("size"));
    let per = args.number("n").div_ceil(conns);
    let (span, outcomes) = osier::run(|| {
        let gate = Rc::new(Gate::default());
        let handles: Vec<_> = (0..conns).map(|_| client(args, &gate, size, per)).collect();
        gather(&gate, conns);
        let mark = Mark::now();
        gate.open(0..conns);
        let outcomes = join_all(handles);
        (mark.span(), outcomes)
    });
    let mut taken = Vec::with_capacity(conns * per);
    for outcome in outcomes {
        let outcome = outcome.map_err(|e| e.to_string())?;
        taken.extend(outcome.map_err(|e| format!("{}: {e}", args.addr()))?);
    }
    taken.sort_unstable();
    Ok(Report::new(taken.len(), span)
        .with("conns", conns as f64)
        .with("size", size as f64)
        .with("per_s", taken.len() as f64 / span.wall * 1e9)
        .with("p50_us", rank(&taken, 0.5) / 1e3)
        .with("p99_us", rank(&taken, 0.99) / 1e3))
}

/// Connects, waits for the others, asks; the times are in nanoseconds.
fn client(
    args: &Args,
    gate: &Rc<Gate>,
    size: usize,
    per: usize,
) -> JoinHandle<io::Result<Vec<u64>>> {
    let (addr, gate) = (args.addr(), gate.clone());
    spawn(move || {
        let stream = TcpStream::connect(addr);
        // Even who failed comes to the gate, or the others would wait for ever.
        gate.wait();
        ask(stream?, size, per)
    })
}

fn ask(mut stream: TcpStream, size: usize, per: usize) -> io::Result<Vec<u64>> {
    stream.set_nodelay(true)?;
    // Closes by reset, so that no port is left waiting.
    stream.set_linger(Some(Duration::ZERO))?;
    let (message, mut buf) = (vec![b'x'; size], vec![0; size]);
    let mut taken = Vec::with_capacity(per);
    for _ in 0..per {
        let sent = wall();
        stream.write_all(&message)?;
        stream.read_exact(&mut buf)?;
        taken.push((wall() - sent).as_nanos() as u64);
    }
    Ok(taken)
}
