//! The process as its starter sees it.

use std::error::Error;
use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

use osier_runtime::ready::{Ready, Sealed};
use osier_runtime::{Waitable, Watcher, clock, fork};
use rustix::process::Signal;

use super::child::Child;
use super::{Builder, Exit, ExitStatus, Function, Signature, StartError};

/// A process that this one has started.
///
/// Dropped, it lets the process go on; it is reaped all the same, and this process waits for it at its own end, unless it is a
/// daemon. It can be waited for together with other things ([`wait`](osier_runtime::wait), [`select`](mod@osier_runtime::select)), and as a
/// descriptor it is readable when the process has ended: Python's `sentinel`.
///
/// ```
/// use osier::process::{ExitStatus, Process};
///
/// osier::process::functions! {
///     fn answer(question: u32) -> i32 { question as i32 * 2 }
/// }
/// osier::run(|| {
///     let process = Process::spawn(answer, (21,))?;
///     assert_eq!(process.join(), ExitStatus::Code(42));
///     Ok::<(), osier::process::StartError>(())
/// })?;
/// # Ok::<(), osier::process::StartError>(())
/// ```
pub struct Process {
    child: Arc<Child>,
    ready: Ready,
}

impl Process {
    /// Calls a closure in a copy of this process.
    ///
    /// With all defaults; [`Builder::fork`] tells what it does.
    ///
    /// # Errors
    /// [`StartError`].
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn fork<F, T>(f: F) -> Result<Process, StartError>
    where
        F: FnOnce() -> T + 'static,
        T: Exit + 'static,
    {
        Builder::new().fork(f)
    }

    /// Calls a registered function in a new process of this program.
    ///
    /// With all defaults; [`Builder::spawn`] tells what it does.
    ///
    /// # Errors
    /// [`StartError`].
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn spawn<F: Signature>(
        function: Function<F>,
        args: F::Args,
    ) -> Result<Process, StartError> {
        Builder::new().spawn(function, args)
    }

    pub(super) fn of(child: Arc<Child>) -> Process {
        Process { child, ready: Ready::new() }
    }

    /// The child, if it is this process'.
    #[track_caller]
    fn child(&self) -> &Child {
        assert!(
            self.child.generation == fork::generation(),
            "process '{}' is not a child of this process, but of the one that it was forked from: \
             only that one can wait for it",
            self.child.name
        );
        &self.child
    }

    /// Its number, which no other process has until it was joined.
    pub fn pid(&self) -> u32 {
        self.child.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.child.name
    }

    /// Whether it dies with this process.
    pub fn is_daemon(&self) -> bool {
        self.child.daemon
    }

    /// How it has ended; none while it runs.
    ///
    /// # Panics
    /// In another process than the one that has started it.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn exit_status(&self) -> Option<ExitStatus> {
        self.child().reap()
    }

    /// Whether it has not ended.
    ///
    /// # Panics
    /// In another process than the one that has started it.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn is_alive(&self) -> bool {
        self.exit_status().is_none()
    }

    /// Waits for its end, and says how it has ended; as often as it is called.
    ///
    /// # Panics
    /// In another process than the one that has started it.
    ///
    /// # Blocking
    /// Switches tasks, unless it has ended.
    pub fn join(&self) -> ExitStatus {
        self.child().wait(None).unwrap_or(ExitStatus::Lost)
    }

    /// Waits for its end, no longer than that; none if it goes on.
    ///
    /// # Panics
    /// In another process than the one that has started it.
    ///
    /// # Blocking
    /// Switches tasks, unless it has ended.
    pub fn join_timeout(&self, limit: Duration) -> Option<ExitStatus> {
        self.child().wait(clock::deadline(limit))
    }

    /// Waits for its end, until then at most; none if it goes on.
    ///
    /// # Panics
    /// In another process than the one that has started it.
    ///
    /// # Blocking
    /// Switches tasks, unless it has ended.
    pub fn join_deadline(&self, deadline: Instant) -> Option<ExitStatus> {
        self.child().wait(Some(deadline))
    }

    /// Asks it to end: SIGTERM, which a process can catch. Nothing is done to one that has ended.
    ///
    /// No destructor runs in it, and nothing is flushed.
    ///
    /// # Errors
    /// When it has become another user's.
    ///
    /// # Panics
    /// In another process than the one that has started it.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn terminate(&self) -> io::Result<()> {
        self.child().signal(Signal::TERM)
    }

    /// Ends it: SIGKILL, which no process can catch.
    ///
    /// # Errors
    /// As [`terminate`](Self::terminate).
    ///
    /// # Panics
    /// In another process than the one that has started it.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn kill(&self) -> io::Result<()> {
        self.child().signal(Signal::KILL)
    }

    /// Interrupts it: SIGINT, as Ctrl-C does.
    ///
    /// # Errors
    /// As [`terminate`](Self::terminate).
    ///
    /// # Panics
    /// In another process than the one that has started it.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn interrupt(&self) -> io::Result<()> {
        self.child().signal(Signal::INT)
    }

    /// Gives up the handle of a process that has ended.
    ///
    /// # Errors
    /// [`StillRunning`] if it has not: the handle comes back.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn close(self) -> Result<(), StillRunning> {
        if self.is_alive() { Err(StillRunning(self)) } else { Ok(()) }
    }
}

impl AsFd for Process {
    /// Readable when it has ended.
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.child.pidfd.as_fd()
    }
}

impl Sealed for Process {}

impl Waitable for Process {
    fn is_ready(&self) -> bool {
        !self.is_alive()
    }

    fn watch(&self, watcher: Watcher) {
        self.ready.watch(self.as_fd(), self.is_ready(), watcher);
    }

    fn unwatch(&self, watcher: &Watcher) {
        self.ready.unwatch(watcher);
    }
}

impl fmt::Debug for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ours = self.child.generation == fork::generation();
        f.debug_struct("Process")
            .field("name", &self.name())
            .field("pid", &self.pid())
            .field("daemon", &self.is_daemon())
            .field("status", &if ours { self.child.reap() } else { None })
            .finish()
    }
}

/// The process whose handle was to be closed goes on.
///
/// ```no_run
/// # fn example(process: osier::process::Process) {
/// if let Err(still) = process.close() {
///     still.0.join();
/// }
/// # }
/// ```
#[derive(Debug)]
pub struct StillRunning(pub Process);

impl fmt::Display for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.0.name();
        write!(f, "process '{name}' is still running: join it first, or end it")
    }
}

impl Error for StillRunning {}
