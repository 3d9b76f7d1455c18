//! Pipes, as in [`std::io::pipe`]: bytes from one end to the other.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::time::Instant;

use rustix::fs::{OFlags, fcntl_getfl, fcntl_setfl};
use rustix::io::{read, readv, write, writev};
use rustix::pipe::{PipeFlags, pipe_with};

use super::{Got, Source};

/// Makes a pipe: what is written to the second is read from the first.
///
/// Both ends are closed in programs that are started, unless they are handed over as
/// [`OwnedFd`]s.
///
/// # Errors
/// The system's, when there are no descriptors left.
///
/// # Blocking
/// Never switches tasks.
///
/// ```
/// use std::io::{Read, Write};
///
/// osier::run(|| {
///     let (mut reader, mut writer) = osier::io::pipe()?;
///     osier::spawn(move || writer.write_all(&[7; 1_000_000])); // more than fits in
///     let mut all = Vec::new();
///     reader.read_to_end(&mut all)?;
///     assert_eq!(all.len(), 1_000_000);
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub fn pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = pipe_with(PipeFlags::CLOEXEC | PipeFlags::NONBLOCK)?;
    Ok((PipeReader { source: Source::new(reader) }, PipeWriter { source: Source::new(writer) }))
}

/// The end of a pipe that is read from.
///
/// One task at a time: a second one that would have to wait gets [`ResourceBusy`](io::ErrorKind::ResourceBusy).
/// When all writers are gone, and what they wrote is read, a read gives 0 bytes.
///
/// ```
/// use std::io::Read;
///
/// let (mut reader, writer) = osier::io::pipe()?;
/// drop(writer);
/// assert_eq!(reader.read(&mut [0; 8])?, 0);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct PipeReader {
    source: Source<OwnedFd>,
}

/// The end of a pipe that is written to.
///
/// When all readers are gone a write is an error, [`BrokenPipe`](io::ErrorKind::BrokenPipe).
///
/// ```
/// use std::io::{ErrorKind, Write};
///
/// let (reader, mut writer) = osier::io::pipe()?;
/// drop(reader);
/// assert_eq!(writer.write(b"x").unwrap_err().kind(), ErrorKind::BrokenPipe);
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct PipeWriter {
    source: Source<OwnedFd>,
}

/// What both ends have alike.
macro_rules! end {
    ($end:ident) => {
        impl $end {
            /// Another handle of the same end.
            ///
            /// # Errors
            /// The system's, when there are no descriptors left.
            ///
            /// # Blocking
            /// Never switches tasks.
            pub fn try_clone(&self) -> io::Result<$end> {
                self.source.share();
                let copy = Source::new(self.source.get_ref().try_clone()?);
                copy.share();
                Ok($end { source: copy })
            }

            /// The descriptor, in the mode in which a read or write stops the thread, for a program that is started, say.
            ///
            /// The mode is all copies' of this end.
            ///
            /// # Errors
            /// The system's.
            ///
            /// # Blocking
            /// Never switches tasks.
            pub fn into_blocking(self) -> io::Result<OwnedFd> {
                let fd = self.source.into_inner();
                fcntl_setfl(&fd, fcntl_getfl(&fd)? - OFlags::NONBLOCK)?;
                Ok(fd)
            }
        }

        /// Any descriptor that the reactor knows how to wait for: pipes, terminals, some devices.
        impl TryFrom<OwnedFd> for $end {
            type Error = io::Error;

            fn try_from(fd: OwnedFd) -> io::Result<$end> {
                fcntl_setfl(&fd, fcntl_getfl(&fd)? | OFlags::NONBLOCK)?;
                let source = Source::new(fd);
                source.share();
                Ok($end { source })
            }
        }

        impl From<$end> for OwnedFd {
            fn from(end: $end) -> OwnedFd {
                end.source.into_inner()
            }
        }

        impl AsFd for $end {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.source.get_ref().as_fd()
            }
        }

        impl AsRawFd for $end {
            fn as_raw_fd(&self) -> RawFd {
                self.source.get_ref().as_raw_fd()
            }
        }
    };
}

end!(PipeReader);
end!(PipeWriter);

/// Calls that have brought what they could; more may be there.
fn got<T>(value: T) -> Got<T> {
    Got { value, drained: false }
}

impl PipeReader {
    /// Reads what there is, and waits for that until then at most.
    ///
    /// # Errors
    /// The system's; [`TimedOut`](io::ErrorKind::TimedOut); [`ResourceBusy`](io::ErrorKind::ResourceBusy) while another task waits to read.
    ///
    /// # Blocking
    /// Switches tasks, unless there is something.
    pub fn read_deadline(&self, buf: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        self.source.read(deadline, |fd| Ok(got(read(fd, &mut *buf)?)))
    }
}

impl PipeWriter {
    /// Writes what there is room for, and waits for that until then at most.
    ///
    /// # Errors
    /// The system's; [`TimedOut`](io::ErrorKind::TimedOut); [`ResourceBusy`](io::ErrorKind::ResourceBusy) while another task waits to write.
    ///
    /// # Blocking
    /// Switches tasks, unless there is room.
    pub fn write_deadline(&self, buf: &[u8], deadline: Option<Instant>) -> io::Result<usize> {
        self.source.write(deadline, |fd| Ok(got(write(fd, buf)?)))
    }
}

impl Read for &PipeReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.read_deadline(buf, None)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.source.read(None, |fd| Ok(got(readv(fd, bufs)?)))
    }
}

impl Read for PipeReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    fn read_vectored(&mut self, bufs: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        (&*self).read_vectored(bufs)
    }
}

impl Write for &PipeWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_deadline(buf, None)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        self.source.write(None, |fd| Ok(got(writev(fd, bufs)?)))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for PipeWriter {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn write_vectored(&mut self, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
        (&*self).write_vectored(bufs)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
