//! An echo server, three times: by std's types in tasks (`std`), by ours (`ours`), by std's in threads (`threads`).
//!
//! `echo KIND echo port=PORT`, as `benches/counts.sh` calls it: until it is killed.

use std::io::{self, Read, Write};

use osier_monkey as _;

/// A task or a thread for each connection.
macro_rules! serve {
    ($listener:ty, $port:expr, $spawn:expr) => {{
        let listener = <$listener>::bind(("127.0.0.1", $port))?;
        loop {
            let (stream, _) = listener.accept()?;
            stream.set_nodelay(true)?;
            drop($spawn(move || answer(stream)));
        }
    }};
}

fn answer(mut stream: impl Read + Write) -> io::Result<()> {
    let mut buf = vec![0; 4096];
    loop {
        match stream.read(&mut buf)? {
            0 => return Ok(()),
            k => stream.write_all(&buf[..k])?,
        }
    }
}

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    let port = words.iter().find_map(|word| word.strip_prefix("port=")?.parse().ok()).unwrap_or(0);
    match words.get(1).map_or("", |kind| kind) {
        "std" => osier::run(move || serve!(std::net::TcpListener, port, osier::spawn)),
        "ours" => osier::run(move || serve!(osier::net::TcpListener, port, osier::spawn)),
        "threads" => serve!(std::net::TcpListener, port, std::thread::spawn),
        _ => Err(io::Error::other("say std, ours or threads, and port=PORT")),
    }
}
