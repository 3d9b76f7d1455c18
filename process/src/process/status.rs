//! How a process has ended.

use std::fmt;

use rustix::process::WaitIdStatus;

/// How a process has ended.
///
/// ```
/// use osier::process::ExitStatus;
///
/// assert!(ExitStatus::Code(0).is_success());
/// assert_eq!(ExitStatus::Signal(9).to_string(), "signal 9");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ExitStatus {
    /// By itself, with that code; 0 says that all went well, 1 that it panicked.
    Code(i32),
    /// By that signal.
    Signal(i32),
    /// Nobody knows: somebody else has waited for it, or the program ignores SIGCHLD.
    Lost,
}

impl ExitStatus {
    /// Whether it ended with code 0.
    pub fn is_success(self) -> bool {
        self == ExitStatus::Code(0)
    }

    pub(super) fn of(status: &WaitIdStatus) -> ExitStatus {
        match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => ExitStatus::Code(code),
            (None, Some(signal)) => ExitStatus::Signal(signal),
            (None, None) => ExitStatus::Lost,
        }
    }
}

impl fmt::Display for ExitStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExitStatus::Code(code) => write!(f, "code {code}"),
            ExitStatus::Signal(signal) => write!(f, "signal {signal}"),
            ExitStatus::Lost => f.write_str("nobody knows how"),
        }
    }
}
