//! A server with a limit, handlers that may fail, and an end in order.
//!
//! In Python: `gevent.server.StreamServer(address, handle, spawn=2)`, with `start` and `stop(timeout)`.

use std::io::{self, BufRead, BufReader, Write};
use std::net::SocketAddr;
use std::time::Duration;

use osier::join_all;
use osier::net::server::StreamServer;
use osier::net::{TcpListener, TcpStream};

/// Answers line by line.
fn serve(stream: TcpStream, _peer: SocketAddr) -> io::Result<()> {
    let mut answers = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        let line = line?;
        if line == "fail" {
            return Err(io::Error::other("as it was asked to")); // ends this connection, and is logged
        }
        osier::sleep(Duration::from_millis(50)); // it takes its time
        writeln!(answers, "{}", line.to_uppercase())?;
    }
    Ok(())
}

fn ask(addr: SocketAddr, question: &str) -> io::Result<Option<String>> {
    let mut stream = TcpStream::connect(addr)?;
    writeln!(stream, "{question}")?;
    BufReader::new(stream).lines().next().transpose()
}

fn main() -> io::Result<()> {
    osier::run(|| {
        let server = StreamServer::new(TcpListener::bind("127.0.0.1:0")?, serve).limit(2);
        server.start()?;
        let addr = server.addrs()[0];

        let began = osier::clock::now();
        let ask_one = |word: &'static str| osier::spawn(move || ask(addr, word));
        for answer in join_all(["one", "two", "three", "four"].map(ask_one)) {
            println!("{:?}", answer.expect("no panic")?);
        }
        // Two at once: four take as long as two one after the other.
        println!("at least twice 50 ms: {}", began.elapsed() >= Duration::from_millis(100));

        println!("who asks it to fail: {:?}", ask(addr, "fail")?);
        println!("and the next one: {:?}", ask(addr, "five")?);

        server.stop_accepting();
        let waits = osier::spawn(move || ask(addr, "six"));
        osier::sleep(Duration::from_millis(20));
        println!("answered while it does not accept: {}", waits.is_finished());
        server.start()?;
        println!("and then: {:?}", waits.join().expect("no panic")?);

        println!("ended in order: {}", server.stop(Duration::from_secs(1)));
        println!("a late one: {}", ask(addr, "seven").unwrap_err().kind());
        Ok(())
    })
}
