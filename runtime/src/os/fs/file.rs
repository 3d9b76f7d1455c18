//! An open file.

use std::fs;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use super::call::call;
use super::{FileTimes, Metadata, OpenOptions, Permissions};
use crate::hub::is_in_task;

/// The most that one call moves through a buffer of its own.
const PIECE: usize = 1 << 20;
/// For the kernel: where the last read or write ended.
const HERE: u64 = u64::MAX;

/// An open file, as [`std::fs::File`].
///
/// It is closed when it is dropped and no call on it goes on any more. What its descriptor is
/// need not be a file; for sockets and pipes there are better ways to wait.
///
/// ```
/// use osier::fs::File;
/// use std::io::{Read, Seek, Write};
///
/// let path = std::env::temp_dir().join(format!("osier-doc-file-{}", std::process::id()));
/// osier::run(|| {
///     let mut file = File::options().read(true).write(true).create_new(true).open(&path)?;
///     file.write_all(b"hello")?;
///     file.rewind()?;
///     let mut text = String::new();
///     file.read_to_string(&mut text)?;
///     assert_eq!(text, "hello");
///     osier::fs::remove_file(&path)
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct File {
    /// Shared with calls that go on though nobody waits for them any more.
    inner: Arc<fs::File>,
}

impl File {
    /// Opens a file to be read.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn open(path: impl AsRef<Path>) -> io::Result<File> {
        OpenOptions::new().read(true).open(path)
    }

    /// Opens a file to be written, with nothing in it.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn create(path: impl AsRef<Path>) -> io::Result<File> {
        OpenOptions::new().write(true).create(true).truncate(true).open(path)
    }

    /// Makes a file that was not there, to be read and written.
    ///
    /// # Errors
    /// The system's; [`AlreadyExists`](io::ErrorKind::AlreadyExists).
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn create_new(path: impl AsRef<Path>) -> io::Result<File> {
        OpenOptions::new().read(true).write(true).create_new(true).open(path)
    }

    /// How a file is opened, to be said.
    #[must_use]
    pub fn options() -> OpenOptions {
        OpenOptions::new()
    }

    /// Has the disk take what was written, and all that is known of the file.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn sync_all(&self) -> io::Result<()> {
        self.call(|file| file.sync_all())
    }

    /// Has the disk take what was written.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn sync_data(&self) -> io::Result<()> {
        self.call(|file| file.sync_data())
    }

    /// Cuts it off, or fills it up with zeros, at that many bytes.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn set_len(&self, size: u64) -> io::Result<()> {
        self.call(move |file| file.set_len(size))
    }

    /// Its size, kind, times and so on.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn metadata(&self) -> io::Result<Metadata> {
        self.call(|file| file.metadata())
    }

    /// Changes who may do what.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn set_permissions(&self, permissions: Permissions) -> io::Result<()> {
        self.call(move |file| file.set_permissions(permissions))
    }

    /// Changes its times.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn set_times(&self, times: FileTimes) -> io::Result<()> {
        self.call(move |file| file.set_times(times))
    }

    /// Changes when it was last written.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn set_modified(&self, time: SystemTime) -> io::Result<()> {
        self.set_times(FileTimes::new().set_modified(time))
    }

    /// Another handle of it: the two share the place where the next read or write begins.
    ///
    /// # Errors
    /// The system's, when there are no descriptors left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_clone(&self) -> io::Result<File> {
        self.inner.try_clone().map(File::from)
    }

    /// Reads from that place on, as [`FileExt::read_at`]; how many bytes, 0 at the end.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Blocking
    /// Switches tasks, unless the kernel has it at hand.
    pub fn read_at(&self, buf: &mut [u8], offset: u64) -> io::Result<usize> {
        // Beyond is an error of the call that waits; the greatest is no place at all for the other.
        let place = i64::try_from(offset).ok().map(|_| offset);
        match place.and_then(|place| self.read_at_hand(buf, place)) {
            Some(n) => Ok(n),
            None => self.read_by(buf, move |file, buf| file.read_at(buf, offset)),
        }
    }

    /// Fills the buffer from that place on, as [`FileExt::read_exact_at`].
    ///
    /// # Errors
    /// The system's; [`UnexpectedEof`](io::ErrorKind::UnexpectedEof).
    ///
    /// # Blocking
    /// As [`read_at`](File::read_at).
    pub fn read_exact_at(&self, mut buf: &mut [u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match self.read_at(buf, offset) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => {
                    buf = &mut buf[n..];
                    offset += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// Writes from that place on, as [`FileExt::write_at`]; how many bytes.
    ///
    /// # Errors
    /// The system's.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn write_at(&self, buf: &[u8], offset: u64) -> io::Result<usize> {
        self.write_by(buf, move |file, piece| file.write_at(piece, offset))
    }

    /// Writes all of the buffer from that place on, as [`FileExt::write_all_at`].
    ///
    /// # Errors
    /// The system's; some of it may have been written then.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn write_all_at(&self, mut buf: &[u8], mut offset: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match self.write_at(buf, offset) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    buf = &buf[n..];
                    offset += n as u64;
                }
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    /// The file as std has it, once the calls on it that nobody waits for have ended, or another handle of it.
    ///
    /// # Errors
    /// The system's, when a further handle is needed and there are no descriptors left.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn into_std(self) -> io::Result<fs::File> {
        Arc::try_unwrap(self.inner).or_else(|shared| shared.try_clone())
    }

    /// Makes a call on it while the task waits.
    fn call<T: Send + 'static>(&self, f: impl FnOnce(&fs::File) -> T + Send + 'static) -> T {
        let file = self.inner.clone();
        call(move || f(&file))
    }

    /// Reads what the kernel has at hand, from a place or, with [`HERE`], from where the last read ended.
    ///
    /// None if it has nothing at hand, or cannot tell: then the call that waits brings it, or the error.
    fn read_at_hand(&self, buf: &mut [u8], offset: u64) -> Option<usize> {
        use rustix::io::{ReadWriteFlags, preadv2};
        let mut buf = [io::IoSliceMut::new(buf)];
        preadv2(&*self.inner, &mut buf, offset, ReadWriteFlags::NOWAIT).ok()
    }

    /// Reads by a call that has a buffer of its own.
    fn read_by(
        &self,
        buf: &mut [u8],
        read: impl FnOnce(&fs::File, &mut [u8]) -> io::Result<usize> + Send + 'static,
    ) -> io::Result<usize> {
        if !is_in_task() {
            return read(&self.inner, buf);
        }
        let len = buf.len().min(PIECE);
        let piece = self.call(move |file| {
            let mut piece = vec![0; len];
            let n = read(file, &mut piece)?;
            piece.truncate(n);
            io::Result::Ok(piece)
        })?;
        buf[..piece.len()].copy_from_slice(&piece);
        Ok(piece.len())
    }

    /// Writes by a call that has a buffer of its own.
    fn write_by(
        &self,
        buf: &[u8],
        write: impl FnOnce(&fs::File, &[u8]) -> io::Result<usize> + Send + 'static,
    ) -> io::Result<usize> {
        if !is_in_task() {
            return write(&self.inner, buf);
        }
        let piece = buf[..buf.len().min(PIECE)].to_vec();
        self.call(move |file| write(file, &piece))
    }
}

