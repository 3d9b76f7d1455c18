//! An echo server on a Unix socket, which knows whose its clients are.
//!
//! In Python, `socketserver.ThreadingUnixStreamServer`, with a task in the place of each thread.

use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::path::Path;
use std::{env, fs, process};

use osier::net::unix::{UnixListener, UnixStream};

/// Sends back whatever comes, to the end.
fn echo(mut stream: UnixStream) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    assert_eq!(peer.pid, Some(process::id() as i32), "nobody else knows the path");
    let mut buf = [0; 4096];
    loop {
        match stream.read(&mut buf)? {
            0 => return Ok(()),
            n => stream.write_all(&buf[..n])?,
        }
    }
}

/// Sends a text, says that this was all, and reads what comes back meanwhile: it may be more than fits in between.
fn ask(path: &Path, text: &str) -> io::Result<String> {
    let stream = UnixStream::connect(path)?;
    osier::scope(|scope| {
        let writer = scope.spawn(|| {
            (&stream).write_all(text.as_bytes())?;
            stream.shutdown(Shutdown::Write)
        });
        let answer = io::read_to_string(&stream)?;
        writer.join().expect("no panic").map(|()| answer)
    })
}

fn main() -> io::Result<()> {
    let path = env::temp_dir().join(format!("osier unix_echo {}", process::id()));
    osier::run(|| {
        let listener = UnixListener::bind(&path)?;
        osier::Builder::new().daemon(true).spawn(move || {
            for stream in listener.incoming().flatten() {
                osier::spawn(move || echo(stream)); // one task a connection
            }
        })?;

        let texts = ["one".to_string(), "two".repeat(3), "x".repeat(1 << 20)];
        osier::scope(|scope| {
            let clients = texts.map(|text| {
                let path = &path;
                scope.spawn(move || (text.len(), ask(path, &text).is_ok_and(|back| back == text)))
            });
            for client in clients {
                let (len, same) = client.join().expect("no panic");
                println!("{len} bytes, back as they were: {same}");
            }
        });
        fs::remove_file(&path)
    })
}
