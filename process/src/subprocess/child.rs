//! A program that runs.

use std::fmt;
use std::io;
use std::mem;
use std::os::fd::{AsFd, OwnedFd};
use std::process as std_process;
use std::time::{Duration, Instant};

use osier_runtime::io::{PipeReader, PipeWriter, Source};
use osier_runtime::ready::{Ready, Sealed};
use osier_runtime::signal::Signal;
use osier_runtime::{Waitable, Watcher, clock, fork};
use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, pidfd_open, pidfd_send_signal};

use super::talk::Talk;
use super::{ExitStatus, Output, orphans};
use crate::wire::Stake;

/// A program that was started, as [`std::process::Child`].
///
/// Dropped before its end it goes on, unless [`kill_on_drop`](super::Command::kill_on_drop) was said, and is waited for
/// behind the scenes: it leaves no zombie.
///
/// ```
/// use osier::process::subprocess::{Command, Stdio};
/// use std::io::{Read, Write};
///
/// osier::run(|| {
///     let mut cat = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
///     let mut to = cat.stdin.take().unwrap();
///     to.write_all(b"hello")?;
///     drop(to); // that was all
///     let mut said = String::new();
///     cat.stdout.take().unwrap().read_to_string(&mut said)?;
///     assert!(said == "hello" && cat.wait()?.success());
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
pub struct Child {
    /// What it reads, if it was started with a pipe for that.
    pub stdin: Option<PipeWriter>,
    /// What it writes, likewise.
    pub stdout: Option<PipeReader>,
    /// Its complaints, likewise.
    pub stderr: Option<PipeReader>,
    pub(super) talk: Talk,
    /// None once it was given up.
    inner: Option<std_process::Child>,
    /// Readable when it has ended.
    pidfd: Source<OwnedFd>,
    ready: Ready,
    /// How it has ended, once that is known.
    status: Option<ExitStatus>,
    kill_on_drop: bool,
    /// The process whose child it is; in a forked copy of that it is nobody's.
    generation: u32,
    /// So that forked processes do not hold its pipes open.
    _stakes: Vec<Stake>,
}

impl Child {
    /// Takes charge of one that was just started.
    pub(super) fn new(mut inner: std_process::Child, kill_on_drop: bool) -> io::Result<Child> {
        match Parts::of(&mut inner) {
            Ok(Parts { pidfd, stdin, stdout, stderr }) => {
                let ends = [
                    stdin.as_ref().map(AsFd::as_fd),
                    stdout.as_ref().map(AsFd::as_fd),
                    stderr.as_ref().map(AsFd::as_fd),
                    Some(pidfd.as_fd()),
                ];
                let stakes = ends.into_iter().flatten().map(Stake::new).collect();
                Ok(Child {
                    stdin,
                    stdout,
                    stderr,
                    talk: Talk::default(),
                    inner: Some(inner),
                    pidfd: Source::new(pidfd),
                    ready: Ready::new(),
                    status: None,
                    kill_on_drop,
                    generation: fork::generation(),
                    _stakes: stakes,
                })
            }
            Err(error) => {
                // Nothing half started: it is ended before it is told.
                let _ = inner.kill();
                let _ = inner.wait();
                Err(error)
            }
        }
    }

