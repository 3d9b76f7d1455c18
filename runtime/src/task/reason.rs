//! What a parked task waits for, for reports and for the deadlock check.

use std::fmt;

use super::TaskId;

/// Says what a parked task waits for.
///
/// Reasons are shown in reports: make each one a phrase that fits behind "is", and do not use the
/// same one for two things.
///
/// ```
/// use osier::Reason;
///
/// let reason = Reason::new("waiting for the kettle");
/// assert_eq!(reason.to_string(), "waiting for the kettle");
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Reason {
    /// The phrase.
    what: &'static str,
    /// Whom or what it waits for, where that has a number.
    on: On,
    /// Whether the wake comes from outside of the hub: then this wait is no deadlock.
    outside: bool,
}

#[derive(Clone, Copy, Debug)]
enum On {
    Nothing,
    Task(TaskId),
    Fd(i32),
}

impl Reason {
    /// A reason in words.
    pub const fn new(what: &'static str) -> Reason {
        Reason { what, on: On::Nothing, outside: false }
    }

    /// Names the task that is waited for.
    pub const fn on_task(self, id: TaskId) -> Reason {
        Reason { on: On::Task(id), ..self }
    }

    /// Names the descriptor that is waited for.
    pub const fn on_fd(self, fd: i32) -> Reason {
        Reason { on: On::Fd(fd), ..self }
    }

    /// Says that the wake will come from outside: another OS thread or a signal.
    ///
    /// Such a wait is never taken for a deadlock.
    pub const fn outside(self) -> Reason {
        Reason { outside: true, ..self }
    }

    /// Whether the wake comes from outside of the hub.
    pub(crate) fn is_outside(&self) -> bool {
        self.outside
    }

    /// The task that is waited for, if one is.
    pub(crate) fn task(&self) -> Option<TaskId> {
        match self.on {
            On::Task(id) => Some(id),
            _ => None,
        }
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.on {
            On::Nothing => f.write_str(self.what),
            On::Task(id) => write!(f, "{} {id}", self.what),
            On::Fd(fd) => write!(f, "{} fd {fd}", self.what),
        }
    }
}
