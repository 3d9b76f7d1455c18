//! What takes its time: pages of our own, and a proxy in front of what is too fast.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use super::{Server, Trouble};

/// Serves pages, at every address of this machine: each says which one it is, after that long.
pub fn pages(wait: Duration) -> Result<Server, Trouble> {
    let port = each((Ipv4Addr::UNSPECIFIED, 0).into(), move |stream| page(stream, wait))?.port();
    Ok(Server { addr: (Ipv4Addr::LOCALHOST, port).into(), daemon: None })
}

fn page(mut stream: TcpStream, wait: Duration) -> io::Result<()> {
    let mut lines = BufReader::new(stream.try_clone()?).lines();
    let first = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    // Up to the empty line that ends the head.
    while lines.next().transpose()?.is_some_and(|line| !line.is_empty()) {}
    let path = first.split(' ').nth(1).unwrap_or_default();
    thread::sleep(wait);
    let length = path.len();
    write!(stream, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{path}")
}

/// Serves what is served there; the first piece that comes on a connection waits that long.
pub(super) fn proxy(behind: SocketAddr, wait: Duration) -> io::Result<SocketAddr> {
    each((Ipv4Addr::LOCALHOST, 0).into(), move |client| {
        let server = TcpStream::connect(behind)?;
        let (from, to) = (server.try_clone()?, client.try_clone()?);
        thread::spawn(move || hand_on(from, to, Duration::ZERO));
        hand_on(client, server, wait)
    })
}

fn hand_on(mut from: TcpStream, mut to: TcpStream, wait: Duration) -> io::Result<()> {
    let mut piece = [0; 4096];
    let length = from.read(&mut piece)?;
    thread::sleep(wait);
    to.write_all(&piece[..length])?;
    io::copy(&mut from, &mut to)?;
    to.shutdown(Shutdown::Write)
}

/// Serves each connection on a thread of its own, as long as this process lives; gives the address.
pub(super) fn each(
    addr: SocketAddr,
    serve: impl Fn(TcpStream) -> io::Result<()> + Clone + Send + 'static,
) -> io::Result<SocketAddr> {
    let listener = TcpListener::bind(addr)?;
    let addr = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let serve = serve.clone();
            thread::spawn(move || serve(stream));
        }
    });
    Ok(addr)
}
