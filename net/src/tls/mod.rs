//! TLS over green streams, by rustls.
//!
//! [`TlsConnector`] and [`TlsAcceptor`] hold a configuration and do the handshake; a [`TlsStream`]
//! then reads and writes like the stream under it. Whatever waits there waits here: tasks switch,
//! and the time limits are those of the stream below.
//!
//! The cryptography is ring's and the roots are Mozilla's (the crate webpki-roots), unless a
//! configuration says otherwise: [`with_config`](TlsConnector::with_config) takes any that rustls
//! can express, with any provider. A configuration made here names its provider, so it works in a
//! program that links several of them or has installed none.
//!
//! ```no_run
//! use std::io::{Read, Write};
//! use osier::net::TcpStream;
//! use osier::net::tls::TlsConnector;
//!
//! let tcp = TcpStream::connect("example.org:443")?;
//! let mut stream = TlsConnector::new().connect("example.org", tcp)?;
//! stream.write_all(b"GET / HTTP/1.1\r\nHost: example.org\r\nConnection: close\r\n\r\n")?;
//! let mut page = String::new();
//! stream.read_to_string(&mut page)?;
//! # Ok::<(), std::io::Error>(())
//! ```

mod acceptor;
mod connector;
mod provider;
mod stream;

pub use rustls;

pub use self::acceptor::TlsAcceptor;
pub use self::connector::TlsConnector;
pub use self::stream::TlsStream;
