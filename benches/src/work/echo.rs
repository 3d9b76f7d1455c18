//! `echo`: a server that answers what it read, until it is killed.

use std::io::{self, Read, Write};

use osier::net::TcpStream;

use super::listen::serve;
use crate::args::{Args, HOST, Key, PORT, count};
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[HOST, PORT, count("buf", 4096)];

pub(crate) fn run(args: &Args) -> Result<Report, String> {
    let size = args.number("buf");
    serve(args, move |stream| answer(stream, size))
}

fn answer(mut stream: TcpStream, size: usize) -> io::Result<()> {
    let mut buf = vec![0; size];
    loop {
        match stream.read(&mut buf)? {
            0 => return Ok(()),
            k => stream.write_all(&buf[..k])?,
        }
    }
}
