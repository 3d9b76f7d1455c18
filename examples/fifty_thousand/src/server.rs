//! What answers after a while, by several processes.

use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::time::Duration;

use osier::net::TcpStream;
use osier::net::server::Front;
use osier::process::{Crew, Worker, Workers, WorkersError};

const ANSWER: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n";

/// The name of what all workers have in flight together.
const IN_FLIGHT: &str = "in flight";
/// The name of the most that this ever was.
const PEAK: &str = "peak";

/// A server that runs.
#[derive(Debug)]
pub struct Server {
    /// Its workers.
    pub crew: Crew,
    /// Where it listens.
    pub addresses: Vec<SocketAddr>,
}

/// Starts so many processes that listen at so many loopback addresses.
///
/// Several addresses, as a client has 28,000 ports for each, and each worker a queue of 4,096 connections.
///
/// # Errors
///
/// When an address or a process cannot be had.
pub fn start(workers: usize, addresses: usize, delay: Duration) -> Result<Server, WorkersError> {
    let plan = Workers::new().processes(workers).gauge(IN_FLIGHT).gauge(PEAK);
    let listens = |front: Front, n| front.listen(format!("127.0.0.{n}:0"));
    let front = (1..=addresses).try_fold(Front::new().workers(plan), listens)?;
    let addresses = front.addresses();
    let crew = front.start_serving(move |stream, worker| answer(stream, worker, delay))?;
    Ok(Server { crew, addresses })
}

impl Server {
    /// The most requests that were read and not answered at one moment, by all workers together.
    pub fn peak(&self) -> u64 {
        self.crew.common(PEAK)
    }
}

/// One connection: a request, a while, an answer.
fn answer(mut stream: TcpStream, worker: &Worker, delay: Duration) -> io::Result<()> {
    read_head(&mut stream)?;
    let in_flight = worker.common(IN_FLIGHT);
    worker.common(PEAK).raise(in_flight.add(1));
    osier::sleep(delay);
    in_flight.sub(1);
    stream.write_all(ANSWER)
}

/// Reads to the empty line that ends a request's head.
fn read_head(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = [0; 512];
    let mut filled = 0;
    while !head[..filled].ends_with(b"\r\n\r\n") {
        match stream.read(&mut head[filled..])? {
            0 => return Err(io::ErrorKind::UnexpectedEof.into()),
            n => filled += n,
        }
    }
    Ok(())
}
