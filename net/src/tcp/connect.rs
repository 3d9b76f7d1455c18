//! Making a connection.

use std::io;
use std::net::{self, SocketAddr};
use std::time::Instant;

use osier_runtime::io::{Got, Source};
use rustix::io::Errno;

use super::call::{self, Connection};
use super::stream::TcpStream;
use crate::socket::Socket;

/// Connects to one address; `TimedOut` when the deadline comes first.
pub(super) fn connect(addr: &SocketAddr, deadline: Option<Instant>) -> io::Result<TcpStream> {
    let socket = call::open(addr)?;
    // Before anything watches the socket: an unconnected one counts as hung up and writable.
    let connection = call::connect(&socket, addr)?;
    let source = Source::new(net::TcpStream::from(socket));
    if connection == Connection::UnderWay {
        wait(&source, addr, deadline)?;
    }
    refuse_self(source.get_ref(), addr)?;
    Ok(TcpStream { socket: Socket::from_source(source, true) })
}

/// Asks, and waits for writability, until the connection is made.
///
/// On loopback the handshake has run by the time the first call returns "under way", so the first
/// question is already answered: asking before waiting saves the wait.
fn wait(
    source: &Source<net::TcpStream>,
    addr: &SocketAddr,
    deadline: Option<Instant>,
) -> io::Result<()> {
    let outcome = source.write(deadline, |socket| {
        // Errors are values here: an errno like EAGAIN is the end of this connection, and
        // must not read as "wait and call again".
        let value = match call::connect(socket, addr) {
            Ok(Connection::UnderWay) => return Err(io::ErrorKind::WouldBlock.into()),
            Ok(Connection::Made) => Ok(()),
            Err(e) => Err(e),
        };
        Ok(Got { value, drained: false })
    });
    match outcome {
        Err(e) if e.kind() == io::ErrorKind::TimedOut => {
            Err(io::Error::new(io::ErrorKind::TimedOut, "connection timed out"))
        }
        other => Ok(other??),
    }
}

/// Turns a socket that has been connected to itself into "connection refused".
///
/// When nobody listens on a local port of the ephemeral range, the kernel may choose just that
/// port for our end, and TCP's simultaneous open then succeeds: the caller would read back what
/// it wrote. Ports below 1024 are never chosen so, and are not asked about.
fn refuse_self(socket: &net::TcpStream, peer: &SocketAddr) -> io::Result<()> {
    if peer.port() < 1024 {
        return Ok(());
    }
    let local = socket.local_addr()?;
    if local.port() == peer.port() && local.ip() == peer.ip() {
        return Err(Errno::CONNREFUSED.into());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_socket_connected_to_itself_is_refused() {
        let any = "127.0.0.1:0".parse().unwrap();
        let socket = call::open(&any).unwrap();
        rustix::net::bind(&socket, &any).unwrap();
        let socket = net::TcpStream::from(socket);
        let own = socket.local_addr().unwrap();
        while call::connect(&socket, &own).unwrap() == Connection::UnderWay {}
        assert_eq!(socket.peer_addr().unwrap(), own, "the kernel does connect it to itself");
        let error = refuse_self(&socket, &own).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionRefused);
    }

    #[test]
    fn asking_again_reports_the_refusal() {
        let any = "127.0.0.1:0".parse().unwrap();
        let held = call::open(&any).unwrap();
        rustix::net::bind(&held, &any).unwrap();
        let held = net::TcpListener::from(held);
        let error = connect(&held.local_addr().unwrap(), None).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(Errno::CONNREFUSED.raw_os_error()));
    }
}
