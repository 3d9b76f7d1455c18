//! All that is said to a program and by it.

use std::cell::RefCell;
use std::error;
use std::fmt;
use std::io;
use std::time::Instant;

use osier_runtime::io::{PipeReader, PipeWriter};
use osier_runtime::{fork, run, scope};

use super::{Child, ExitStatus, Output};

/// How much is read at once.
const PIECE: usize = 64 * 1024;

/// What was read from a program when the time was up.
///
/// It is what the error of [`communicate_timeout`](Child::communicate_timeout) holds.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TimedOut {
    /// From its standard output.
    pub stdout: Vec<u8>,
    /// From its standard error.
    pub stderr: Vec<u8>,
}

impl fmt::Display for TimedOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (out, err) = (self.stdout.len(), self.stderr.len());
        write!(f, "the program did not end in time; it has written {out} and {err} bytes")
    }
}

impl error::Error for TimedOut {}

/// What was said so far.
#[derive(Default)]
pub(super) struct Talk {
    /// What it is still to be told.
    input: Vec<u8>,
    /// How much of that it has been.
    told: usize,
    stdout: RefCell<Vec<u8>>,
    stderr: RefCell<Vec<u8>>,
}

impl Talk {
    /// All of it, of a program that has ended.
    pub(super) fn take(&mut self, status: ExitStatus) -> Output {
        let (stdout, stderr) = (self.stdout.take(), self.stderr.take());
        Output { status, stdout, stderr }
    }

    /// The error that it is not over.
    pub(super) fn timed_out(&self) -> io::Error {
        let (stdout, stderr) = (self.stdout.borrow().clone(), self.stderr.borrow().clone());
        io::Error::new(io::ErrorKind::TimedOut, TimedOut { stdout, stderr })
    }
}

impl Child {
    /// Takes what it is to be told.
    pub(super) fn begin_talk(&mut self, input: Vec<u8>) -> io::Result<()> {
        if input.is_empty() {
            return Ok(());
        }
        let why = if self.stdin.is_none() {
            "input for a program whose standard input is no pipe, or is closed"
        } else if self.talk.told < self.talk.input.len() {
            "input for a program that was not told all of the last one"
        } else {
            (self.talk.input, self.talk.told) = (input, 0);
            return Ok(());
        };
        Err(io::Error::new(io::ErrorKind::InvalidInput, why))
    }

    /// Tells it what is left to be told and reads until it has no more to say.
    pub(super) fn go_on_talking(&mut self, deadline: Option<Instant>) -> io::Result<()> {
        let to = self.stdin.take();
        let (stdout, stderr) = (self.stdout.as_ref(), self.stderr.as_ref());
        let Talk { input, told, stdout: out, stderr: err } = &mut self.talk;
        let talk = || {
            scope(|s| {
                let tell = s.spawn(|| tell(to, input, told, deadline));
                let complaints = s.spawn(|| hear(stderr, err, deadline));
                let heard = hear(stdout, out, deadline);
                let complaints =
                    complaints.join().unwrap_or_else(|error| Err(io::Error::other(error)));
                let (to, told) =
                    tell.join().unwrap_or_else(|error| (None, Err(io::Error::other(error))));
                (to, heard.and(told).and(complaints))
            })
        };
        let (to, result) = if fork::in_hub() { talk() } else { run(talk) };
        self.stdin = to;
        match result {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Err(self.talk.timed_out()),
            result => result,
        }
    }
}

/// Says what is left, and closes the pipe; it comes back if there was no time for that.
fn tell(
    to: Option<PipeWriter>,
    input: &[u8],
    told: &mut usize,
    deadline: Option<Instant>,
) -> (Option<PipeWriter>, io::Result<()>) {
    let Some(to) = to else { return (None, Ok(())) };
    while *told < input.len() {
        match to.write_deadline(&input[*told..], deadline) {
            Ok(n) => *told += n,
            // It does not want to know more.
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => *told = input.len(),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => return (Some(to), Err(error)),
            Err(error) => return (None, Err(error)),
        }
    }
    (None, Ok(()))
}

/// Reads all that there is; nothing is waited for between what is read and what is kept.
fn hear(
    from: Option<&PipeReader>,
    heard: &RefCell<Vec<u8>>,
    deadline: Option<Instant>,
) -> io::Result<()> {
    let Some(from) = from else { return Ok(()) };
    let mut piece = vec![0; PIECE];
    loop {
        match from.read_deadline(&mut piece, deadline)? {
            0 => return Ok(()),
            n => heard.borrow_mut().extend_from_slice(&piece[..n]),
        }
    }
}
