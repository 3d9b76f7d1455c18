//! `delay`: a server that answers every request `ms` later and closes, until it is killed.
//!
//! What `fetch` needs to be tried without any other program; the peers' is used for figures.

use std::io::{self, Read, Write};
use std::time::Duration;

use osier::net::TcpStream;

use super::listen::serve;
use crate::args::{Args, HOST, Key, PORT, number};
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[HOST, PORT, number("ms", 200, 0, 60_000)];

const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Length: 13\r\nConnection: close\r\n\r\nHello, World!";

pub(crate) fn run(args: &Args) -> Result<Report, String> {
    let wait = Duration::from_millis(args.number("ms") as u64);
    serve(args, move |stream| answer(stream, wait))
}

fn answer(mut stream: TcpStream, wait: Duration) -> io::Result<()> {
    let mut asked = Vec::new();
    let mut buf = [0; 1024];
    while !asked.ends_with(b"\r\n\r\n") {
        match stream.read(&mut buf)? {
            0 => return Ok(()),
            k => asked.extend_from_slice(&buf[..k]),
        }
    }
    osier::sleep(wait);
    stream.write_all(ANSWER)
}
