//! What to start, and how.

use std::ffi::OsStr;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process as std_process;
use std::time::Duration;

use super::{Child, ExitStatus, Output, Stdio, orphans};
use crate::sys::program;

/// A program to be started, as [`std::process::Command`].
///
/// ```
/// use osier::process::subprocess::Command;
///
/// osier::run(|| {
///     let answers: Vec<_> = ["one", "two"].map(|word| {
///         osier::spawn(move || Command::new("echo").arg(word).output()) // both at once
///     }).into();
///     let said = osier::join_all(answers).into_iter().map(|output| output.unwrap());
///     let said: std::io::Result<Vec<_>> = said.map(|output| Ok(output?.stdout)).collect();
///     assert_eq!(said?, [b"one\n", b"two\n"]);
///     std::io::Result::Ok(())
/// })?;
/// # std::io::Result::Ok(())
/// ```
#[derive(Debug)]
pub struct Command {
    inner: std_process::Command,
    /// Whether it is killed when the handle is dropped.
    kill_on_drop: bool,
    /// What was said of the three standard descriptors: std does not tell.
    streams: [bool; 3],
}

impl Command {
    /// That program, looked for along `PATH`, with this one's environment, folder and standard descriptors.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        Command {
            inner: std_process::Command::new(program),
            kill_on_drop: false,
            streams: [false; 3],
        }
    }

    /// One more argument.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.inner.arg(arg);
        self
    }

    /// More arguments.
    pub fn args<A: AsRef<OsStr>>(&mut self, args: impl IntoIterator<Item = A>) -> &mut Command {
        self.inner.args(args);
        self
    }

    /// The name that it sees as its own.
    pub fn arg0(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.inner.arg0(arg);
        self
    }

    /// A variable of its environment.
    pub fn env(&mut self, key: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.inner.env(key, value);
        self
    }

    /// Variables of its environment.
    pub fn envs<K, V>(&mut self, variables: impl IntoIterator<Item = (K, V)>) -> &mut Command
    where
        K: AsRef<OsStr>,
        V: AsRef<OsStr>,
    {
        self.inner.envs(variables);
        self
    }

    /// A variable that it is not to have.
    pub fn env_remove(&mut self, key: impl AsRef<OsStr>) -> &mut Command {
        self.inner.env_remove(key);
        self
    }

    /// No variables but those that are said after this.
    pub fn env_clear(&mut self) -> &mut Command {
        self.inner.env_clear();
        self
    }

    /// The folder that it begins in.
    pub fn current_dir(&mut self, dir: impl AsRef<Path>) -> &mut Command {
        self.inner.current_dir(dir);
        self
    }

    /// What it reads: by default what this program does; nothing, for [`output`](Command::output).
    pub fn stdin(&mut self, stream: impl Into<Stdio>) -> &mut Command {
        self.streams[0] = true;
        self.inner.stdin(stream);
        self
    }

    /// Where it writes to: by default where this program does; a pipe, for [`output`](Command::output).
    pub fn stdout(&mut self, stream: impl Into<Stdio>) -> &mut Command {
        self.streams[1] = true;
        self.inner.stdout(stream);
        self
    }

    /// Where it complains: as [`stdout`](Command::stdout).
    pub fn stderr(&mut self, stream: impl Into<Stdio>) -> &mut Command {
        self.streams[2] = true;
        self.inner.stderr(stream);
        self
    }

    /// The user that it runs as.
    pub fn uid(&mut self, id: u32) -> &mut Command {
        self.inner.uid(id);
        self
    }

    /// The group that it runs as.
    pub fn gid(&mut self, id: u32) -> &mut Command {
        self.inner.gid(id);
        self
    }

    /// The process group that it joins; 0: a new one, which Ctrl-C on the terminal does not reach.
    pub fn process_group(&mut self, id: i32) -> &mut Command {
        self.inner.process_group(id);
        self
    }

    /// Has it begin a session of its own, without a terminal: Python's `start_new_session`.
    pub fn new_session(&mut self) -> &mut Command {
        program::new_session(&mut self.inner);
        self
    }

    /// Which permissions its files are not to have.
    pub fn umask(&mut self, mask: u32) -> &mut Command {
        program::umask(&mut self.inner, mask);
        self
    }

    /// Hands it a descriptor under that number: Python's `pass_fds`.
    ///
    /// It is kept open here until the command is dropped.
    pub fn pass(&mut self, fd: impl Into<OwnedFd>, number: i32) -> &mut Command {
        program::pass(&mut self.inner, fd.into(), number);
        self
    }

    /// Whether it is killed when its [`Child`] is dropped before it has ended; else it goes on.
    pub fn kill_on_drop(&mut self, kill: bool) -> &mut Command {
        self.kill_on_drop = kill;
        self
    }

    /// The same as std has it, to look at, or to say what cannot be said here.
    pub fn as_std(&mut self) -> &mut std_process::Command {
        &mut self.inner
    }

    /// Starts it.
    ///
    /// # Errors
    /// The system's: [`NotFound`](io::ErrorKind::NotFound) and so on, when it cannot be started; nothing is left of it then.
    ///
    /// # Blocking
    /// Never switches tasks; it takes about a millisecond.
    pub fn spawn(&mut self) -> io::Result<Child> {
        orphans::reap();
        Child::new(self.inner.spawn()?, self.kill_on_drop)
    }

    /// Starts it and waits for its end.
    ///
    /// # Errors
    /// As [`spawn`](Command::spawn).
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait()
    }

    /// Starts it, reads all that it writes, and waits for its end.
    ///
    /// # Errors
    /// As [`spawn`](Command::spawn); the system's, when it cannot be read.
    ///
    /// # Blocking
    /// Switches tasks.
    pub fn output(&mut self) -> io::Result<Output> {
        self.spawn_piped()?.communicate("")
    }

    /// The same, at most that long; then it is killed.
    ///
    /// # Errors
    /// As [`output`](Command::output); [`TimedOut`](io::ErrorKind::TimedOut), with what it had written as a [`TimedOut`](super::TimedOut).
    ///
    /// # Blocking
    /// Switches tasks.
    ///
    /// ```
    /// use osier::process::subprocess::{Command, TimedOut};
    /// use std::time::Duration;
    ///
    /// osier::run(|| {
    ///     let mut slow = Command::new("sh");
    ///     slow.args(["-c", "echo begun; exec sleep 60"]);
    ///     let late = slow.output_timeout(Duration::from_millis(200)).unwrap_err();
    ///     let late: TimedOut = late.downcast().unwrap();
    ///     assert_eq!(late.stdout, b"begun\n");
    /// });
    /// ```
    pub fn output_timeout(&mut self, limit: Duration) -> io::Result<Output> {
        let mut child = self.spawn_piped()?;
        let result = child.communicate_timeout("", limit);
        if result.is_err() {
            child.kill()?;
            child.wait()?;
        }
        result
    }

    /// Starts it with pipes where nothing else was said.
    fn spawn_piped(&mut self) -> io::Result<Child> {
        let default: [fn() -> Stdio; 3] = [Stdio::null, Stdio::piped, Stdio::piped];
        let set = [
            std_process::Command::stdin,
            std_process::Command::stdout,
            std_process::Command::stderr,
        ];
        for ((said, stream), set) in self.streams.into_iter().zip(default).zip(set) {
            if !said {
                set(&mut self.inner, stream());
            }
        }
        self.spawn()
    }
}
