//! A server that breaks the rules on demand; plain threads of the system, no osier in it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How the server behaves on one path.
#[derive(Clone)]
pub(crate) enum Fault {
    /// Sends this, byte for byte, and hangs up.
    Sends(Vec<u8>),
    /// Sends this and then nothing, for ever.
    Stalls(&'static [u8]),
    /// Sends this, and then a byte now and then, for ever.
    Drips(&'static [u8]),
    /// Sends a head and then a body that does not end.
    Floods(&'static str),
    /// Redirects `/path/N` to `/path/N+1`.
    Counts,
}

/// A page of HTML, as servers send it.
pub(crate) fn page(html: &str) -> Fault {
    answer("200 OK", "text/html; charset=utf-8", html.as_bytes())
}

/// A redirect.
pub(crate) fn redirect(status: &str, to: &str) -> Fault {
    let head = format!("HTTP/1.1 {status}\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n");
    Fault::Sends(head.into_bytes())
}

/// Any answer.
pub(crate) fn answer(status: &str, content_type: &str, body: &[u8]) -> Fault {
    let head = format!(
        "HTTP/1.1 {status}\r\nContent-Type: {content_type}\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    Fault::Sends([head.as_bytes(), body].concat())
}

/// A server with a fault for each path; other paths are 404.
pub(crate) struct Faulty {
    address: SocketAddr,
    requests: Arc<Mutex<Vec<String>>>,
}

impl Faulty {
    /// Starts one; paths that end in `*` stand for all that begin so.
    pub(crate) fn start<const N: usize>(faults: [(&'static str, Fault); N]) -> Faulty {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let faults = Arc::new(BTreeMap::from(faults));
        let log = Arc::clone(&requests);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (faults, log) = (Arc::clone(&faults), Arc::clone(&log));
                thread::spawn(move || serve(&stream, &faults, &log));
            }
        });
        Faulty { address, requests }
    }

    /// The URL of a path.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// The paths asked for so far, in order.
    pub(crate) fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How often a path was asked for.
    pub(crate) fn count(&self, path: &str) -> usize {
        self.requests().iter().filter(|p| *p == path).count()
    }
}

fn serve(stream: &TcpStream, faults: &BTreeMap<&str, Fault>, log: &Mutex<Vec<String>>) {
    let mut lines = BufReader::new(stream).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    lines.take_while(|line| !line.is_empty()).for_each(drop);
    let path = first.split(' ').nth(1).unwrap_or_default().to_owned();
    log.lock().unwrap().push(path.clone());
    let wild = |(name, _): &(&&str, &Fault)| {
        name.strip_suffix('*').is_some_and(|start| path.starts_with(start))
    };
    let fault = faults.get(path.as_str()).or_else(|| faults.iter().find(wild).map(|(_, f)| f));
    // The crawler hangs up on most of this.
    let _ = match fault {
        Some(fault) => fault.commit(stream, &path),
        None => {
            answer("404 Not Found", "text/html", b"<a href=/not-followed>").commit(stream, &path)
        }
    };
}

impl Fault {
    fn commit(&self, mut stream: &TcpStream, path: &str) -> std::io::Result<()> {
        match self {
            Fault::Sends(bytes) => {
                stream.write_all(bytes)?;
                stream.shutdown(std::net::Shutdown::Write)
            }
            Fault::Stalls(bytes) => {
                stream.write_all(bytes)?;
                // Ends when the crawler does.
                stream.read(&mut [0]).map(drop)
            }
            Fault::Drips(bytes) => {
                stream.write_all(bytes)?;
                loop {
                    thread::sleep(Duration::from_millis(10));
                    stream.write_all(b"x")?;
                }
            }
            Fault::Floods(head) => {
                stream.write_all(head.as_bytes())?;
                loop {
                    stream.write_all(&[b'x'; 64 * 1024])?;
                }
            }
            Fault::Counts => {
                let (start, number) = path.rsplit_once('/').unwrap();
                let next = format!("{start}/{}", number.parse::<u64>().unwrap() + 1);
                redirect("302 Found", &next).commit(stream, path)
            }
        }
    }
}
