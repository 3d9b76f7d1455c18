//! Processes as types.

use super::{Builder, Exit, Process, StartError};

/// What is a process by its type, as a subclass of Python's `Process` is.
///
/// ```no_run
/// use osier::process::Run;
///
/// struct Greeter(String);
///
/// impl Run for Greeter {
///     type Out = ();
///
///     fn run(self) {
///         println!("hello, {}", self.0);
///     }
/// }
/// osier::run(|| Greeter("world".into()).start().map(|process| process.join())).unwrap();
/// ```
pub trait Run: Sized {
    /// What it comes to.
    type Out: Exit;

    /// What the process does.
    fn run(self) -> Self::Out;

    /// Starts it, by a fork, with all defaults; [`Builder::run`] for others.
    ///
    /// # Errors
    /// As [`Builder::fork`].
    ///
    /// # Blocking
    /// As [`Builder::fork`].
    fn start(self) -> Result<Process, StartError>
    where
        Self: 'static,
        Self::Out: 'static,
    {
        Builder::new().run(self)
    }
}
