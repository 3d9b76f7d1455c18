//! Connections as an iterator.

use super::listener::TcpListener;
use super::stream::TcpStream;
use crate::socket::incoming;

/// Iterates over the connections of a listener.
///
/// Made by [`TcpListener::incoming`]; never ends, and each step waits for a connection.
///
/// ```
/// use std::io::Write;
/// use osier::net::{TcpListener, TcpStream};
///
/// osier::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0")?;
///     let addr = listener.local_addr()?;
///     let client = osier::spawn(move || TcpStream::connect(addr).map(drop));
///     for stream in listener.incoming().take(1) {
///         stream?.write_all(b"hello")?;
///     }
///     client.join().unwrap()
/// })?;
/// # std::io::Result::Ok(())
/// ```
///
/// # Blocking
///
/// Each step switches tasks, unless a connection is there.
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

/// Iterates over the connections of a listener that it owns.
///
/// Made by [`TcpListener::into_incoming`]; never ends, and each step waits for a connection.
///
/// ```
/// use osier::net::{TcpListener, TcpStream};
///
/// osier::run(|| {
///     let listener = TcpListener::bind("127.0.0.1:0")?;
///     let addr = listener.local_addr()?;
///     let mut connections = listener.into_incoming();
///     let server = osier::spawn(move || connections.next().unwrap()?.local_addr());
///     let client = TcpStream::connect(addr)?;
///     assert_eq!(server.join().unwrap()?, client.peer_addr()?);
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
///
/// # Blocking
///
/// Each step switches tasks, unless a connection is there.
#[derive(Debug)]
pub struct IntoIncoming {
    listener: TcpListener,
}

impl<'a> Incoming<'a> {
    pub(super) fn new(listener: &'a TcpListener) -> Self {
        Incoming { listener }
    }
}

impl IntoIncoming {
    pub(super) fn new(listener: TcpListener) -> Self {
        IntoIncoming { listener }
    }
}

incoming!(Incoming<'_>, TcpStream);
incoming!(IntoIncoming, TcpStream);
