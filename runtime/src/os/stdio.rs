//! Standard input and output, as calls that let the other tasks run.
//!
//! They are shared with whoever started the program, so their mode is left alone: what waits asks first whether there is
//! something, or room, and then does no more than that. std's own handles stop the OS thread, and have buffers of
//! their own: use one or the other.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::LazyLock;

use rustix::io::{Errno, ReadWriteFlags, preadv2, pwritev2, read, write};

use crate::io::Source;
use crate::thread::offload;

/// What a pipe takes without a wait, once it is said to have room (`PIPE_BUF`).
const PIECE: usize = 4096;
/// For the kernel: where the last read or write ended, if that means anything.
const HERE: u64 = u64::MAX;

type Standard = LazyLock<Source<BorrowedFd<'static>>>;

static INPUT: Standard = LazyLock::new(|| standard(rustix::stdio::stdin()));
static OUTPUT: Standard = LazyLock::new(|| standard(rustix::stdio::stdout()));
static ERROR: Standard = LazyLock::new(|| standard(rustix::stdio::stderr()));

fn standard(fd: BorrowedFd<'static>) -> Source<BorrowedFd<'static>> {
    let source = Source::new(fd);
    source.share(); // others have it, too
    source
}

/// The program's standard input.
///
/// ```no_run
/// use std::io::{BufRead, BufReader};
///
/// osier::run(|| {
///     for line in BufReader::new(osier::stdio::stdin()).lines() {
///         println!("you said {}", line?);
///     }
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
///
/// # Blocking
/// Never switches tasks.
#[must_use]
pub fn stdin() -> Stdin {
    Stdin(())
}

/// The program's standard output, without a buffer.
///
/// ```
/// use std::io::Write;
///
/// osier::run(|| osier::stdio::stdout().write_all(b"hello\n"))?;
/// # std::io::Result::Ok(())
/// ```
///
/// # Blocking
/// Never switches tasks.
#[must_use]
pub fn stdout() -> Stdout {
    Stdout { source: &OUTPUT }
}

/// The program's standard error.
///
/// # Blocking
/// Never switches tasks.
#[must_use]
pub fn stderr() -> Stdout {
    Stdout { source: &ERROR }
}

/// Standard input; see [`stdin`].
///
/// Reading switches tasks while there is nothing. One task at a time: a second one that would have to wait gets
/// [`ResourceBusy`](io::ErrorKind::ResourceBusy). If another process reads from the same terminal or
/// socket, it may be faster, and the OS thread waits for the next input.
///
/// ```
/// assert_eq!(format!("{:?}", osier::stdio::stdin()), "Stdin");
/// ```
#[derive(Clone, Copy)]
pub struct Stdin(());

impl std::fmt::Debug for Stdin {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Stdin")
    }
}

/// Standard output or standard error; see [`stdout`], [`stderr`].
///
/// Writing switches tasks while nobody reads and the pipe is full. Each write stands in the output by itself up to 4,096
/// bytes; longer ones of several tasks may come in pieces.
///
/// ```
/// use std::io::Write;
///
/// writeln!(osier::stdio::stderr(), "something is wrong")?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Clone, Copy)]
pub struct Stdout {
    source: &'static Standard,
}

impl std::fmt::Debug for Stdout {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stdout").finish_non_exhaustive()
    }
}

/// Whether that is a file, which the reactor does not take: it is always ready.
fn is_file(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::PermissionDenied
}

impl Read for Stdin {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let fd = *INPUT.get_ref();
        loop {
            // Pipes and files say whether there is something; terminals do not know that question.
            match preadv2(fd, &mut [io::IoSliceMut::new(buf)], HERE, ReadWriteFlags::NOWAIT) {
                Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::SPIPE | Errno::INVAL) => {}
                result => return Ok(result?),
            }
            match INPUT.wait_readable(None) {
                Err(error) if is_file(&error) => return read_elsewhere(buf),
                result => result?,
            }
            match preadv2(fd, &mut [io::IoSliceMut::new(buf)], HERE, ReadWriteFlags::NOWAIT) {
                Err(Errno::AGAIN) => {} // another process was faster
                Err(Errno::OPNOTSUPP | Errno::SPIPE | Errno::INVAL) => return Ok(read(fd, buf)?),
                result => return Ok(result?),
            }
        }
    }
}

/// Reads from a file whose contents are not at hand.
fn read_elsewhere(buf: &mut [u8]) -> io::Result<usize> {
    let len = buf.len().min(1 << 16);
    let piece = offload(move || {
        let mut piece = vec![0; len];
        let n = read(rustix::stdio::stdin(), &mut piece)?;
        piece.truncate(n);
        io::Result::Ok(piece)
    })?;
    buf[..piece.len()].copy_from_slice(&piece);
    Ok(piece.len())
}

impl Write for Stdout {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let fd = self.source.get_ref().as_fd();
        loop {
            match pwritev2(fd, &[io::IoSlice::new(buf)], HERE, ReadWriteFlags::NOWAIT) {
                Err(Errno::AGAIN | Errno::OPNOTSUPP | Errno::SPIPE | Errno::INVAL) => {}
                result => return Ok(result?),
            }
            match self.source.wait_writable(None) {
                Err(error) if is_file(&error) => return Ok(write(fd, buf)?),
                result => result?,
            }
            let piece = &buf[..buf.len().min(PIECE)];
            match pwritev2(fd, &[io::IoSlice::new(piece)], HERE, ReadWriteFlags::NOWAIT) {
                Err(Errno::AGAIN) => {}
                Err(Errno::OPNOTSUPP | Errno::SPIPE | Errno::INVAL) => {
                    return Ok(write(fd, piece)?);
                }
                result => return Ok(result?),
            }
        }
    }

    /// Does nothing, as nothing is kept back.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
