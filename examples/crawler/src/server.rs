//! A small HTTP server for the demo site: one green thread a connection.
//!
//! It serves what the demo needs (GET and HEAD, kept-alive connections) and counts what it sees, so
//! that a crawler's report can be held against it.

use std::cell::Cell;
use std::io::{self, ErrorKind, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use osier::net::{TcpListener, TcpStream};

use crate::progress;
use crate::request::{Malformed, Request};
use crate::site::Site;

/// How long a connection may stand idle.
const IDLE: Duration = Duration::from_secs(60);

/// How often to look for a port that is free on all hosts.
const ATTEMPTS: u32 = 20;

/// How long to wait for a descriptor to become free.
const PAUSE: Duration = Duration::from_millis(50);

/// A running server; its tasks are daemons, which end with the program.
#[derive(Debug)]
pub struct Server {
    /// Where it listens, one address a host.
    addresses: Vec<SocketAddr>,
    /// What it has seen so far.
    counters: Rc<Counters>,
}

/// What a server has seen.
#[derive(Debug, Default)]
pub struct Counters {
    /// Requests read.
    requests: Cell<u64>,
    /// Connections open now.
    connections: Cell<usize>,
    /// The most that were open at once.
    most_connections: Cell<usize>,
}

impl Counters {
    /// How many requests were read.
    pub fn requests(&self) -> u64 {
        self.requests.get()
    }

    /// How many connections were open at once, at most.
    pub fn most_connections(&self) -> usize {
        self.most_connections.get()
    }
}

impl Server {
    /// Serves a site, with a delay before each answer.
    ///
    /// # Errors
    ///
    /// When the address cannot be had.
    ///
    /// # Blocking
    ///
    /// Switches tasks if the address is a name.
    pub fn start(address: &str, site: Site, delay: Duration) -> io::Result<Self> {
        Server::over(vec![bind(address)?], site, delay)
    }

    /// Serves a site spread over so many hosts: 127.0.0.1 and those behind it, on one port.
    ///
    /// # Errors
    ///
    /// When there are no such addresses.
    pub fn start_on(hosts: usize, pages: usize, delay: Duration) -> io::Result<Self> {
        let mut attempts = ATTEMPTS;
        let listeners = loop {
            match neighbours(hosts) {
                // Somebody else has the port on one of them.
                Err(e) if e.kind() == ErrorKind::AddrInUse && attempts > 0 => attempts -= 1,
                listeners => break listeners?,
            }
        };
        let addresses: io::Result<Vec<_>> = listeners.iter().map(TcpListener::local_addr).collect();
        let origins = addresses?.iter().map(origin).collect();
        Server::over(listeners, Site::spread(pages, origins), delay)
    }

    fn over(listeners: Vec<TcpListener>, site: Site, delay: Duration) -> io::Result<Self> {
        let counters = Rc::new(Counters::default());
        let mut addresses = Vec::new();
        for listener in listeners {
            addresses.push(listener.local_addr()?);
            let (site, counters) = (site.clone(), Rc::clone(&counters));
            let accept = move || accept_all(&listener, &site, delay, &counters);
            osier::Builder::new().name("accept").daemon(true).spawn(accept)?;
        }
        Ok(Server { addresses, counters })
    }

    /// Where it listens.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What the URLs of its hosts begin with.
    pub fn origins(&self) -> impl Iterator<Item = String> + '_ {
        self.addresses.iter().map(origin)
    }

    /// What it has seen so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }
}

fn origin(address: &SocketAddr) -> String {
    format!("http://{address}")
}

fn bind(address: &str) -> io::Result<TcpListener> {
    TcpListener::bind(address)
        .map_err(|e| io::Error::new(e.kind(), format!("cannot serve on {address}: {e}")))
}

fn neighbours(hosts: usize) -> io::Result<Vec<TcpListener>> {
    let first = bind("127.0.0.1:0")?;
    let port = first.local_addr()?.port();
    let others = (2..=hosts).map(|n| bind(&format!("127.0.{}.{}:{port}", n / 256, n % 256)));
    std::iter::once(Ok(first)).chain(others).collect()
}

fn accept_all(listener: &TcpListener, site: &Site, delay: Duration, counters: &Rc<Counters>) {
    loop {
        let Ok((stream, _)) = listener.accept() else {
            // The client has gone already, or there is no descriptor left: one may become free.
            osier::sleep(PAUSE);
            continue;
        };
        let (site, open) = (site.clone(), Open::new(counters));
        let serve = move || {
            // A client that breaks off is the client's business.
            let _ = Connection { stream, site, delay, open }.serve();
        };
        if let Err(error) = osier::Builder::new().daemon(true).spawn(serve) {
            progress::print(&format!("no green thread for a connection: {error}\n"));
        }
    }
}

