//! Data in and out of a stream: `Read`, `Write`, `peek`.
//!
//! The hot path of the package. A request that is answered costs one `recv` and one `send`: the
//! call is tried before anything waits, and a short `recv` says that the next one would block.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net;
use std::time::Instant;

use osier_runtime::io::Got;

use super::call;
use super::stream::TcpStream;

impl TcpStream {
    /// Receives data without taking it: the next read gets it again.
    ///
    /// ```
    /// use std::io::{Read, Write};
    /// use osier::net::{TcpListener, TcpStream};
    ///
    /// let listener = TcpListener::bind("127.0.0.1:0")?;
    /// let mut stream = TcpStream::connect(listener.local_addr()?)?;
    /// listener.accept()?.0.write_all(b"abc")?;
    ///
    /// let mut first = [0; 1];
    /// stream.peek(&mut first)?;
    /// let mut all = String::new();
    /// stream.read_to_string(&mut all)?;
    /// assert_eq!((&first, all.as_str()), (b"a", "abc"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As reading: [`TimedOut`](io::ErrorKind::TimedOut) when the read limit is reached,
    /// [`ResourceBusy`](io::ErrorKind::ResourceBusy) while another task reads.
    ///
    /// # Blocking
    ///
    /// Waits for data, as a read does.
    pub fn peek(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.reading(|socket| Ok(Got { value: call::peek(socket, buf)?, drained: false }))
    }

    /// Whether the connection stands and has nothing to read: what an idle one should be.
    ///
    /// One system call that never waits, whoever else uses the stream.
    #[cfg(feature = "http")]
    pub(crate) fn is_quiet(&self) -> bool {
        let seen = call::peek(self.socket(), &mut [0]);
        matches!(seen, Err(e) if e.kind() == io::ErrorKind::WouldBlock)
    }

    fn recv(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.reading(|socket| {
            let value = call::recv(socket, buf)?;
            Ok(Got { value, drained: self.inet && 0 < value && value < buf.len() })
        })
    }

    fn recv_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Ok(0);
        }
        self.reading(|socket| Ok(Got { value: call::recv_vectored(socket, bufs)?, drained: false }))
    }

    fn send(&self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.writing(self.limits.write.deadline(), |socket| call::send(socket, buf))
    }

    /// All of `buf` or an error, with one deadline for the whole.
    ///
    /// So a peer that takes a byte now and then cannot hold the caller for ever, and it is what a
    /// blocking `send` does with SO_SNDTIMEO. The first call is made in any case.
    fn send_all(&self, mut buf: &[u8]) -> io::Result<()> {
        let deadline = self.limits.write.deadline();
        while !buf.is_empty() {
            match self.writing(deadline, |socket| call::send(socket, buf))? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => buf = &buf[n..],
            }
        }
        Ok(())
    }

    fn send_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Ok(0);
        }
        self.writing(self.limits.write.deadline(), |socket| call::send_vectored(socket, bufs))
    }

    /// Makes a reading call, and waits for data where this handle's mode says so.
    #[inline]
    fn reading<R>(
        &self,
        mut call: impl FnMut(&net::TcpStream) -> io::Result<Got<R>>,
    ) -> io::Result<R> {
        if self.limits.nonblocking() {
            return Ok(call(self.socket())?.value);
        }
        self.source.read(self.limits.read.deadline(), call)
    }

    /// Makes a writing call, and waits for room where this handle's mode says so.
    #[inline]
    fn writing(
        &self,
        deadline: Option<Instant>,
        mut call: impl FnMut(&net::TcpStream) -> io::Result<usize>,
    ) -> io::Result<usize> {
        if self.limits.nonblocking() {
            return call(self.socket());
        }
        self.source.write(deadline, |socket| Ok(Got { value: call(socket)?, drained: false }))
    }
}

/// What can be done with the stream and with a reference to it.
macro_rules! data {
    ($type:ty) => {
        /// Reads wait for data, and return what there is.
        impl Read for $type {
            #[inline]
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                self.recv(buf)
            }

            fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.recv_vectored(bufs)
            }
        }

        /// Writes wait for room, and send what fits; `write_all` sends all, within one write limit.
        impl Write for $type {
            #[inline]
            fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
                self.send(buf)
            }

            fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
                self.send_vectored(bufs)
            }

            fn write_all(&mut self, buf: &[u8]) -> io::Result<()> {
                self.send_all(buf)
            }

            /// Does nothing: what was written is the kernel's already.
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
    };
}
data!(TcpStream);
data!(&TcpStream);