/// Reads through an owned buffer where the kernel would have to wait; what it has at hand comes without a detour.
impl Read for &File {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.read_at_hand(buf, HERE) {
            Some(n) => Ok(n),
            None => self.read_by(buf, |mut file, buf| file.read(buf)),
        }
    }

    /// In one call on the other thread, however long it is.
    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        let (rest, result) = self.call(|mut file| {
            let mut rest = Vec::new();
            let result = file.read_to_end(&mut rest);
            (rest, result)
        });
        if buf.is_empty() {
            *buf = rest;
        } else {
            buf.extend_from_slice(&rest);
        }
        result
    }
}

impl Write for &File {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.write_by(buf, |mut file, piece| file.write(piece))
    }

    /// Does nothing, as nothing is kept back; see [`sync_data`](File::sync_data).
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// To look for a place takes no thread: the kernel knows it.
impl Seek for &File {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        (&*self.inner).seek(pos)
    }
}

impl Read for File {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buf)
    }

    fn read_to_end(&mut self, buf: &mut Vec<u8>) -> io::Result<usize> {
        (&*self).read_to_end(buf)
    }
}

impl Write for File {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        (&*self).write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        (&*self).flush()
    }
}

impl Seek for File {
    fn seek(&mut self, pos: SeekFrom) -> io::Result<u64> {
        (&*self).seek(pos)
    }
}

impl From<fs::File> for File {
    fn from(file: fs::File) -> File {
        File { inner: Arc::new(file) }
    }
}

impl From<OwnedFd> for File {
    fn from(fd: OwnedFd) -> File {
        File::from(fs::File::from(fd))
    }
}

impl AsFd for File {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.inner.as_fd()
    }
}

impl AsRawFd for File {
    fn as_raw_fd(&self) -> RawFd {
        self.inner.as_raw_fd()
    }
}