/// One client, from its first request to its last.
struct Connection {
    stream: TcpStream,
    site: Site,
    delay: Duration,
    open: Open,
}

impl Connection {
    fn serve(mut self) -> io::Result<()> {
        self.stream.set_nodelay(true)?;
        self.stream.set_read_timeout(Some(IDLE))?;
        let mut bytes = Vec::new();
        while let Some(request) = self.request(&mut bytes)? {
            self.open.count_request();
            osier::sleep(self.delay);
            self.stream.write_all(&self.answer(&request))?;
            if !request.keep_alive {
                break;
            }
        }
        Ok(())
    }

    /// The next request; `bytes` holds what has arrived of it and of those after it.
    fn request(&mut self, bytes: &mut Vec<u8>) -> io::Result<Option<Request>> {
        loop {
            match Request::parse(bytes) {
                Ok(Some(request)) => {
                    bytes.drain(..request.length);
                    return Ok(Some(request));
                }
                Ok(None) => {}
                Err(Malformed) => {
                    self.stream.write_all(&answer("400 Bad Request", "no", false, true))?;
                    return Ok(None);
                }
            }
            let mut piece = [0; 2048];
            match self.stream.read(&mut piece) {
                Ok(0) => return Ok(None),
                Ok(n) => bytes.extend_from_slice(&piece[..n]),
                Err(e) if e.kind() == ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
    }

    fn answer(&self, request: &Request) -> Vec<u8> {
        let keep_alive = request.keep_alive;
        let with_body = match request.method.as_str() {
            "GET" => true,
            "HEAD" => false,
            _ => return answer("405 Method Not Allowed", "GET or HEAD", keep_alive, true),
        };
        match self.site.page(&request.path) {
            Some(page) => answer("200 OK", &page, keep_alive, with_body),
            None => answer("404 Not Found", "<p>There is no such page", keep_alive, with_body),
        }
    }
}

fn answer(status: &str, body: &str, keep_alive: bool, with_body: bool) -> Vec<u8> {
    let connection = if keep_alive { "keep-alive" } else { "close" };
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: text/html; charset=utf-8\r\n\
         Content-Length: {}\r\nConnection: {connection}\r\n\r\n",
        body.len()
    );
    [head.as_str(), if with_body { body } else { "" }].concat().into_bytes()
}

/// One connection, counted while it lives.
struct Open(Rc<Counters>);

impl Open {
    fn new(counters: &Rc<Counters>) -> Self {
        let now = counters.connections.get() + 1;
        counters.connections.set(now);
        counters.most_connections.set(now.max(counters.most_connections.get()));
        Open(Rc::clone(counters))
    }

    fn count_request(&self) {
        self.0.requests.set(self.0.requests.get() + 1);
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.0.connections.set(self.0.connections.get() - 1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends bytes to a server of ten pages; gives the statuses of its answers, and the server.
    fn talk(bytes: &str) -> (Vec<String>, Server) {
        let server = Server::start("127.0.0.1:0", Site::new(10), Duration::ZERO).unwrap();
        let mut stream = TcpStream::connect(server.addresses()[0]).unwrap();
        stream.write_all(bytes.as_bytes()).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        let lines = text.lines().filter_map(|line| line.split("HTTP/1.1 ").nth(1));
        (lines.map(str::to_owned).collect(), server)
    }

    #[test]
    fn requests_of_one_connection_are_answered_in_turn() {
        osier::run(|| {
            let heads = ["GET / HTTP/1.1", "HEAD /section/1/ HTTP/1.1", "GET /none HTTP/1.1"];
            let bytes = heads.map(|head| format!("{head}\r\nHost: h\r\n\r\n")).concat();
            let (statuses, server) = talk(&bytes);
            assert_eq!(statuses, ["200 OK", "200 OK", "404 Not Found"]);
            assert_eq!(server.counters().requests(), 3);
            assert_eq!(server.counters().most_connections(), 1);
        });
    }

    #[test]
    fn a_connection_ends_when_the_client_wants_it_to() {
        osier::run(|| {
            let (statuses, server) =
                talk("GET / HTTP/1.1\r\nConnection: close\r\n\r\nGET / HTTP/1.1\r\n\r\n");
            assert_eq!(statuses, ["200 OK"]);
            assert_eq!(server.counters().requests(), 1);
        });
    }

    #[test]
    fn what_it_does_not_serve_is_refused() {
        osier::run(|| {
            assert_eq!(talk("DELETE / HTTP/1.1\r\n\r\n").0, ["405 Method Not Allowed"]);
            assert_eq!(talk("how do you do\r\n\r\nGET /").0, ["400 Bad Request"]);
            assert_eq!(talk("GET / HTTP").0, [""; 0]);
        });
    }
}
