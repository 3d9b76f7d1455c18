//! `http`: a keep-alive server that says `Hello, World!` to every request, until it is killed.
//!
//! By hand: requests have no bodies here, so each blank line ends one.

use std::io::{self, Read, Write};

use osier::net::TcpStream;

use super::listen::serve;
use crate::args::{Args, HOST, Key, PORT};
use crate::report::Report;

pub(crate) const KEYS: &[Key] = &[HOST, PORT];

const HELLO: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 13\r\n\r\nHello, World!";

/// What one read may take.
const BUFFER: usize = 16 << 10;

pub(crate) fn run(args: &Args) -> Result<Report, String> {
    serve(args, answer)
}

fn answer(mut stream: TcpStream) -> io::Result<()> {
    let mut buf = vec![0; BUFFER];
    let mut blanks = BlankLines::default();
    loop {
        let k = stream.read(&mut buf)?;
        if k == 0 {
            return Ok(());
        }
        match blanks.count(&buf[..k]) {
            0 => {}
            1 => stream.write_all(HELLO)?,
            asked => stream.write_all(&HELLO.repeat(asked))?,
        }
    }
}

/// Counts blank lines in pieces of text.
#[derive(Debug, Default)]
struct BlankLines {
    /// How much of one the last piece ended with.
    matched: usize,
}

impl BlankLines {
    fn count(&mut self, piece: &[u8]) -> usize {
        const END: &[u8] = b"\r\n\r\n";
        let mut found = 0;
        for &byte in piece {
            self.matched = match byte {
                b if b == END[self.matched] => self.matched + 1,
                b'\r' => 1,
                _ => 0,
            };
            if self.matched == END.len() {
                (self.matched, found) = (0, found + 1);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_lines_are_counted_across_pieces() {
        let text = b"GET / HTTP/1.1\r\nA: b\r\n\r\nGET / HTTP/1.1\r\r\n\r\n\r\n\n";
        assert_eq!(BlankLines::default().count(text), 2);
        let mut blanks = BlankLines::default();
        let found: usize = text.iter().map(|&byte| blanks.count(&[byte])).sum();
        assert_eq!(found, 2);
    }
}