    /// Its number.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn id(&self) -> u32 {
        self.inner.as_ref().map_or(0, std_process::Child::id)
    }

    /// Waits for its end; its standard input is closed first.
    ///
    /// As often as one likes.
    ///
    /// # Errors
    /// The system's, such as when somebody else has waited for it; in a forked copy of the process that has started it.
    ///
    /// # Blocking
    /// Switches tasks, unless it has ended.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        let ended = self.wait_deadline(None)?;
        Ok(ended.expect("there was no deadline"))
    }

    /// The same, at most that long; none if it goes on.
    ///
    /// # Errors
    /// As [`wait`](Child::wait).
    ///
    /// # Blocking
    /// As [`wait`](Child::wait).
    pub fn wait_timeout(&mut self, limit: Duration) -> io::Result<Option<ExitStatus>> {
        self.wait_deadline(clock::deadline(limit))
    }

    /// The same, until then at most.
    ///
    /// # Errors
    /// As [`wait`](Child::wait).
    ///
    /// # Blocking
    /// As [`wait`](Child::wait).
    pub fn wait_deadline(
        &mut self,
        deadline: impl Into<Option<Instant>>,
    ) -> io::Result<Option<ExitStatus>> {
        self.stdin = None;
        let deadline = deadline.into();
        loop {
            if let Some(status) = self.try_wait()? {
                return Ok(Some(status));
            }
            match self.pidfd.wait_readable(deadline) {
                Err(error) if error.kind() == io::ErrorKind::TimedOut => return self.try_wait(),
                result => result?,
            }
        }
    }

    /// How it has ended, if it has.
    ///
    /// # Errors
    /// As [`wait`](Child::wait).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        if self.status.is_none() {
            self.check_owner()?;
            self.status =
                self.inner.as_mut().map(std_process::Child::try_wait).transpose()?.flatten();
        }
        Ok(self.status)
    }

    /// Kills it: it has no say in that. Nothing if it has ended.
    ///
    /// # Errors
    /// The system's, such as for one that runs as another user; in a forked copy of the process that has started it.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn kill(&self) -> io::Result<()> {
        self.send(rustix::process::Signal::KILL)
    }

    /// Asks it to end. Nothing if it has ended.
    ///
    /// # Errors
    /// As [`kill`](Child::kill).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn terminate(&self) -> io::Result<()> {
        self.send(rustix::process::Signal::TERM)
    }

    /// Sends it a signal. Nothing if it has ended.
    ///
    /// # Errors
    /// As [`kill`](Child::kill).
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn signal(&self, signal: Signal) -> io::Result<()> {
        match rustix::process::Signal::from_named_raw(signal.number()) {
            Some(signal) => self.send(signal),
            None => {
                Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{signal} has no name")))
            }
        }
    }

    /// Says all of this to it, reads all that it writes, and waits for its end.
    ///
    /// All at once, so that nobody waits for each other however much there is. What it does not read is no error.
    /// Descriptors that are no pipes have nothing in the output.
    ///
    /// # Errors
    /// The system's; [`InvalidInput`](io::ErrorKind::InvalidInput) for input where its standard input is no pipe.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn communicate(&mut self, input: impl Into<Vec<u8>>) -> io::Result<Output> {
        self.communicate_deadline(input, None)
    }

    /// The same, at most that long.
    ///
    /// The program goes on then. To call this again, with no input, goes on where it was left: nothing is lost.
    ///
    /// # Errors
    /// As [`communicate`](Child::communicate); [`TimedOut`](io::ErrorKind::TimedOut), with a copy of what was read so far as a
    /// [`TimedOut`](super::TimedOut).
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn communicate_timeout(
        &mut self,
        input: impl Into<Vec<u8>>,
        limit: Duration,
    ) -> io::Result<Output> {
        self.communicate_deadline(input, clock::deadline(limit))
    }

    /// The same, until then at most.
    ///
    /// # Errors
    /// As [`communicate_timeout`](Child::communicate_timeout).
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn communicate_deadline(
        &mut self,
        input: impl Into<Vec<u8>>,
        deadline: impl Into<Option<Instant>>,
    ) -> io::Result<Output> {
        let deadline = deadline.into();
        self.begin_talk(input.into())?;
        self.go_on_talking(deadline)?;
        match self.wait_deadline(deadline)? {
            Some(status) => Ok(self.talk.take(status)),
            None => Err(self.talk.timed_out()),
        }
    }

    fn send(&self, signal: rustix::process::Signal) -> io::Result<()> {
        self.check_owner()?;
        if self.status.is_some() {
            return Ok(());
        }
        match pidfd_send_signal(self.pidfd.get_ref(), signal) {
            Err(error) if error != Errno::SRCH => Err(error.into()),
            _ => Ok(()),
        }
    }

    fn check_owner(&self) -> io::Result<()> {
        if self.generation == fork::generation() {
            return Ok(());
        }
        Err(io::Error::other("the program is a child of the process that this one was forked from"))
    }
}

/// What is made of a program that was just started.
struct Parts {
    pidfd: OwnedFd,
    stdin: Option<PipeWriter>,
    stdout: Option<PipeReader>,
    stderr: Option<PipeReader>,
}

impl Parts {
    fn of(inner: &mut std_process::Child) -> io::Result<Parts> {
        let pidfd = pidfd_open(Pid::from_child(inner), PidfdFlags::empty())?;
        let (stdin, stdout, stderr) =
            (inner.stdin.take(), inner.stdout.take(), inner.stderr.take());
        Ok(Parts {
            pidfd,
            stdin: stdin.map(OwnedFd::from).map(PipeWriter::try_from).transpose()?,
            stdout: stdout.map(OwnedFd::from).map(PipeReader::try_from).transpose()?,
            stderr: stderr.map(OwnedFd::from).map(PipeReader::try_from).transpose()?,
        })
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        mem::take(&mut self._stakes); // before what they stand for
        if self.check_owner().is_err() || self.status.is_some() {
            return;
        }
        if self.kill_on_drop {
            let _ = self.kill();
        }
        self.inner.take().into_iter().for_each(orphans::adopt);
    }
}

impl Sealed for Child {}

/// Ready when it has ended.
impl Waitable for Child {
    fn is_ready(&self) -> bool {
        self.status.is_some() || self.pidfd.wait_readable(Some(clock::now())).is_ok()
    }

    fn watch(&self, watcher: Watcher) {
        self.ready.watch(self.pidfd.get_ref().as_fd(), self.status.is_some(), watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.ready.unwatch(watcher);
    }
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Child")
            .field("id", &self.id())
            .field("status", &self.status)
            .finish_non_exhaustive()
    }
}
