//! OS threads fetch pages with blocking code, and a callback gets each result; the site is served by tasks, meanwhile.
//!
//! In Python: `pool = ThreadPoolExecutor(4)`, `pool.submit(get, url).add_done_callback(parse)`,
//! `pool.shutdown()`. Needs the feature `net`, which is on by default.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{self, SocketAddr};

use osier::Builder;
use osier::net::{TcpListener, TcpStream};
use osier::thread::{self, ThreadPoolExecutor};

/// Answers one request, with a page as long as its path says.
fn serve(peer: TcpStream) -> io::Result<()> {
    let mut peer = BufReader::new(peer);
    let mut line = String::new();
    peer.read_line(&mut line)?;
    let path = line.split(' ').nth(1).unwrap_or("/");
    let page = "x".repeat(path[1..].parse().unwrap_or(0));
    while peer.read_line(&mut line)? > 2 {} // the other headers, up to an empty line
    write!(peer.get_mut(), "HTTP/1.0 200 OK\r\n\r\n{page}")
}

/// Fetches a page as any blocking code does: this is std's stream.
fn get(addr: SocketAddr, path: &str) -> io::Result<String> {
    let mut stream = net::TcpStream::connect(addr)?;
    write!(stream, "GET {path} HTTP/1.0\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer)?;
    let (_, page) = answer.split_once("\r\n\r\n").ok_or(io::ErrorKind::InvalidData)?;
    Ok(page.into())
}

fn main() -> io::Result<()> {
    osier::run(|| {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let addr = listener.local_addr()?;
        Builder::new().daemon(true).spawn(move || {
            for peer in listener.incoming().flatten() {
                osier::spawn(move || serve(peer));
            }
        })?;

        let pool = ThreadPoolExecutor::builder().max_workers(4).name("crawler").build();
        let (sender, pages) = thread::unbounded();
        for path in ["/300", "/20", "/1", "/4000", "/50"] {
            let sender = sender.clone();
            let page = pool.submit(move || get(addr, path)).expect("it takes calls");
            // Called by the thread that has fetched it, so it is to be `Send`.
            page.add_done_callback(move |page| {
                let page = page.as_ref().expect("no panic").as_ref();
                let bytes = page.map_or(0, String::len);
                sender.send((bytes, path)).expect("main receives");
            });
        }
        drop(sender); // the last one is that of the last callback
        let mut pages: Vec<_> = pages.iter().collect(); // parks, and the site goes on
        pool.shutdown();
        pages.sort(); // they came in any order
        pages.iter().for_each(|(bytes, path)| println!("{bytes:>4} bytes of {path}"));
        Ok(())
    })
}
