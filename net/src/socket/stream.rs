//! Data in and out of a connection: what `Read`, `Write` and `peek` of a public type do.
//!
//! The hot path of the package. A request that is answered costs one `recv` and one `send`: the
//! call is tried before anything waits, and a short `recv` says that the next one would block.

use std::io::{self, IoSlice, IoSliceMut};
use std::os::fd::AsFd;

use osier_runtime::io::Got;

use super::call;
use super::handle::Socket;

impl<T: AsFd> Socket<T> {
    #[inline]
    pub(crate) fn read(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.reading(|socket| {
            let value = call::recv(socket, buf)?;
            Ok(Got { value, drained: self.inet && 0 < value && value < buf.len() })
        })
    }

    pub(crate) fn read_vectored(&self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Ok(0);
        }
        self.taking(|socket| call::recv_vectored(socket, bufs))
    }

    pub(crate) fn peek_some(&self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.taking(|socket| call::peek(socket, buf))
    }

    #[inline]
    pub(crate) fn write(&self, buf: &[u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        self.writing(self.limits.write.deadline(), |socket| call::send(socket, buf))
    }

    /// All of `buf` or an error, with one deadline for the whole.
    ///
    /// So a peer that takes a byte now and then cannot hold the caller for ever, and it is what a
    /// blocking `send` does with SO_SNDTIMEO. The first call is made in any case.
    pub(crate) fn write_all(&self, mut buf: &[u8]) -> io::Result<()> {
        let deadline = self.limits.write.deadline();
        while !buf.is_empty() {
            match self.writing(deadline, |socket| call::send(socket, buf))? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                n => buf = &buf[n..],
            }
        }
        Ok(())
    }

    pub(crate) fn write_vectored(&self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        if bufs.iter().all(|buf| buf.is_empty()) {
            return Ok(0);
        }
        self.writing(self.limits.write.deadline(), |socket| call::send_vectored(socket, bufs))
    }
}

/// `Read` and `Write` of a public type with a field `socket`, and of a reference to it.
macro_rules! byte_stream {
    ($type:ident) => {
        $crate::socket::byte_stream!(@data $type);
        $crate::socket::byte_stream!(@data &$type);
    };
    (@data $type:ty) => {
        /// Reads wait for data, and return what there is.
        impl std::io::Read for $type {
            #[inline]
            fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
                self.socket.read(buf)
            }

            fn read_vectored(
                &mut self,
                bufs: &mut [std::io::IoSliceMut<'_>],
            ) -> std::io::Result<usize> {
                self.socket.read_vectored(bufs)
            }
        }

        /// Writes wait for room, and send what fits; `write_all` sends all, within one write limit.
        impl std::io::Write for $type {
            #[inline]
            fn write(&mut self, buf: &[u8]) -> std::io::Result<usize> {
                self.socket.write(buf)
            }

            fn write_vectored(&mut self, bufs: &[std::io::IoSlice<'_>]) -> std::io::Result<usize> {
                self.socket.write_vectored(bufs)
            }

            fn write_all(&mut self, buf: &[u8]) -> std::io::Result<()> {
                self.socket.write_all(buf)
            }

            /// Does nothing: what was written is the kernel's already.
            fn flush(&mut self) -> std::io::Result<()> {
                Ok(())
            }
        }
    };
}
pub(crate) use byte_stream;
