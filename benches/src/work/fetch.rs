//! `fetch`: many pages at once from one server; by hand (`kind=raw`) or by our client (`http`).

use std::io::{self, Read, Write};
use std::net::SocketAddr;

use osier::net::TcpStream;
use osier::net::http::{self, Agent};
use osier::{JoinHandle, join_all, spawn};

use crate::args::{Args, HOST, Key, PORT, count, one_of};
use crate::measure::{Mark, peak_rss};
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[HOST, PORT, count("n", 10_000), one_of("kind", &["raw", "http"])];

const GET: &[u8] = b"GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n";

pub(crate) fn run(args: &Args) -> Result<Report, String> {
    let (n, addr) = (args.number("n"), args.addr());
    let raw = args.word("kind") == "raw";
    let (span, failed) = osier::run(|| {
        let mark = Mark::now();
        let agent = http::builder().configure(|c| c.proxy(None)).build();
        let one = |_| {
            let agent = agent.clone();
            spawn(move || match raw {
                true => by_hand(addr).is_ok_and(|k| k > 0),
                false => by_client(&agent, addr).is_ok_and(|k| k > 0),
            })
        };
        let handles: Vec<JoinHandle<bool>> = (0..n).map(one).collect();
        let done = join_all(handles);
        let failed = done.iter().filter(|ok| !matches!(ok, Ok(true))).count();
        (mark.span(), failed)
    });
    Ok(Report::new(n, span)
        .with("wall_ms", span.wall / 1e6)
        .with("cpu_s", span.cpu / 1e9)
        .with("peak_rss_mb", peak_rss() / 1_048_576.0)
        .with("failed", failed as f64))
}

fn by_hand(addr: SocketAddr) -> io::Result<usize> {
    let mut stream = TcpStream::connect(addr)?;
    stream.write_all(GET)?;
    let mut got = Vec::with_capacity(512);
    stream.read_to_end(&mut got)
}

/// Reads the whole body, as the peers' clients do.
fn by_client(agent: &Agent, addr: SocketAddr) -> Result<usize, http::Error> {
    let mut answer = agent.get(format!("http://{addr}/")).call()?;
    Ok(answer.body_mut().read_to_vec()?.len())
}
