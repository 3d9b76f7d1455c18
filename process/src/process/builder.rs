//! How a process is to be.

use super::fork::fork;
use super::identity::Identity;
use super::spawn::spawn;
use super::{Exit, Function, Process, Run, Signature, StartError};

/// Starts processes with a name, as daemons, or with a key of their own.
///
/// There are two ways to start one:
///
/// | | [`fork`](Builder::fork) | [`spawn`](Builder::spawn) |
/// |---|---|---|
/// | calls | any closure | a function that [`functions!`](crate::functions) has registered |
/// | with | whatever it has captured | arguments that serde can encode |
/// | in | a copy of this process | a new process of this program |
/// | where there are other OS threads | is refused | works |
/// | takes | about 0.2 ms, more if this process is large | about 1 ms |
///
/// ```
/// use osier::process::{Builder, current, functions};
///
/// functions! {
///     fn is_called(name: String) -> Result<(), String> {
///         if current().name() == name { Ok(()) } else { Err("no".into()) }
///     }
/// }
/// let process = Builder::new().name("fetcher").spawn(is_called, ("fetcher".into(),))?;
/// assert!(process.join().is_success());
/// # Ok::<(), osier::process::StartError>(())
/// ```
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until it starts a process"]
pub struct Builder {
    name: Option<String>,
    daemon: Option<bool>,
    authkey: Option<Vec<u8>>,
}

impl Builder {
    /// Plans a process with all defaults.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// Names the process; "Process-1", and "Process-1:2" for a child of that, otherwise.
    pub fn name(mut self, name: impl Into<String>) -> Builder {
        self.name = Some(name.into());
        self
    }

    /// Makes it die with this process, however that ends, and not be waited for.
    ///
    /// At the end of this process it is terminated; if this process is killed, the kernel kills it. It may not start processes.
    pub fn daemon(mut self, daemon: bool) -> Builder {
        self.daemon = Some(daemon);
        self
    }

    /// Gives it another key than this process' own.
    pub fn authkey(mut self, key: impl Into<Vec<u8>>) -> Builder {
        self.authkey = Some(key.into());
        self
    }

    /// Calls a closure in a copy of this process.
    ///
    /// The copy is this task alone: no other runs on, and nothing of theirs is dropped there. The closure is the main task of a hub
    /// of its own; the process ends when that and all tasks that are no daemons have ended, with the code that [`Exit`] says, and
    /// 1 if the closure panics. What it has captured exists twice from then on, and
    /// is dropped here at once. That tells which ends of pipes and queues the child was handed: it keeps those that
    /// were moved into the closure, and no others, so that their ends are seen without anything being closed by hand. An end that is shared
    /// by an `Rc` is not moved: clone it. Other descriptors, sockets and files, stay open in the child.
    ///
    /// # Errors
    /// [`StartError::OtherThreads`] if this process has other OS threads; idle ones of ours are sent home first.
    /// [`StartError::Daemonic`] in a daemon, [`StartError::NoTask`] in a task that unwinds. When the system refuses. Nothing was started then.
    ///
    /// # Blocking
    /// Never switches tasks, unless a destructor of what was captured does.
    pub fn fork<F, T>(self, f: F) -> Result<Process, StartError>
    where
        F: FnOnce() -> T + 'static,
        T: Exit + 'static,
    {
        fork(move || self.identity(), move || f().exit_code())
    }

    /// Calls a registered function in a new process of this program.
    ///
    /// The process has the arguments, the environment and the folder of this one, its first three descriptors, and those among the
    /// function's arguments ([`Passed`](crate::Passed), connections, queues): those are moved, the child has them now. `main` does not run in it;
    /// the function is the main task of a hub. It ends as after [`fork`](Self::fork).
    ///
    /// # Errors
    /// [`StartError::Encode`] for an argument that cannot be encoded; [`StartError::Daemonic`] in a daemon; when the system refuses. Nothing was
    /// started then.
    ///
    /// # Blocking
    /// Never switches tasks.
    pub fn spawn<F: Signature>(
        self,
        function: Function<F>,
        args: F::Args,
    ) -> Result<Process, StartError> {
        spawn(|| self.identity(), function.name(), &args)
    }

    /// Starts what is a process by its type, by a fork.
    ///
    /// # Errors
    /// As [`fork`](Self::fork).
    ///
    /// # Blocking
    /// As [`fork`](Self::fork).
    pub fn run<R: Run + 'static>(self, process: R) -> Result<Process, StartError>
    where
        R::Out: 'static,
    {
        self.fork(move || process.run())
    }

    fn identity(self) -> Identity {
        let mut next = Identity::of_next_child();
        next.name = self.name.unwrap_or(next.name);
        next.daemon = self.daemon.unwrap_or(next.daemon);
        next.authkey = self.authkey.unwrap_or(next.authkey);
        next
    }
}
