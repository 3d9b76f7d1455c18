//! A TLS connection as a stream.

use std::fmt;
use std::io::{self, IoSlice, Read, Write};

use rustls::Connection;

use crate::tcp::TcpStream;

/// A TLS connection over a stream, past its handshake.
///
/// Reads return 0 where the other end has said that it is done; where the connection merely broke
/// off, they fail with [`UnexpectedEof`](io::ErrorKind::UnexpectedEof), because somebody in between
/// may have cut it. So end a connection with [`shutdown`](Self::shutdown): dropping the stream only
/// closes it (a drop must not wait), and that is what breaking off looks like from the other side.
///
/// A read may have to write and a write to read, so there is no `&TlsStream: Read`: two tasks that
/// use one connection need a mutex around it, or one task that owns it.
///
/// ```no_run
/// use std::io::{Read, Write};
/// use std::time::Duration;
/// use osier::net::TcpStream;
/// use osier::net::tls::TlsConnector;
///
/// let tcp = TcpStream::connect("example.org:443")?;
/// tcp.set_read_timeout(Some(Duration::from_secs(10)))?;
/// let mut stream = TlsConnector::new().connect("example.org", tcp)?;
/// stream.write_all(b"ping")?;
/// stream.shutdown()?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct TlsStream<S = TcpStream> {
    /// Past its handshake; what it wants to send is gone after each call that succeeds.
    connection: Connection,
    stream: S,
}

impl<S> TlsStream<S> {
    /// The stream below.
    ///
    /// Its time limits are this stream's; data read from it or written to it are missed by TLS.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream below, to change.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// What was agreed in the handshake.
    ///
    /// Protocol, cipher, ALPN, the other end's certificates.
    ///
    /// # Blocking
    ///
    /// Never switches tasks.
    pub fn connection(&self) -> &Connection {
        &self.connection
    }
}

impl<S: Read + Write> TlsStream<S> {
    /// Runs the handshake to its end.
    pub(super) fn handshake(connection: Connection, stream: S) -> io::Result<Self> {
        let mut tls = TlsStream { connection, stream };
        while tls.connection.is_handshaking() {
            tls.exchange()?;
        }
        tls.send()?;
        Ok(tls)
    }

    /// Tells the other end that nothing more will be written.
    ///
    /// Sends what is pending. Reading goes on until the other end says the same. The stream below stays open.
    ///
    /// # Errors
    ///
    /// Those of writing to the stream.
    ///
    /// # Blocking
    ///
    /// Waits where writing waits.
    pub fn shutdown(&mut self) -> io::Result<()> {
        self.connection.send_close_notify();
        self.flush()
    }

    /// Moves records in whichever direction TLS wants next.
    fn exchange(&mut self) -> io::Result<()> {
        self.connection.complete_io(&mut self.stream)?;
        Ok(())
    }

    /// Sends every record that waits to be.
    fn send(&mut self) -> io::Result<()> {
        while self.connection.wants_write() {
            if self.connection.write_tls(&mut self.stream)? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        self.stream.flush()
    }

    /// Sends what was accepted just now; an error is kept for the next call.
    ///
    /// The caller has been told that its bytes are taken, and an error would say they are not.
    /// They wait in the connection, so the next write, flush or read meets the same error.
    fn send_accepted(&mut self) {
        let _ = self.send();
    }
}

impl<S: Read + Write> Read for TlsStream<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            match self.connection.reader().read(buf) {
                // No decrypted data yet, and more may come.
                Err(e) if e.kind() == io::ErrorKind::WouldBlock => self.exchange()?,
                end => return end,
            }
        }
    }
}

impl<S: Read + Write> Write for TlsStream<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.send()?;
        let taken = self.connection.writer().write(buf)?;
        self.send_accepted();
        Ok(taken)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.send()?;
        let taken = self.connection.writer().write_vectored(bufs)?;
        self.send_accepted();
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.connection.writer().flush()?;
        self.send()
    }
}

impl<S: fmt::Debug> fmt::Debug for TlsStream<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsStream")
            .field("stream", &self.stream)
            .field("protocol", &self.connection.protocol_version())
            .finish_non_exhaustive()
    }
}

/// As the stream below: may go to any thread.
const _: () = {
    const fn shared<T: Send + Sync>() {}
    shared::<TlsStream>();
};
